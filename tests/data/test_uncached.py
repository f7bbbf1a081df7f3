import errno
import mmap
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.data import uncached
from rdfer.data.uncached import write_at

PAGE = mmap.PAGESIZE


@given(
    parts=st.lists(
        st.tuples(
            st.sampled_from([0, 1, PAGE, 2 * PAGE, PAGE + 512]),
            st.sampled_from([1, 512, PAGE, 3 * PAGE]),
        ),
        max_size=6,
    )
)
def test_bytes_come_where_they_belong(tmp_path_factory, parts):
    file = tmp_path_factory.mktemp("write") / "file"
    file.write_bytes(b"old")
    expected = bytearray(b"old")
    for k, (offset, length) in enumerate(parts):
        content = bytes([65 + k]) * length
        write_at(file, offset, memoryview(content))
        expected.extend(bytes(max(0, offset + length - len(expected))))
        expected[offset : offset + length] = content
    assert file.read_bytes() == expected


@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_is_written_through_the_cache(tmp_path, monkeypatch, refusal):
    def refuse(*args):
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(uncached.os, "pwrite", refuse)
    (tmp_path / "file").touch()
    write_at(tmp_path / "file", PAGE, memoryview(b"x" * PAGE))
    assert (tmp_path / "file").read_bytes() == bytes(PAGE) + b"x" * PAGE


def test_other_errors_are_told(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(uncached.os, "pwrite", full)
    monkeypatch.setattr(uncached.os, "O_DIRECT", 0, raising=False)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="No space"):
        write_at(tmp_path / "file", 0, memoryview(b"x" * PAGE))
