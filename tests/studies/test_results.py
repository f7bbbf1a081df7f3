import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rdfer.report.detection import agreement_by_sweep, agreement_histogram
from rdfer.report.parts import dynamics
from rdfer.report.scores import confusion, main_comparison
from rdfer.settings.schema import Settings
from rdfer.settings.variants import METHODS
from rdfer.studies import results
from rdfer.studies.suspicion import SCORE_NAMES, SELECTIONS, scoring_masks, suspicion_scores


class FakeRun:
    """A recorded run: metrics and arrays, without the files."""

    def __init__(self, *, seed=0, uar=0.5, **more):
        self.settings, self.seed = Settings(), seed
        rng = np.random.default_rng(seed)
        self._metrics = {
            "uar": uar,
            "war": uar + 0.1,
            "passes": 100,
            "recall": {c: uar for c in results.CLASSES},
            "confusion": np.eye(7, dtype=int).tolist(),
            "key": [{"stratum": "short", "videos": 3, "hit_rate": uar, "chance": 0.1, "tiou": 0.2}],
            "history": {
                "train_loss": [1.0, 0.5],
                "val_uar": [0.2, uar],
                "memorised": [0.1],
                "sweep_epochs": [2],
            },
            **more,
        }
        true = rng.integers(0, 7, 60)
        given = np.where(np.arange(60) < 20, (true + 1) % 7, true)
        means = rng.dirichlet(np.ones(7), (2, 60)) * 0.3
        means[:, np.arange(60), true] += 0.7
        self._arrays = {
            "train_true": true,
            "train_given": given,
            "train_hard": np.arange(60) % 2 == 0,
            "train_ambiguous": np.arange(60) == 59,
            "sweep_epochs": np.array([1, 2]),
            "sweep_clips": means[:, :, None].repeat(3, 2),
        }

    def metrics(self):
        return self._metrics

    def arrays(self):
        return self._arrays


def test_main_comparison_pairs_the_seeds():
    runs = {
        name: [FakeRun(seed=s, uar=base + 0.1 * s) for s in range(3)]
        for name, base in {
            "plain": 0.3,
            "plain-matched": 0.3,
            "elr": 0.32,
            "elr-matched": 0.32,
            "vote": 0.35,
            "ours": 0.4,
            "clean": 0.5,
        }.items()
    }
    main = results.main_comparison(runs)
    row = next(r for r in main["rows"] if r["method"] == "ours")
    assert row["uar_mean"] == pytest.approx(0.5) and row["n_seeds"] == 3
    gain = next(
        d for d in main["differences"] if (d["a"], d["b"], d["metric"]) == ("ours", "plain", "uar")
    )
    # the seeds differ by 0.1 each, the methods by 0.1 in each of them: no width is left
    assert gain["mean"] == pytest.approx(0.1)
    assert gain["high"] - gain["low"] == pytest.approx(0.0, abs=1e-9)
    assert np.array(main["confusion"]["ours"]).sum() == 21
    assert main["per_class"]["plain"]["Fear"] == pytest.approx(0.4)


def test_ablation_differs_from_the_whole_method_seed_by_seed():
    runs = {
        "ours": [FakeRun(seed=s, uar=0.5 + 0.1 * s) for s in range(2)],
        "no-resampling": [FakeRun(seed=s, uar=0.4 + 0.1 * s) for s in range(2)],
    }
    whole, without = results.ablation(runs)["rows"]
    assert "delta_mean" not in whole
    assert without["delta_mean"] == pytest.approx(-0.1)


def test_agreement_leaves_the_ambiguous_out_and_matches_an_independent_auroc():
    runs = [FakeRun(seed=s) for s in range(2)]
    found = results.agreement_results(runs)
    assert found["counts"] == {"clean": 19, "hard": 20, "noisy": 20}
    row = next(r for r in found["scores"] if (r["score"], r["over"]) == ("loss-averaged", "all"))
    expected = []
    for run in runs:
        a = run.arrays()
        own = a["sweep_clips"].mean((0, 2))[np.arange(60), a["train_given"]]
        expected.append(roc_auc_score((a["train_given"] != a["train_true"])[:59], -own[:59]))
    assert row["auroc_mean"] == pytest.approx(np.mean(expected))
    assert sum(found["histogram"]["vote"]["noisy"]) == 40
    assert [r["epoch"] for r in found["by_sweep"]] == [1, 2]


def test_every_score_has_its_name():
    assert set(suspicion_scores(FakeRun().arrays())) == set(SCORE_NAMES)


def test_the_high_loss_mask_holds_noisy_and_hard_videos_alone():
    arrays = FakeRun().arrays()
    mask = scoring_masks(arrays)["high-loss"]
    noisy = arrays["train_given"] != arrays["train_true"]
    assert mask.any() and (noisy | arrays["train_hard"])[mask].all()
    assert not mask[arrays["train_ambiguous"]].any()


def chosen_by_an_odd_clip(clips=4):
    """Easy to rank by every clip but the second, which says the contrary.

    Noisy videos (the first 20 of 60) give their label less than hard ones do, each a little less
    than the one before; what the second clip gives falls into two groups, whatever the label.
    """
    place = np.arange(60)
    wrong = place < 20
    own = np.where(wrong, 0.5 - 1e-4 * place, 0.51 + 1e-4 * place)[:, None].repeat(clips, 1)
    own[:, 1] = np.where(wrong, 0.3, 0.1) - 0.001 * (place % 20)
    own[30:50, 1] = 0.9
    probs = np.stack([own, 1 - own], -1)[None]
    return {
        "train_given": np.zeros(60, int),
        "train_true": wrong.astype(int),
        "train_hard": ~wrong,
        "train_ambiguous": np.zeros(60, bool),
        "sweep_epochs": np.array([1]),
        "sweep_clips": probs,
    }


class Constructed(FakeRun):
    def __init__(self, arrays):
        super().__init__()
        self._arrays = arrays


def aurocs(arrays):
    rows = results.agreement_results([Constructed(arrays)] * 2)["scores"]
    return {(row["score"], row["over"]): row["auroc_mean"] for row in rows}


def test_leaving_out_the_clip_that_chooses_changes_the_scores_that_use_it():
    found = aurocs(chosen_by_an_odd_clip())
    for score in ("gap", "gap-averaged", "loss", "loss-averaged"):
        assert found[score, "high-loss-apart"] == 1
        assert found[score, "high-loss"] == 0
    # it takes the first clip, so nothing is left out of it
    assert found["loss-one-clip", "high-loss"] == found["loss-one-clip", "high-loss-apart"] == 1


def test_a_score_that_uses_the_clip_that_chooses_may_be_favoured():
    arrays = chosen_by_an_odd_clip()
    # now the second clip alone knows, and the others say the contrary by little
    own = arrays["sweep_clips"][..., 0]
    wrong = arrays["train_true"] == 1
    own[0, :, 0] = own[0, :, 2] = own[0, :, 3] = np.where(wrong, 0.52, 0.5)
    own[0, :, 1] = np.where(wrong, 0.1, 0.3)
    own[0, 30:50, 1] = 0.9
    arrays["sweep_clips"][..., 1] = 1 - own
    found = aurocs(arrays)
    assert found["loss", "high-loss"] == 1 and found["loss", "high-loss-apart"] == 0


def test_both_selections_hold_the_same_videos_and_the_second_clip_has_no_say_in_one():
    arrays = chosen_by_an_odd_clip()
    masks = scoring_masks(arrays)
    assert set(masks) == set(SELECTIONS)
    np.testing.assert_array_equal(masks["high-loss"], masks["high-loss-apart"])
    other = {**arrays, "sweep_clips": arrays["sweep_clips"].copy()}
    other["sweep_clips"][:, :, 1] = 0.5
    for over, same in (("high-loss-apart", True), ("high-loss", False)):
        one, two = (suspicion_scores(a, over)["loss-averaged"] for a in (arrays, other))
        assert np.array_equal(one, two) == same


def test_two_clips_leave_no_vote_once_one_is_left_out():
    found = aurocs(chosen_by_an_odd_clip(clips=2))
    assert {over for _, over in found} == {"all", "high-loss"}


def test_a_notebook_has_in_hand_what_a_reader_of_the_file_has():
    runs = {name: [FakeRun(seed=s) for s in range(2)] for name in METHODS}
    for found in (
        results.main_comparison(runs),
        results.agreement_results(runs["plain"]),
        results.key_expression(runs["ours"]),
        results.dynamics(runs),
    ):
        assert json.loads(json.dumps(found)) == found


def test_the_figures_take_results_that_no_file_has_seen():
    runs = {name: [FakeRun(seed=s) for s in range(2)] for name in METHODS}
    found = {
        "main": results.main_comparison(runs),
        "agreement": results.agreement_results(runs["plain"]),
        "dynamics": results.dynamics(runs),
    }
    for draw in (agreement_histogram, agreement_by_sweep, dynamics, main_comparison, confusion):
        assert draw(found)[1]


def test_key_expression_and_dynamics_are_means_over_seeds():
    runs = [FakeRun(seed=0, uar=0.2), FakeRun(seed=1, uar=0.4)]
    assert results.key_expression(runs)["rows"][0]["hit_rate"] == pytest.approx(0.3)
    curves = results.dynamics({"ours": runs})["ours"]
    assert curves["epoch"] == [1, 2]
    np.testing.assert_allclose(curves["val_uar"], [0.2, 0.3])
