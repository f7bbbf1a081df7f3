import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.settings.schema import Settings, override
from rdfer.training.sweeps import Sweeps, is_due
from rdfer.training.treatment import treatment


def sweeps_of(*probs):
    sweeps = Sweeps()
    for epoch, p in enumerate(probs, start=1):
        sweeps.add(epoch, np.asarray(p, np.float32))
    return sweeps


def settings_of(**changes):
    return override(Settings(), {f"agreement.{k}": v for k, v in changes.items()}).agreement


AGREE_0 = [[0.9, 0.1], [0.8, 0.2]]
AGREE_1 = [[0.1, 0.9], [0.2, 0.8]]
SCATTER = [[0.9, 0.1], [0.2, 0.8]]


def test_the_vote_drops_unanimous_contradiction_and_reinforces_scatter():
    got = treatment(
        sweeps_of([AGREE_0, AGREE_1, SCATTER]),
        np.array([0, 0, 0]),
        settings_of(score="vote", average=False, noisy="drop", reinforce=1.0, threshold=0.8),
    )
    np.testing.assert_allclose(got.weights, [1, 0, 1.5])
    np.testing.assert_array_equal(got.p_noisy, [0, 1, 0])


def test_relabelling_goes_to_the_majority():
    got = treatment(
        sweeps_of([AGREE_1, AGREE_0]),
        np.array([0, 0]),
        settings_of(score="gap", rule="threshold", noisy="relabel"),
    )
    np.testing.assert_array_equal(got.targets, [[0, 1], [1, 0]])


def test_averaging_looks_at_all_sweeps_and_else_at_the_last():
    sweeps = sweeps_of([AGREE_1] * 2, [AGREE_0] * 2)
    given = np.array([1, 0])
    last = treatment(
        sweeps, given, settings_of(score="gap", rule="threshold", average=False, noisy="drop")
    )
    mean = treatment(
        sweeps, given, settings_of(score="gap", rule="threshold", average=True, noisy="drop")
    )
    np.testing.assert_array_equal(last.weights, [0, 1])
    np.testing.assert_array_equal(mean.weights, [1, 1])  # the two sweeps cancel


@pytest.mark.parametrize("score", ["gap", "contrary", "loss"])
@pytest.mark.parametrize("rule", ["threshold", "mixture"])
def test_every_score_and_rule_finds_the_one_wrong_label(score, rule):
    given = np.zeros(12, np.int64)
    got = treatment(
        sweeps_of([AGREE_0] * 11 + [AGREE_1]),
        given,
        settings_of(score=score, rule=rule, noisy="drop", score_threshold=0.5),
    )
    assert got.weights.tolist() == [1.0] * 11 + [0.0]


def test_one_clip_serves_where_no_vote_is_taken():
    got = treatment(
        sweeps_of([[AGREE_0[0]], [AGREE_1[0]]]),
        np.array([0, 0]),
        settings_of(score="gap", rule="threshold", clips=1, noisy="drop"),
    )
    np.testing.assert_array_equal(got.weights, [1, 0])


def test_nothing_is_decided_before_the_first_sweep():
    with pytest.raises(UserError, match="at least one is needed"):
        treatment(Sweeps(), np.array([0]), settings_of(noisy="drop"))


def test_sweeps_survive_a_trip_through_arrays():
    sweeps = sweeps_of([AGREE_0, SCATTER], [AGREE_1, SCATTER])
    again = Sweeps.from_arrays(sweeps.arrays())
    assert again.epochs == [1, 2]
    np.testing.assert_array_equal(again.last, sweeps.last)
    np.testing.assert_array_equal(again.votes, sweeps.votes)
    assert Sweeps.from_arrays(Sweeps().arrays()).last is None


def test_sweeps_come_from_start_on_every_so_many_epochs():
    settings = override(
        Settings(), {"agreement.start": 3, "agreement.every": 2, "agreement.watch": "clips"}
    )
    assert [e for e in range(1, 9) if is_due(settings, e)] == [3, 5, 7]


def test_no_sweep_is_made_that_nobody_asked_for():
    treated = override(Settings(), {"agreement.noisy": "drop"})
    assert not any(is_due(Settings(), e) for e in range(1, 40))
    assert any(is_due(treated, e) for e in range(1, 40))
