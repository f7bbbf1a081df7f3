import errno
import json
import os
import re
from dataclasses import dataclass

import pytest

from rdfer.base.errors import UserError, did_you_mean
from rdfer.base.files import (
    read_file,
    read_json,
    record,
    sha256_file,
    write_atomic,
    write_json,
)


def test_a_file_appears_only_when_written_whole(tmp_path):
    path = tmp_path / "deep" / "a.bin"
    with write_atomic(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["a.bin"]


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), write_atomic(path, "w") as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_device_is_the_users_error_and_names_the_file(tmp_path, code):
    path = tmp_path / "a.bin"
    with pytest.raises(UserError, match=r"a\.bin: no space left"), write_atomic(path):
        raise OSError(code, "full")
    assert os.listdir(tmp_path) == []


def test_other_system_errors_pass_unchanged(tmp_path):
    with pytest.raises(PermissionError), write_atomic(tmp_path / "a"):
        raise PermissionError("no")


def test_json_round_trip_is_sorted_and_refuses_nan(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"b": [1, 2.5], "a": "ü"})
    assert read_json(path) == {"a": "ü", "b": [1, 2.5]}
    assert path.read_text().index('"a"') < path.read_text().index('"b"')
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, float("nan"))
    assert json.loads(path.read_text())["b"] == [1, 2.5]


def test_read_json_names_the_file(tmp_path):
    with pytest.raises(UserError, match=r"gone\.json: no such file"):
        read_json(tmp_path / "gone.json")
    (tmp_path / "cut.json").write_text('{"a": ')
    with pytest.raises(UserError, match=r"cut\.json: not valid JSON"):
        read_json(tmp_path / "cut.json")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[" * 100_000, "not valid JSON (maximum recursion depth"),
        (b'{"a": NaN}', "not valid JSON (NaN is no finite number)"),
        (b'{"a": 1e999}', "1e999 is no finite number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is beyond 64 bits"),
        (b"\xff\xfe{}", "not valid JSON ('utf-8' codec"),
        (b'{"a": 1, "a": 2}', "a key is there twice"),
        (b'{"a": "\\ud800"}', "surrogates not allowed"),
        (b'["' + b"x" * 5000 + b'"]', "not a JSON object"),
        (b"{}", "key 'a' is missing"),
        (b'{"a": true}', "a = True: must be a whole number"),
        (b'{"a": "' + b"x" * 5000 + b'"}', "must be a whole number"),
    ],
)
def test_what_is_no_json_of_ours_is_one_readable_line(tmp_path, content, told):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read_json(path, a=int)
    assert told in str(error.value)
    assert str(error.value).isprintable() and len(str(error.value)) < 300 + len(str(path))


def test_only_plain_files_of_a_sensible_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("pipe", "link", "."):
        with pytest.raises(UserError, match="is no plain file"):
            read_file(tmp_path / name)
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 1 << 40)
    with pytest.raises(UserError, match=f"has {1 << 40} bytes; at most"):
        read_file(tmp_path / "huge")
    with pytest.raises(UserError, match="no such file"):
        read_file("a\0b")


@dataclass(frozen=True)
class Inner:
    at: tuple[int, int] | None


@dataclass(frozen=True)
class Outer:
    name: str
    inner: tuple[Inner, ...]
    note: Inner | None = None


def test_records_are_checked_field_by_field():
    row = {"name": "x", "inner": [{"at": [1, 2]}, {"at": None}], "note": None}
    assert record(Outer, row, "p") == Outer("x", (Inner((1, 2)), Inner(None)))
    for change, told in (
        ({"name": 1}, "p: name = 1: must be str"),
        ({"inner": [{"at": [1]}]}, "p: inner[0]: at = [1]: must be tuple[int, int]"),
        ({"inner": [{"at": [1, True]}]}, "p: inner[0]: at[1] = True: must be int"),
        ({"inner": [3]}, "p: inner[0] = 3: must be at"),
        ({"more": 1}, "p: key 'more' is not known"),
    ):
        with pytest.raises(UserError, match=re.escape(told)):
            record(Outer, {**row, **change}, "p")


def test_a_message_is_one_line_whatever_it_quotes():
    told = str(UserError(f"file: cell = {'x' * 9999}\n\u202e\udcff: must be short"))
    assert told.isprintable() and len(told) < 1100
    assert told.startswith("file: cell = xxx") and told.endswith("\\udcff: must be short")
    assert did_you_mean("Happpy", ["Happy", "Sad"]) == "did you mean 'Happy'?"
    assert len(did_you_mean("?", ["x" * 500] * 50)) <= 320


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    # the test vector of FIPS 180-2
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_file(tmp_path / "a") == expected
