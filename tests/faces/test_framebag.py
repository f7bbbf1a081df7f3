"""Tests of the order-free classifier."""

from rdfer.faces.framebag import accuracy
from rdfer.faces.scenario import make_split


def test_order_is_worth_something() -> None:
    train = make_split("development", "train", 210)
    test = make_split("development", "test", 70)
    scores = accuracy(train, test, trees=40)
    assert 0.6 < scores["overall"] <= 1
    assert set(scores) >= {"easy", "hard"}
