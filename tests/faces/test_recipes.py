"""Tests of the recipes."""

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES
from rdfer.faces.head import INDEX
from rdfer.faces.recipes import EMOTIONS, POOLS, RECIPES, recipe, variants


@pytest.mark.parametrize("label", CLASSES)
def test_each_class_has_variants_of_its_own_in_each_pool(label: str) -> None:
    development, confirmation = (set(variants(label, pool)) for pool in POOLS)
    assert len(development & confirmation) >= 3
    assert development - confirmation
    assert confirmation - development


def test_weights_are_permille_and_cover_both_sides() -> None:
    for found in RECIPES:
        weights = found.weights()
        assert weights.min() >= 0 and weights.max() <= 1000
        for name, i in INDEX.items():
            if name.endswith("Left"):
                assert weights[i] == weights[INDEX[name.removesuffix("Left") + "Right"]]


def test_prototypes_have_their_action_units() -> None:
    must = {
        "Happy": {"6", "12"},
        "Sad": {"1", "15"},
        "Angry": {"4", "7"},
        "Surprise": {"1", "2"},
        "Disgust": {"9"},
        "Fear": {"1", "5", "20"},
    }
    for found in RECIPES:
        if not found.lookalike:
            assert must[found.label] <= set(found.units.split("+")), found.name


def test_classes_are_further_apart_than_variants() -> None:
    """Every recipe is closer to another of its own class than to any of the other classes."""
    plain = [found for found in RECIPES if not found.lookalike]
    shapes = np.array([found.weights() for found in plain], dtype=float)
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True)
    near = shapes @ shapes.T - 2 * np.eye(len(plain))
    labels = np.array([found.label for found in plain])
    for row, label, found in zip(near, labels, plain, strict=True):
        assert row[labels == label].max() > row[labels != label].max(), found.name


def test_gasps_look_the_same() -> None:
    np.testing.assert_array_equal(
        recipe("Fear", "gasp").weights(), recipe("Surprise", "gasp").weights()
    )
    assert "gasp" not in variants("Fear", "development")


def test_neutral_has_no_recipe() -> None:
    assert "Neutral" not in EMOTIONS
    assert all(found.label in EMOTIONS for found in RECIPES)


def test_unknown_names() -> None:
    with pytest.raises(UserError, match="recipe"):
        recipe("Happy", "none")
    with pytest.raises(UserError, match="pool"):
        variants("Happy", "test")
    with pytest.raises(UserError, match="class"):
        variants("Joy", "development")
