import errno
import json
import os

import pytest

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, sha256_file, write_atomic, write_json


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


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    # the test vector of FIPS 180-2
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_file(tmp_path / "a") == expected
