"""The steps of an experiment: parameters, runs that are fresh or not, and their gathering."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, sha256_file
from rdfer.data.manifest import CLASSES, Manifest, Video
from rdfer.pipeline import preparation, runs, steps
from rdfer.settings.variants import ABLATIONS, METHODS, variant_settings
from rdfer.training.experiment import Result
from tests.small import RandomInputs

PARTS = {"train": 42, "val": 14, "test": 21}
TINY = {
    "data.train": 42,
    "data.per_seed": 35,
    "data.frames": 32,
    "network.hidden": 8,
    "network.heads": 2,
    "training.epochs": 1,
}


@pytest.fixture
def context(project):
    return steps.begin("smoke", TINY)


@pytest.fixture
def store(monkeypatch):
    """A prepared run without files; its data key can be changed."""
    splits = [name for name, n in PARTS.items() for _ in range(n)]
    names = [CLASSES[k % 7] for k in range(len(splits))]
    manifest = Manifest(
        tuple(
            Video(str(k), "", name, name, split)
            for k, (name, split) in enumerate(zip(names, splits, strict=True))
        )
    )
    inputs, key = RandomInputs(manifest.labels()), ["data"]
    monkeypatch.setattr(steps, "ensure", lambda context: None)
    monkeypatch.setattr(steps, "load", lambda context: (manifest, inputs, key[0]))
    return key


@pytest.fixture
def ran(store, monkeypatch):
    """Runs are not trained but counted: the settings of each that ran."""
    seen = []

    def run(manifest, inputs, settings, *, seed, checkpoint, **more):
        seen.append((settings, seed))
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.write_bytes(b"half way")
        uar = 0.1 * len(seen)
        return Result({"uar": uar, "war": uar, "epoch": 1}, {"probs": np.eye(2)})

    monkeypatch.setattr(steps, "run_experiment", run)
    return seen


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"preset": "smok"}, "preset = 'smok': unknown; did you mean 'smoke'"),
        ({"preset": 3}, "preset = 3: must be of type str"),
        ({"overrides": {"noise.rat": 0.1}}, "'noise.rat': unknown; did you mean 'noise.rate'"),
        ({"overrides": {"noise.rate": "0.1"}}, "noise.rate = '0.1': must be of type float"),
        ({"overrides": {"noise.rate": 1.5}}, r"must lie in \[0, 1\)"),
        ({"seed": "0"}, "seed = '0': must be of type int, not str"),
        ({"seed": True}, "seed = True: must be of type int"),
        ({"seed": 0, "methods": 1}, "methods = 1: must be of type str"),
    ],
)
def test_wrong_parameters_are_refused(project, call, told):
    with pytest.raises(UserError, match=told):
        steps.begin(**({"preset": "smoke"} | call))
    assert not (project / "runs").exists()


def test_a_context_lays_the_overrides_over_the_preset(project, context):
    assert context.settings.training.epochs == 1
    assert context.preset.settings.training.epochs != 1
    assert context.folder == runs.preset_dir("smoke", TINY) != runs.preset_dir("smoke")
    assert context.folder.parent == project / "runs"
    assert steps.begin("smoke").folder == project / "runs" / "smoke"


def test_only_another_encoder_has_weights_of_its_own(project):
    assert steps.begin("laptop").encoder_weights is None
    gpu = steps.begin("gpu")
    assert gpu.encoder_weights == gpu.folder / "encoder.safetensors"
    assert steps.begin("gpu", {"network.pretrained": "none"}).encoder_weights is None


def test_fresh_runs_are_skipped_and_stale_ones_run_again(context, store, ran):
    variants = [METHODS["plain"], METHODS["ours"]]
    first = steps.train_runs(context, "train", variants, seed=3)
    assert first["how"].tolist() == ["trained", "trained"] and first["variant"].tolist() == [
        "plain",
        "ours",
    ]
    assert [seed for _, seed in ran] == [3, 3]
    assert [settings for settings, _ in ran] == [
        variant_settings(v, context.settings) for v in variants
    ]
    again = steps.train_runs(context, "train", variants, seed=3)
    assert again["how"].tolist() == ["skipped: fresh"] * 2 and len(ran) == 2
    assert again["UAR"].tolist() == first["UAR"].tolist()
    assert not list(context.folder.rglob("checkpoint*"))
    store[0] = "other data"
    assert steps.train_runs(context, "train", variants, seed=3)["how"].tolist() == [
        "trained",
        "trained",
    ]


def test_a_run_that_another_job_makes_anew_is_not_copied(context, ran, monkeypatch):
    vanished = context.folder / "trained" / "ablate" / "drop" / "seed0" / "metrics.json"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "glob", lambda self, pattern: [vanished])
        table = steps.train_runs(context, "train", [METHODS["ours"]], seed=0)
    assert table["how"].tolist() == ["trained"] and len(ran) == 1


def test_an_equal_run_is_copied_and_nothing_else_is(context, ran):
    steps.train_runs(context, "train", [METHODS["ours"]], seed=0)
    variants = [ABLATIONS["ours"], ABLATIONS["no-resampling"]]
    table = steps.train_runs(context, "ablate", variants, seed=0)
    assert table["how"].tolist() == ["copied", "trained"]
    assert len(ran) == 2
    a, b = (
        steps.run_of(context, experiment, METHODS["ours"], seed=0, data="data")
        for experiment in ("train", "ablate")
    )
    assert a.path != b.path and b.metrics() == a.metrics()
    np.testing.assert_array_equal(b.arrays()["probs"], np.eye(2))
    # another seed is another run
    assert steps.train_runs(context, "ablate", variants[:1], seed=1)["how"].tolist() == ["trained"]


def test_gather_wants_every_run_fresh(context, store, ran):
    variants = [METHODS["plain"], METHODS["ours"]]
    for seed in (0, 1):
        steps.train_runs(context, "train", variants, seed=seed)
    runs = steps.gather(context, "train", variants, (0, 1))
    assert list(runs) == ["plain", "ours"]
    np.testing.assert_allclose(steps.metric(runs["plain"], "uar"), [0.1, 0.3])
    with pytest.raises(UserError, match=r"train: 2 of 6 .*plain/seed2 missing"):
        steps.gather(context, "train", variants, (0, 1, 2))
    shutil.rmtree(runs["ours"][1].path)
    with pytest.raises(
        UserError, match="train: 1 of 4 runs are not fresh: train/ours/seed1"
    ) as told:
        steps.gather(context, "train", variants, (0, 1))
    changes = json.dumps(dict(context.overrides))
    command = f"rdfer notebook train -p preset smoke -p overrides '{changes}' -p seed 1"
    assert str(told.value).endswith(f"; train them with `{command}`")
    store[0] = "other data"
    with pytest.raises(UserError, match=r"plain/seed0 stale"):
        steps.gather(context, "train", variants[:1], (0, 1))


def test_what_is_not_prepared_is_prepared_before_training_and_not_for_nothing(
    context, monkeypatch, capsys
):
    made = []
    monkeypatch.setattr(preparation, "prepare", lambda context: made.append(context.folder))
    with pytest.raises(UserError, match=r"then with seed 1$"):
        steps.gather(context, "train", [METHODS["plain"]], (0, 1))
    assert made == []
    with pytest.raises(UserError, match=r"manifest\.json: no such file"):
        steps.train_runs(context, "train", [METHODS["plain"]], seed=0)
    assert made == [context.folder]
    assert "frames and features are not there yet; they are made now" in capsys.readouterr().err


def test_one_run_is_really_trained(context, store):
    table = steps.train_runs(context, "train", [METHODS["plain"]], seed=0)
    run = steps.gather(context, "train", [METHODS["plain"]], [0])["plain"][0]
    assert table["UAR"].tolist() == [run.metrics()["uar"]]
    assert 0 <= run.metrics()["uar"] <= 1
    assert np.sum(run.metrics()["confusion"]) == PARTS["test"]
    assert run.arrays()["train_given"].shape == (35,)


def test_weights_that_the_run_made_are_part_of_its_keys(project):
    context = steps.begin("gpu")
    with pytest.raises(UserError, match="no encoder weights there"):
        preparation._own_weights(context)
    context.encoder_weights.parent.mkdir(parents=True)
    context.encoder_weights.write_bytes(b"weights")
    assert preparation._own_weights(context) == {"weights": sha256_file(context.encoder_weights)}
    assert preparation._own_weights(steps.begin("laptop")) == {}


@pytest.mark.parametrize(("pretrained", "task"), [("faces", "blendshapes"), ("classes", "classes")])
@pytest.mark.parametrize(("frozen", "size", "rendered"), [(True, 48, 54), (False, 42, 47)])
def test_an_encoder_is_pretrained_at_the_size_at_which_it_will_see(
    project, monkeypatch, frozen, size, rendered, pretrained, task
):
    made = []
    monkeypatch.setattr(preparation.FrameBank, "build", lambda *a, **k: None)
    monkeypatch.setattr(preparation, "build_features", lambda *a: None)
    monkeypatch.setattr(preparation, "build_manifest", lambda *a, **k: Manifest(()))
    monkeypatch.setattr(preparation, "pool_samples", lambda *a, **k: ())
    monkeypatch.setattr(preparation, "is_made", lambda out, settings: bool(made))
    monkeypatch.setattr(
        preparation, "pretrain", lambda out, settings, workers: made.append(settings)
    )
    changes = {
        "network.encoder": "resnet18",
        "network.pretrained": pretrained,
        "network.frozen": frozen,
        "data.size": 48,
    }
    context = steps.begin("smoke", changes)
    for _ in range(2):
        steps.prepare(context, workers=1)
    (settings,) = made
    assert (settings.encoder, settings.size, settings.render_size) == ("resnet18", size, rendered)
    assert settings.task == task
    assert read_json(context.folder / "settings.json")["network"]["frozen"] is frozen


def test_a_result_is_written_as_plain_numbers(context):
    steps.write_result(context, "main", {"uar": np.float64(0.5), "rows": np.arange(2)})
    path = context.folder / "results" / "main.json"
    assert read_json(path) == {"uar": 0.5, "rows": [0, 1]}
