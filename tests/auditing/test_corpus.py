"""Every reader of lists, tables, JSON and arrays on damaged and hostile files: a seeded corpus.

Whatever a file holds, a reader gives a good value or one readable line, and nothing else.
`benchmarks/hostile.py` goes through more of them.
"""

from pathlib import Path

import pytest

from tests.corpus.readers import NAMES, answer, readers

EACH = 110  # of every reader


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NAMES)
def test_a_good_value_or_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "good").mkdir()
    every = {reader.name: reader for reader in readers(tmp_path / "good")}
    assert tuple(every) == NAMES
    reader = every[name]
    said = [answer(reader, tmp_path, number) for number in range(EACH)]
    for number, (kind, told) in enumerate(said):
        assert kind in ("good", "refused"), (number, kind, told)
    assert sum(kind == "refused" for kind, _ in said) > EACH // 20 or name == "lines"
    path = tmp_path / reader.file
    path.write_bytes(reader.content)
    if name != "real":  # its rows have more rules than stand here
        assert isinstance(reader.read(path), reader.kind)
