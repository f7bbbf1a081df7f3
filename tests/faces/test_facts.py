"""What the benchmark says of itself."""

import json

import pytest

from rdfer.faces import facts
from rdfer.faces.scenario import make_split
from rdfer.faces.truth import pool_samples

SIZES = {"train": 28, "val": 7, "test": 14}


@pytest.fixture(scope="module")
def samples():
    return pool_samples("development", *SIZES.values(), frames=32, seed=1, balance="balanced")


@pytest.fixture(scope="module")
def found(samples):
    return facts.benchmark_facts(samples)


def test_counts_and_shares_are_those_of_the_samples(samples, found):
    assert found["counts"] == SIZES
    assert found["hard"] == pytest.approx(sum(s.hard for s in samples) / 49)
    assert found["ambiguous"] == pytest.approx(sum(s.ambiguous for s in samples) / 49)
    for name, n in found["identities"].items():
        assert 1 <= n <= SIZES[name]
        assert n == len({s.identity for s in samples if s.split == name})


def test_both_classifiers_are_scored_on_the_test_part(samples, found):
    test = [s for s in samples if s.split == "test"]
    # the flag says exactly whom the oracle misses
    assert found["oracle"]["overall"] == pytest.approx(1 - sum(s.ambiguous for s in test) / 14)
    assert 0 <= found["frame_bag"]["overall"] <= 1
    assert json.loads(json.dumps(found)) == found


def test_the_frame_bag_learns_from_the_training_part_up_to_a_limit(samples, monkeypatch):
    seen = []
    monkeypatch.setattr(facts, "frame_bag_accuracy", lambda *parts: seen.append(parts))
    monkeypatch.setattr(facts, "oracle_accuracy", lambda test: {})
    facts.benchmark_facts(samples, limit=5)
    ((train, test),) = seen
    assert train == tuple(s for s in samples if s.split == "train")[:5]
    assert {s.split for s in test} == {"test"}


def test_order_is_worth_something():
    train = make_split("development", "train", 210)
    test = make_split("development", "test", 70)
    scores = facts.frame_bag_accuracy(train, test, trees=40)
    assert 0.6 < scores["overall"] <= 1
    assert set(scores) >= {"easy", "hard"}
