import numpy as np
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from rdfer.base.errors import UserError
from rdfer.faces.truth import build_manifest, pool_samples
from rdfer.metrics.detection import MEASURES, found_on, rank_auroc
from rdfer.studies.bench import Bench, stratum
from rdfer.studies.claims import Claim, Comparison, Reading
from rdfer.studies.judging import evidence
from rdfer.studies.suspicion import high_loss

SEEDS = (0, 1, 2)
MANIFEST = build_manifest(pool_samples("development", 70, 14, 140, frames=16, seed=3), seed=3)
TRAIN = np.array([k for k, c in enumerate(MANIFEST.videos) if c.split == "train"])
TEST = np.array([k for k, c in enumerate(MANIFEST.videos) if c.split == "test"])
LABELS = MANIFEST.labels()


class Recorded:
    """A run with arrays of its own, drawn by its name."""

    def __init__(self, name, seed, state="fresh"):
        self.rng = np.random.default_rng([len(name), seed])
        self._state = state

    def state(self):
        return self._state

    def arrays(self):
        rng, n, v = self.rng, len(TEST), len(TRAIN)
        given = LABELS[TRAIN].copy()
        given[: v // 5] = (given[: v // 5] + 1) % 7
        probs = {
            name: rng.dirichlet(np.ones(7), n)
            for name in ("test_probs", "probe_frames", "probe_clips", "probe_frozen")
        }
        views = {
            f"sweep_{name}": rng.dirichlet(np.ones(7), (2, v, 8))
            for name in ("clips", "augmented", "dropout")
        }
        return {
            "test_videos": TEST,
            "test_true": LABELS[TEST],
            "test_detail": np.sort(rng.integers(0, 16, (n, 4, 4)), 2),
            "train_videos": TRAIN,
            "train_true": LABELS[TRAIN],
            "train_given": given,
            "train_hard": np.array([MANIFEST.videos[k].hard for k in TRAIN]),
            "train_ambiguous": np.zeros(v, bool),
            "sweep_epochs": np.array([6, 10]),
            "sweep_logits": rng.normal(size=(3, v, 7)),
            "out_of_fold": rng.dirichlet(np.ones(7), (v, 4)),
            **probs,
            **views,
        }


def bench(missing=()):
    def find(study, variant, seed):
        name = f"{study}/{variant}"
        return Recorded(name, seed, "stale" if (name, seed) in missing else "fresh")

    return Bench(MANIFEST, find)


def reading(what="RDFER (ours)", over="test", rate=0.2, **setting):
    return Reading(what=what, kind="symmetric", rate=rate, over=over, **setting)


def claim(a, b, metric="uar", beyond=None):
    return Claim(
        id="C9a", family="C9", about="both", statement="It is better.", metric=metric,
        headline=False, at_least=False, comparisons=(Comparison(a=a, b=b, beyond=beyond),),
        prediction="open", reason="None.",
    )  # fmt: skip


def test_uar_is_that_of_the_named_method_and_its_difference_is_taken_seed_by_seed():
    ours, plain = reading(), reading("plain")
    found = evidence(claim(ours, plain), {"usual": bench()}, SEEDS, draws=50)
    expected = []
    for seed in SEEDS:
        uars = []
        for name in ("noise/ours@symmetric-20", "noise/plain@symmetric-20"):
            predicted = Recorded(name, seed).arrays()["test_probs"].argmax(1)
            uars.append(recall_score(LABELS[TEST], predicted, average="macro"))
        expected.append(uars[0] - uars[1])
    np.testing.assert_allclose(found.evidence[0].differences, expected)
    assert found.runs[0] == "noise/ours@symmetric-20/seed0" and len(found.runs) == 6
    replicates = found.evidence[0].replicates
    assert len(replicates) == 50 and replicates.std() > 0


def test_a_stale_run_makes_the_claim_missing_and_is_named():
    stale = bench(missing={("noise/plain@symmetric-20", 1)})
    found = evidence(claim(reading(), reading("plain")), {"usual": stale}, SEEDS, draws=10)
    assert not found.evidence
    assert list(found.lacking) == ["noise/plain@symmetric-20/seed1 stale"]


def test_a_world_that_was_not_run_is_named():
    elsewhere = reading(encoder="no blendshapes")
    assert elsewhere.world == "no blendshapes" and reading().world == "usual"
    found = evidence(claim(elsewhere, reading("plain")), {"usual": bench()}, SEEDS, draws=10)
    assert list(found.lacking) == ["no blendshapes: not run"]


def test_a_score_is_judged_on_high_losses_of_the_twin():
    where = {"over": "high-loss", "passes": "clips", "epochs": "mean"}
    got = bench().measure(reading("gap", **where), "auroc", 0)
    arrays = Recorded("watch/watched@symmetric-20", 0).arrays()
    twin = Recorded("watch/twin@symmetric-20", 0).arrays()
    noisy = arrays["train_given"] != arrays["train_true"]
    own = twin["sweep_clips"][-1][np.arange(len(TRAIN)), 0, twin["train_given"]]
    inside = (-np.log(own) >= np.quantile(-np.log(own), 0.6)) & (noisy | arrays["train_hard"])
    p = arrays["sweep_clips"].mean((0, 2))
    given = arrays["train_given"]
    gap = np.where(np.eye(7, dtype=bool)[given], -1, p).max(1) - p[np.arange(len(TRAIN)), given]
    assert got.value == pytest.approx(roc_auc_score(noisy[inside], gap[inside]))
    assert high_loss(twin).sum() == pytest.approx(0.4 * len(TRAIN), abs=1)


def test_an_interaction_subtracts_the_difference_elsewhere():
    a, b = reading(detail="resampled", over="short key"), reading(detail="even", over="short key")
    c, d = (r.model_copy(update={"over": "long key"}) for r in (a, b))
    found = evidence(claim(a, b, beyond=(c, d)), {"usual": bench()}, SEEDS, draws=10)
    where = bench()
    values = [where.measure(r, "uar", 2).value for r in (a, b, c, d)]
    assert found.evidence[0].differences[2] == pytest.approx(
        values[0] - values[1] - values[2] + values[3]
    )


@pytest.mark.parametrize("metric", ["hit rate", "temporal IoU"])
def test_places_of_detail_clips_are_judged_where_there_is_a_key_segment(metric):
    got = bench().measure(reading(detail="random"), metric, 0)
    shown = sum(MANIFEST.videos[k].truth.key is not None for k in TEST)
    assert len(got.groups) == shown and 0 <= got.value <= 1


def test_strata_divide_the_shown_videos():
    thirds = [stratum(f"{name} key", MANIFEST, TEST) for name in ("short", "middle", "long")]
    shown = np.array([MANIFEST.videos[k].truth.key is not None for k in TEST])
    np.testing.assert_array_equal(sum(t.astype(int) for t in thirds), shown.astype(int))
    assert max(t.sum() for t in thirds) - min(t.sum() for t in thirds) <= 1
    strong, none = (stratum(f"{n} distractor", MANIFEST, TEST) for n in ("strong", "no"))
    assert strong.any() and none.any() and not (strong & none).any()
    with pytest.raises(UserError, match="no such stratum"):
        stratum("weak distractor", MANIFEST, TEST)


def test_fast_auroc_is_the_usual_one_with_ties():
    rng = np.random.default_rng(0)
    for _ in range(20):
        noisy = rng.permutation(np.arange(30) < 9)
        score = rng.integers(0, 6, 30).astype(float)
        assert rank_auroc(noisy, score) == pytest.approx(roc_auc_score(noisy, score))
    rows, inside = np.arange(30), np.ones(30, bool)
    for measure in MEASURES.values():
        assert found_on(measure, noisy, noisy.astype(float), inside, rows) == pytest.approx(1)
        with pytest.raises(UserError, match="both noisy and other"):
            found_on(measure, noisy, score, inside, rows[noisy])
