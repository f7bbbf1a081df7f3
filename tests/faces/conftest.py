"""Samples that several tests look at; drawing them once saves time."""

import pytest

from rdfer.faces.sample import Sample
from rdfer.faces.scenario import make_split


@pytest.fixture(scope="session")
def samples() -> tuple[Sample, ...]:
    """420 test samples of the development pool."""
    return make_split("development", "test", 420)
