"""Tests of the portraits."""

import numpy as np

from rdfer.data.manifest import CLASSES
from rdfer.faces.portraits import draw, portraits


def test_a_person_shows_every_class_once() -> None:
    found = portraits([300_000, 300_001])
    assert [(p.identity, p.label) for p in found] == [
        (who, label) for who in (300_000, 300_001) for label in CLASSES
    ]


def test_variants_take_turns() -> None:
    happy = [p.variant for p in portraits(range(4)) if p.label == "Happy"]
    assert len(set(happy)) == 4


def test_a_portrait_is_drawn_at_its_size_and_shows_its_class() -> None:
    happy, neutral = (p for p in portraits([300_000]) if p.label in ("Happy", "Neutral"))
    picture = draw(happy, size=24)
    assert picture.shape == (24, 24, 3) and picture.dtype == np.uint8
    assert (picture != draw(neutral, size=24)).any()
