"""The verdict rule: against hand-computed cases, SciPy, and what must not change a verdict."""

import doctest

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from rdfer.base.errors import UserError
from rdfer.metrics import verdict
from rdfer.metrics.verdict import Evidence, Trial, decide, holm_shares, judge

NUMBERS = st.floats(-0.1, 0.1).map(lambda x: round(x, 4))
SEEDS = st.lists(NUMBERS, min_size=5, max_size=5)


def trial(*differences, margin=0.01, replicates=None):
    found = [Evidence(differences=d, replicates=replicates) for d in differences]
    return Trial(margin=margin, comparisons=found)


def one(*differences, **kwargs):
    return judge({"C": trial(*differences, **kwargs)})["C"]


def test_examples_in_the_docstrings():
    assert doctest.testmod(verdict).failed == 0


def test_holm_by_hand():
    # Holm's steps at 5 %, m = 4: 0.01 < 0.0125, 0.015 < 0.0167, then 0.03 > 0.025 stops
    found = holm_shares([0.03, 0.01, 0.04, 0.015])
    assert found == pytest.approx([0.05 / 2, 0.05 / 4, 0.05 / 2, 0.05 / 3])
    assert holm_shares([0.9]) == pytest.approx([0.05])
    assert holm_shares([1, 1, 1]) == pytest.approx([0.05 / 3] * 3)
    assert holm_shares([0, 0]) == pytest.approx([0.05 / 2] * 2)  # equal p, equal share


def holm_by_adjusted_p(p):
    """Another way to the same decisions: adjusted p values, largest so far of (m - k + 1) p."""
    order = np.argsort(p, kind="stable")
    steps = (len(p) - np.arange(len(p))) * np.asarray(p)[order]
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return adjusted < 0.05


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms())
def test_shares_reject_what_holm_rejects_in_any_order(p, random):
    assume(all(abs(x * k - 0.05) > 1e-9 for x in p for k in range(1, 13)))
    shares = holm_shares(p)
    assert ((np.array(p) < shares) == holm_by_adjusted_p(p)).all()
    assert (shares >= 0.05 / len(p) - 1e-15).all() and (shares <= 0.05 + 1e-15).all()
    order = list(range(len(p)))
    random.shuffle(order)
    assert holm_shares([p[k] for k in order]) == pytest.approx(shares[order])


def test_a_family_against_scipy():
    rng = np.random.default_rng(3)
    a = {
        f"C1{x}": rng.normal(mean, 0.01, 10)
        for x, mean in zip("abcd", (0.06, 0.02, 0.01, 0), strict=True)
    }
    b = rng.normal(0, 0.01, 10)
    tests = {k: stats.ttest_rel(x, b + 0.01) for k, x in a.items()}
    found = judge({k: trial(x - b) for k, x in a.items()})
    p = [test.pvalue for test in tests.values()]
    rejected = holm_by_adjusted_p(p)
    assert any(rejected) and not all(rejected)
    for (name, test), wrong in zip(tests.items(), rejected, strict=True):
        judged = found[name]
        ends = test.confidence_interval(1 - judged.share)
        assert judged.p == pytest.approx(test.pvalue)
        assert (judged.low, judged.high) == pytest.approx((ends.low + 0.01, ends.high + 0.01))
        side = "holds" if test.statistic > 0 else "fails"
        assert judged.verdict == (side if wrong else "open")


@given(st.lists(st.lists(SEEDS, min_size=1, max_size=3), min_size=1, max_size=4))
@settings(max_examples=60)
def test_verdicts_are_holms_decisions(family):
    trials = {str(k): trial(*claim) for k, claim in enumerate(family)}
    for judged in judge(trials).values():
        assume(abs(judged.p - judged.share) > 1e-6)
        assume(judged.high - judged.low > 1e-6)
        assert (judged.verdict != "open") == (judged.p < judged.share)


def test_best_is_better_than_the_hardest_rival():
    easy = [0.05, 0.06, 0.055, 0.06, 0.05]
    hard = [-0.05, -0.06, -0.055, -0.06, -0.05]
    unsure = [0.05, -0.05, 0.06, -0.04, 0.03]
    assert one(easy).verdict == one(easy, easy).verdict == "holds"
    assert one(easy, unsure).verdict == "open"
    assert one(easy, hard, unsure).verdict == "fails"
    both = one(easy, hard)
    assert both.effect == pytest.approx(np.mean(hard))
    # the lower end is a rival's own, the upper one is widened for two rivals
    assert both.low == pytest.approx(one(hard).low)
    assert both.high > one(hard).high


def test_the_upper_end_for_several_rivals_by_hand():
    x = np.array([0.00, 0.01, 0.02, 0.01])
    half = stats.t.ppf(1 - 0.05 / (2 * 3), 3) * x.std(ddof=1) / 2
    assert one(x, x, x).high == pytest.approx(0.01 + half)
    assert one(x, x, x).low == pytest.approx(stats.ttest_1samp(x, 0).confidence_interval().low)


def test_the_smallest_difference_is_covered_as_often_as_said():
    rng = np.random.default_rng(0)
    truth = np.array([[0.0], [0.0], [0.01]])
    missed = 0
    for _ in range(400):
        found = one(*(truth + rng.normal(0, 0.02, (3, 6))))
        missed += not found.low <= 0 <= found.high
    assert missed <= 400 * 0.05 + 2 * np.sqrt(400 * 0.05 * 0.95)


@given(SEEDS, st.floats(0, 0.05), st.permutations(range(5)), st.floats(-1, 1))
def test_what_margin_order_and_shift_do(x, wider, order, shift):
    base = one(x)
    assume(base.high - base.low > 1e-6)
    if base.verdict == "fails":
        assert one(x, margin=0.01 + wider).verdict == "fails"
    shuffled = one([x[k] for k in order])
    assert (shuffled.low, shuffled.high) == pytest.approx((base.low, base.high))
    moved = one(np.array(x) + shift, margin=0.01 + shift)
    assert (moved.effect, moved.low, moved.high) == pytest.approx(
        (base.effect + shift, base.low + shift, base.high + shift), abs=1e-9
    )
    assert moved.p == pytest.approx(base.p, abs=1e-6)


def test_a_missing_claim_has_no_numbers_and_still_counts():
    sure = trial([0.05, 0.06, 0.055, 0.06, 0.05])
    found = judge({"a": sure, "b": None})
    assert found["b"] == verdict.Judgement(verdict="missing")
    assert found["a"].share == pytest.approx(0.05 / 2)


def test_seeds_that_all_say_the_same():
    assert one([0.5, 0.5], margin=0.25).verdict == "holds"
    assert one([0.25, 0.25], margin=0.25).verdict == "open"
    assert one([0.25, 0.25], margin=0.25).p == 1


def test_the_bootstrap_stands_beside_and_decides_nothing():
    replicates = np.linspace(-0.1, 0.1, 2001)
    found = one([0.05, 0.06, 0.055, 0.06, 0.05], replicates=replicates)
    assert found.verdict == "holds" and decide(*found.resampled, 0.01) == "open"
    assert found.resampled == pytest.approx((-0.095, 0.095))
    assert one([0.0, 0.1]).resampled is None


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ([[0.1]], "C: 1 seeds: a verdict needs at least 2"),
        ([[0.1, np.nan]], r"C: differences\[1\] = nan: must be finite"),
        ([[0.1, 0.2], [0.1, 0.2, 0.3]], r"C: comparisons over \[2, 3\] seeds"),
        ([], "C: no comparison"),
    ],
)
def test_evidence_that_is_refused(differences, message):
    with pytest.raises(UserError, match=message):
        one(*differences)


@pytest.mark.parametrize("p", [[], [1.1], [-0.1], [np.nan]])
def test_p_values_that_are_refused(p):
    with pytest.raises(UserError, match="p"):
        holm_shares(p)
    with pytest.raises(UserError, match="alpha = 1"):
        holm_shares([0.1], alpha=1)


def test_an_end_on_the_margin_leaves_a_claim_open():
    assert decide(0.01, 0.02, 0.01) == decide(0.0, 0.01, 0.01) == "open"
