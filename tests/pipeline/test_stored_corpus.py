"""Banks, checkpoints and runs, damaged: never another value than the one that was written."""

from pathlib import Path

import pytest

from tests.corpus.readers import answer
from tests.corpus.stored import NAMES, written

EACH = 60
#: What is mended or set aside for what was there before, and never refused.
MENDED = ("journal", "checkpoint")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NAMES)
def test_what_was_written_or_a_refusal(tmp_path: Path, name: str) -> None:
    (tmp_path / "made").mkdir()
    every = {reader.name: reader for reader in written(tmp_path / "made")}
    assert tuple(every) == NAMES
    said = [answer(every[name], tmp_path, number) for number in range(EACH)]
    for number, (kind, told) in enumerate(said):
        assert kind in ("good", "refused"), (number, kind, told)
    assert (sum(kind == "refused" for kind, _ in said) > EACH // 2) == (name not in MENDED)
