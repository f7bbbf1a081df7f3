"""What is decoded before a run, where the run looks for it, is not decoded by the run again."""

import dataclasses

import numpy as np
import pytest

import rdfer.data.bank
import rdfer.data.ingest
from rdfer.base.errors import UserError
from rdfer.commands.cli import build_parser, main
from rdfer.data.video import Decoded
from rdfer.datasets import DATASETS
from rdfer.datasets.tree import Tree
from rdfer.pipeline import preparation
from rdfer.pipeline.context import begin
from rdfer.settings.presets import PRESETS, REAL
from rdfer.settings.schema import override
from tests.datasets import trees

SIZE, FRAMES = 32, 16
CLIPS = [
    f"{actor}_IEO_{code}_HI"
    for actor in range(1001, 1016)
    for code in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
]


@pytest.fixture
def decoded(monkeypatch):
    """Paths that were decoded, in this process; the clips are files of a few bytes."""
    seen = []

    def fake(path, indices, *, size, skip_frames):
        seen.append(path)
        if "1003_IEO_SAD" in str(path):
            raise UserError(f"{path}: cannot be decoded")
        return Decoded(np.zeros((len(indices(20)), size, size, 3), np.uint8), 20)

    monkeypatch.setattr(rdfer.data.bank, "decode", fake)
    return seen


@pytest.fixture
def cremad(project, monkeypatch, tmp_path):
    """CREMA-D with fifteen actors, which counts as whole, and its preset with small frames."""
    small = dataclasses.replace(DATASETS["cremad"], known=(), groups=0)
    monkeypatch.setitem(DATASETS, "cremad", small)
    preset = PRESETS["cremad"]
    changed = override(preset.settings, {"data.size": SIZE, "data.frames": FRAMES})
    monkeypatch.setitem(PRESETS, "cremad", dataclasses.replace(preset, settings=changed))
    # what comes after the frames is none of this matter
    monkeypatch.setattr(preparation, "build_features", lambda context, bank: None)
    return trees.write_cremad(tmp_path / "CREMA-D", CLIPS)


def ingest(root, *more):
    return main(["ingest", "cremad", str(root), *more, "--workers", "0"])


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_run_finds_what_was_ingested_for_its_preset(cremad, decoded, by_hand):
    bank = begin("cremad").bank
    place = ["--out", str(bank), "--size", str(SIZE), "--frames", str(FRAMES)]
    assert ingest(cremad, *(place if by_hand else ["--preset", "cremad"])) == 0
    assert len(decoded) == len(CLIPS)
    frames = (bank / "frames.npy").stat()
    decoded.clear()
    context = begin("cremad", data=str(cremad))
    preparation.prepare(context, workers=0)
    # not even the clip that could not be read, which stays listed
    assert decoded == []
    after = (bank / "frames.npy").stat()
    assert (after.st_ino, after.st_mtime_ns) == (frames.st_ino, frames.st_mtime_ns)
    assert "1003_IEO_SAD_HI" in (bank / "unreadable.csv").read_text()
    assert all(context.of_fold(k).manifest_file.exists() for k in range(1, 6))


def test_other_frames_are_refused_and_not_replaced(cremad, decoded, capsys):
    bank = begin("cremad").bank
    assert ingest(cremad, "--out", str(bank), "--size", "9", "--frames", "4") == 0
    with pytest.raises(UserError, match="bank: holds a bank of other videos or"):
        preparation.prepare(begin("cremad", data=str(cremad)), workers=0)
    assert len(decoded) == len(CLIPS)


@pytest.mark.parametrize("preset", REAL, ids=lambda preset: preset.name)
def test_every_real_preset_has_its_place_and_size(project, monkeypatch, preset):
    data = preset.settings.data
    asked = {}

    def note(manifest, out, **more):
        asked.update(more, out=out)
        raise KeyboardInterrupt

    monkeypatch.setattr(rdfer.data.ingest, "ingest", note)
    tree = Tree((), ("a", "b"), "", "")
    monkeypatch.setattr("rdfer.datasets.scan", lambda *a, **more: tree)
    with pytest.raises(KeyboardInterrupt):
        arguments = build_parser().parse_args(
            ["ingest", data.source, "/data", "--preset", preset.name, "--timeout", "300"]
        )
        arguments.run(arguments)
    assert asked["out"] == project / "runs" / preset.name / "bank"
    assert (asked["size"], asked["frames"], asked["timeout"]) == (data.size, data.frames, 300)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--preset", "dfew"], "--preset dfew: its videos are dfew, not cremad; take a preset"),
        (["--preset", "smoke"], "--preset smoke: its videos are faces, not cremad; take a preset"),
        (["--preset", "cremad", "--size", "9"], "--size 9: is the preset's with --preset; leave"),
        (["--preset", "cremad", "--frames", "9"], "--frames 9: is the preset's with --preset"),
        (["--preset", "cremd"], "preset = 'cremd': unknown; did you mean 'cremad'?"),
        (["--preset", "cremad", "--out", "x"], "not allowed with argument"),
        ([], "one of the arguments --out --preset is required"),
    ],
)
def test_what_does_not_go_together_is_one_line(cremad, decoded, capsys, more, told):
    try:
        status = ingest(cremad, *more)
    except SystemExit as stop:
        status = stop.code
    lines = capsys.readouterr().err.splitlines()
    assert status == 2 and len(lines) == 1 and told in lines[0]
    assert decoded == []
