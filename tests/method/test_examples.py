"""The examples in the docstrings of what others import."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import rdfer.method
import rdfer.metrics

MODULES = [
    info.name
    for room in (rdfer.method, rdfer.metrics)
    for info in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")
]


@pytest.mark.parametrize("name", [*MODULES, "rdfer.base.arrays", "rdfer.training.schedule"])
def test_examples_in_the_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"torch": torch}).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name))]
    assert len([t for t in found if t.examples]) > 25
