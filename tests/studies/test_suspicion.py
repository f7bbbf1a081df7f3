import numpy as np
import pytest
from scipy.special import softmax

from rdfer.base.errors import UserError
from rdfer.studies.suspicion import CROSSED, EPOCHS, PASSES, crossed_score, rival_scores

S, V, N, C, E = 3, 9, 4, 5, 6


def watched(seed=0):
    rng = np.random.default_rng(seed)
    sweeps = {name: rng.dirichlet(np.ones(C), (S, V, N)) for name in PASSES.values()}
    return {
        "train_given": rng.integers(0, C, V),
        "sweep_logits": rng.normal(size=(E, V, C)),
        **sweeps,
    }


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("passes", PASSES)
@pytest.mark.parametrize("score", CROSSED)
def test_every_entry_of_the_factorial_is_a_number_a_video(score, passes, epochs):
    found = crossed_score(watched(), score, passes=passes, epochs=epochs)
    assert found.shape == (V,) and np.isfinite(found).all()


def test_loss_and_gap_are_those_of_the_mean_softmax():
    arrays = watched()
    given, rows = arrays["train_given"], np.arange(V)
    for passes, name in PASSES.items():
        for epochs, p in (("last", arrays[name][-1].mean(1)), ("mean", arrays[name].mean((0, 2)))):
            own = p[rows, given]
            others = np.where(np.eye(C, dtype=bool)[given], -1, p).max(1)
            loss = crossed_score(arrays, "loss", passes=passes, epochs=epochs)
            gap = crossed_score(arrays, "gap", passes=passes, epochs=epochs)
            np.testing.assert_allclose(loss, -np.log(own))
            np.testing.assert_allclose(gap, others - own)


def test_votes_are_averaged_over_sweeps_and_count_against_the_label_alone():
    arrays = watched()
    given = arrays["train_given"]
    expected = np.zeros(V)
    for sweep in arrays["sweep_clips"]:
        for v in range(V):
            votes = np.bincount(sweep[v].argmax(1), minlength=C)
            best = np.flatnonzero(votes == votes.max())
            majority = best[sweep[v].mean(0)[best].argmax()]
            expected[v] += (majority != given[v]) * votes.max() / N / S
    got = crossed_score(arrays, "wrong vote", passes="clips", epochs="mean")
    np.testing.assert_allclose(got, expected)


def test_agreement_without_label_does_not_change_with_the_labels():
    arrays = watched()
    other = {**arrays, "train_given": (arrays["train_given"] + 1) % C}
    for score in ("agreement", "JSD", "margin"):
        one, two = (
            crossed_score(a, score, passes="dropout", epochs="mean") for a in (arrays, other)
        )
        np.testing.assert_array_equal(one, two)


def test_fewer_clips_are_the_first_ones_and_one_pass_is_the_first():
    arrays = watched()
    cut = {**arrays, "sweep_clips": arrays["sweep_clips"][:, :, :2]}
    np.testing.assert_array_equal(
        crossed_score(arrays, "gap", passes="clips", epochs="mean", clips=2),
        crossed_score(cut, "gap", passes="clips", epochs="mean"),
    )
    own = arrays["sweep_clips"][-1, np.arange(V), 0, arrays["train_given"]]
    np.testing.assert_allclose(
        crossed_score(arrays, "loss", passes="one", epochs="last"), -np.log(own)
    )


def test_every_rival_of_the_list_is_there():
    arrays = watched()
    from rdfer.studies.claims import load_claims

    listed = {c.b.what for c in load_claims().by_id["C1g"].comparisons}
    oof = np.random.default_rng(1).dirichlet(np.ones(C), (V, N))
    assert set(rival_scores(arrays, oof)) == listed
    assert listed - set(rival_scores(arrays)) == {
        "self-confidence", "normalised margin", "entropy-weighted confidence",
    }  # fmt: skip
    said = softmax(arrays["sweep_logits"], -1)[:, np.arange(V), arrays["train_given"]]
    np.testing.assert_allclose(rival_scores(arrays)["cartography confidence"], 1 - said.mean(0))


@pytest.mark.parametrize(
    "asked", [("gap", "frames", "last"), ("gap", "clips", "first"), ("x", "clips", "last")]
)
def test_what_is_not_in_the_factorial_is_refused(asked):
    score, passes, epochs = asked
    with pytest.raises(UserError, match="not one of the factorial"):
        crossed_score(watched(), score, passes=passes, epochs=epochs)
    with pytest.raises(UserError, match="not watched so"):
        crossed_score({"train_given": np.zeros(2, int)}, "gap", passes="clips", epochs="last")
