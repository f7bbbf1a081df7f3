"""Sensitivity: each number against a plain computation of its own, and what is lacking is said."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import recall_score, roc_auc_score

from rdfer.report.drawing import style
from rdfer.report.sensitivity import choices, sensitivity, sensitivity_table, value_name
from rdfer.settings.presets import PRESETS
from rdfer.settings.schema import flat
from rdfer.settings.variants import METHODS, variant_settings
from rdfer.studies import sensitivity as s
from rdfer.studies.design import other_values, runs_of
from tests.studies.test_bench import bench

PRESET = dataclasses.replace(PRESETS["laptop"], study_seeds=(0, 1, 2, 3))
SEEDS = PRESET.few_seeds


def arrays(here, study, variant, seed):
    return here.arrays(study, f"{variant}@symmetric-20", seed)


def find(rows, **wanted):
    (row,) = [row for row in rows if all(row[k] == v for k, v in wanted.items())]
    return row


def own_and_others(a, first=0):
    """Mean softmax of the given class, and the highest of the other classes, [V] each."""
    mean, given = a["sweep_clips"][first:].mean((0, 2)), a["train_given"]
    mask = np.eye(7, dtype=bool)[given]
    return mean[mask], np.where(mask, -1, mean).max(1)


@pytest.mark.parametrize("name", ["smoke", "laptop", "gpu"])
def test_a_run_differs_from_the_usual_one_in_a_single_setting(name):
    preset = PRESETS[name]
    usual = flat(variant_settings(METHODS["ours"], preset.settings))
    runs = runs_of("sensitivity", preset, preset.study_seeds[0])
    changes = []
    for variant in runs:
        own = flat(variant_settings(variant, preset.settings))
        changes.append([(k, v) for k, v in own.items() if usual[k] != v])
    expected = [[(k, v)] for k, vs in other_values(preset.settings).items() for v in vs]
    assert changes == expected
    assert len({variant.name for variant in runs}) == len(runs)


def test_only_the_first_seeds_are_trained():
    preset = PRESETS["laptop"]
    trained = [seed for seed in preset.study_seeds if runs_of("sensitivity", preset, seed)]
    assert tuple(trained) == preset.few_seeds


def test_uar_and_its_paired_difference_are_those_of_the_runs():
    here = bench()
    row = find(s.trained_rows(here, PRESET), setting="agreement.span", value=0.5)

    def uar(study, variant, seed):
        a = arrays(here, study, variant, seed)
        return recall_score(a["test_true"], a["test_probs"].argmax(1), average="macro")

    changed = [uar("sensitivity", "span-0.5", seed) for seed in SEEDS]
    usual = [uar("noise", "ours", seed) for seed in SEEDS]
    assert row["uar_by_seed"] == pytest.approx(changed)
    assert row["delta_by_seed"] == pytest.approx(np.subtract(changed, usual))
    assert row["n_seeds"] == len(SEEDS) and not row["usual"]


def test_sweeps_know_the_auroc_of_the_averaged_gap_and_how_far_clips_are_apart():
    here = bench()
    row = find(s.trained_rows(here, PRESET), setting="agreement.clips", value=8)
    aurocs, spreads = [], []
    for seed in SEEDS:
        a = arrays(here, "noise", "ours", seed)
        own, others = own_and_others(a)
        aurocs.append(roc_auc_score(a["train_given"] != a["train_true"], others - own))
        last = a["sweep_clips"][-1][:, :2]  # two, so that rows of other numbers compare
        mean = last.mean(1)
        # of many distributions: entropy of the mean less the mean entropy
        of_mean = -(mean * np.log(mean)).sum(-1)
        spread = of_mean + (last * np.log(last)).sum(-1).mean(1)
        spreads.append(spread.mean() / math.log(2))  # in bits
    assert row["auroc_by_seed"] == pytest.approx(aurocs)
    assert row["spread_by_seed"] == pytest.approx(spreads)
    assert row["usual"] and "delta_mean" not in row
    # that this is the divergence: for two distributions SciPy has it
    pair = last[0, :2]
    two = -(pair.mean(0) * np.log(pair.mean(0))).sum() + (pair * np.log(pair)).sum() / 2
    assert two == pytest.approx(jensenshannon(*pair) ** 2)


def test_a_threshold_of_the_gap_calls_noisy_what_lies_above_it():
    here = bench()
    rows = [row for row in s.threshold_rows(here, PRESET) if row["rule"] == "gap"]
    expected = {"noisy": [], "hard": [], "clean": []}
    for seed in SEEDS:
        a = arrays(here, "watch", "watched", seed)
        wrong, hard = a["train_given"] != a["train_true"], a["train_hard"]
        own, others = own_and_others(a)
        flagged = others - own >= 0.1
        for kind, of in (("noisy", wrong), ("hard", ~wrong & hard), ("clean", ~wrong & ~hard)):
            expected[kind].append(flagged[of].mean())
    row = find(rows, threshold=0.1)
    for kind, shares in expected.items():
        assert row[f"{kind}_by_seed"] == pytest.approx(shares)
        means = [row[f"{kind}_mean"] for row in rows]
        assert means == sorted(means, reverse=True), "a higher threshold never calls more"


def test_a_threshold_of_the_vote_needs_so_many_clips_for_another_class():
    here = bench()
    row = find(s.threshold_rows(here, PRESET), rule="vote", threshold=0.5)
    for seed, found in zip(SEEDS, row["noisy_by_seed"], strict=True):
        a = arrays(here, "watch", "watched", seed)
        wrong = a["train_given"] != a["train_true"]
        votes = np.stack([np.bincount(v, minlength=7) for v in a["sweep_clips"][-1].argmax(2)])
        level = (votes == votes.max(1, keepdims=True)).sum(1) > 1  # the majority is one of them
        many = votes.max(1) >= 4
        flagged = many & (votes.argmax(1) != a["train_given"])
        unsure = (many & level)[wrong].mean()
        assert abs(found - flagged[wrong].mean()) <= unsure + 1e-12
        assert unsure < 0.1  # so the line above says something


def test_the_first_row_of_the_warm_up_uses_every_sweep_and_the_last_row_one():
    here = bench()
    rows = s.warmup_rows(here, PRESET)
    assert [row["epoch"] for row in rows] == [6, 10]
    for first, row in enumerate(rows):
        expected = []
        for seed in SEEDS:
            a, twin = (arrays(here, "watch", name, seed) for name in ("watched", "twin"))
            given, wrong = a["train_given"], a["train_given"] != a["train_true"]
            loss = -np.log(twin["sweep_clips"][-1][np.arange(len(given)), 0, given])
            inside = (loss >= np.quantile(loss, 0.6)) & (wrong | a["train_hard"])
            own, others = own_and_others(a, first)
            expected.append(roc_auc_score(wrong[inside], (others - own)[inside]))
        assert row["auroc_by_seed"] == pytest.approx(expected)
        assert row["delta_by_seed"] == pytest.approx(
            np.subtract(expected, rows[0]["auroc_by_seed"])
        )


def test_a_belief_is_one_minus_the_probability_of_the_given_label():
    here = bench()
    rows = {row["belief"]: row for row in s.calibration_rows(here, PRESET)}
    assert tuple(rows) == s.BELIEFS
    briers, said, wrongs = [], [], []
    for seed in SEEDS:
        a = arrays(here, "watch", "watched", seed)
        given, wrong = a["train_given"], a["train_given"] != a["train_true"]
        belief = 1 - a["sweep_clips"][-1].mean(1)[np.arange(len(given)), given]
        briers.append(((belief - wrong) ** 2).mean())
        said.append(belief)
        wrongs.append(wrong)
    row = rows["clips"]
    assert row["brier_by_seed"] == pytest.approx(briers)
    order = np.argsort(np.concatenate(said))
    tenths = np.array_split(np.concatenate(wrongs)[order], s.BINS)
    # where a tenth ends between two videos either may count, so one or two may differ
    for share, tenth in zip(row["wrong"], tenths, strict=True):
        assert abs(share - tenth.mean()) <= 2.5 / len(tenth)
    assert row["predicted"] == sorted(row["predicted"])


def test_every_preset_can_be_read_out():
    """Sweeps of one clip have no differences between clips."""
    for name in ("smoke", "gpu"):
        preset = dataclasses.replace(PRESETS[name], study_seeds=(0, 1))
        rows = s.trained_rows(bench(), preset)
        assert [row["value"] for row in rows if row["setting"] == "agreement.clips"] == (
            [2, 4] if name == "smoke" else [2, 4, 8]
        )


def test_the_weighing_of_ours_is_bayes_rule_with_its_own_share():
    """By hand, for one video: the label keeps (1 - rho) q_y of the weight."""
    here = bench()
    row = find(s.calibration_rows(here, PRESET), belief="RDFER (ours)")
    briers = []
    for seed in SEEDS:
        a = arrays(here, "noise", "ours", seed)
        q, given = a["sweep_clips"].mean((0, 2)), a["train_given"]
        own = q[np.arange(len(given)), given]
        right, other = 0.9 * own, 0.1 / 6 * (1 - own)
        said = other / (right + other)
        briers.append(((said - (given != a["train_true"])) ** 2).mean())
    assert row["brier_by_seed"] == pytest.approx(briers, abs=1e-6)


def test_what_is_lacking_is_said_and_not_averaged_over():
    missing = {("sensitivity/span-0.5@symmetric-20", 1), ("watch/watched@symmetric-20", 1)}
    found = s.sensitivity(bench(missing=missing), PRESET)
    row = find(found["rows"], setting="agreement.span", value=0.5)
    told = ["sensitivity/span-0.5@symmetric-20/seed1 stale"]
    assert row["uar_mean"] is None and row["lacking"] == told
    assert find(found["rows"], setting="agreement.span", value=0.25)["uar_mean"] is not None
    assert {row["noisy_mean"] for row in found["thresholds"]} == {None}
    assert {row["auroc_mean"] for row in found["warmup"]} == {None}
    assert {row["delta_mean"] for row in found["warmup"]} == {None}
    lacking = {row["belief"] for row in found["calibration"] if row["brier_mean"] is None}
    assert lacking == {"one clip", "clips", "clips and sweeps"}
    assert s.warmup_rows(bench(missing={("watch/watched@symmetric-20", 0)}), PRESET) == []


MISSING = {("watch/watched@symmetric-20", 1), ("sensitivity/wrong-0.2@symmetric-20", 0)}


@pytest.mark.parametrize("missing", [set(), MISSING], ids=["whole", "lacking"])
def test_figures_and_table_show_every_value_and_what_is_missing(missing):
    results = {"sensitivity": s.sensitivity(bench(missing=missing), PRESET)}
    rows = results["sensitivity"]["rows"]
    with style():
        figure, said = sensitivity(results)
        other, told = choices(results)
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == [value_name(row) for row in rows]
    assert sum("(usual)" in label for label in labels) == 5
    assert said.count("missing") == bool(missing)
    assert all(axis.get_xlabel() for axis in (*figure.axes, *other.axes))
    assert ("missing" in told) == bool(missing)
    table = sensitivity_table(results).splitlines()
    assert len(table) == 2 + len(rows)
    difference = table[2 + labels.index("part that a clip covers 1 (usual)")].split("|")[3]
    assert difference.strip() == "–"
    assert ("missing" in "".join(table)) == bool(missing)
