"""Tests of the contact sheets."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.faces.sample import Sample
from rdfer.faces.sheet import film_strip, portraits, save_quiz, save_sheet, tile


def test_sheet_has_a_column_a_class(tmp_path: Path) -> None:
    save_sheet(tmp_path / "sheet.png", [300_000], size=24, pool="development")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.size == (7 * 24, 24)


def test_quiz_asks_every_class_once_a_person(tmp_path: Path) -> None:
    answers = save_quiz(
        tmp_path / "quiz.png", [300_000, 300_001], size=24, pool="confirmation", seed=4
    )
    assert answers == json.loads((tmp_path / "quiz.answers.json").read_text())
    assert Counter(answers.values()) == dict.fromkeys(CLASSES, 2)
    assert list(answers.values())[:7] != list(CLASSES)


def test_variants_take_turns() -> None:
    happy = [p.variant for p in portraits(range(4)) if p.label == "Happy"]
    assert len(set(happy)) == 4


def test_tile_fills_with_grey() -> None:
    sheet = tile([np.zeros((2, 2, 3), np.uint8)] * 3, 2)
    assert sheet.shape == (4, 4, 3) and (sheet[2:, 2:] == 128).all()
    with pytest.raises(UserError, match="at least one"):
        tile([], 3)


def test_film_strip(samples: tuple[Sample, ...]) -> None:
    strip = film_strip(replace(samples[0], frames=16), size=16, pictures=3)
    assert strip.shape == (16, 48, 3)
