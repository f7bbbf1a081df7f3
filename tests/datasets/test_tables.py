import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.datasets.tables import as_text, below, number, read_groups, read_lines, read_table


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_in_every_form_that_occurs(tmp_path, encoding, newline):
    file = tmp_path / "list.txt"
    file.write_bytes(newline.join(["1.mp4 anger", "皱眉", ""]).encode(encoding))
    assert read_lines(file) == ["1.mp4 anger", "皱眉"]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))))
def test_what_is_written_is_read(tmp_path_factory, lines):
    file = tmp_path_factory.mktemp("text") / "list.txt"
    text = "".join(line + "\n" for line in lines)
    file.write_bytes(text.encode())
    expected = unicodedata.normalize("NFC", text).removeprefix("\ufeff").split("\n")[:-1]
    assert read_lines(file) == expected


def test_what_is_no_text_is_refused(tmp_path):
    file = tmp_path / "list.txt"
    with pytest.raises(UserError, match="no such list"):
        read_lines(file)
    for content in (b"\x89PNG\0\0", b"\xff\xff\xff"):
        file.write_bytes(content)
        with pytest.raises(UserError, match="is not text"):
            read_lines(file)
    file.write_bytes(b"")
    assert read_lines(file) == []


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_of_files_are_as_lists_write_them(form):
    assert as_text(unicodedata.normalize(form, "gl\u00fccklich")) == "gl\u00fccklich"
    assert as_text(os.fsdecode("生气".encode("gbk"))) == "生气"
    assert as_text("\udcff") == "\udcff"


@pytest.mark.parametrize(
    ("text", "found"),
    [("0", 0), ("00017", 17), ("", None), ("-1", None), ("²", None), ("٣", None), ("9" * 19, None)],
)
def test_numbers(text, found):
    assert number(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "~/x",
        "C:/x",
        "C:\\x",
        "\\\\host\\x",
        "a\\..\\x",
    ],
)
def test_paths_that_leave_the_root_are_refused(text):
    with pytest.raises(UserError, match=r"list, line 3: path = .*leaves the root or names nothing"):
        below("list, line 3", text)


def test_paths_below_the_root():
    assert (
        below("", "a/b.mp4") == below("", "./a//b.mp4") == below("", "a\\b.mp4") == ("a", "b.mp4")
    )


def test_tables(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text('clip, group\n\n"1,5",x\n')
    assert list(read_table(file, ("clip",))) == [(3, {"clip": "1,5", "group": "x"})]
    file.write_text("clip,film\n1,2\n")
    with pytest.raises(UserError, match="first line = 'clip,film': column 'group' is missing"):
        list(read_table(file, ("clip", "group")))
    file.write_text('clip,group\n"1"x,2\n')
    with pytest.raises(UserError, match="line 2: is not csv"):
        list(read_table(file, ("clip", "group")))
    file.write_text("clip,clip\n1,2\n")
    with pytest.raises(UserError, match="a column is there twice"):
        list(read_table(file, ("clip",)))
    file.write_text("clip,group\n1\n")
    with pytest.raises(UserError, match="line 2: has 1 cells; the header has 2"):
        list(read_table(file, ("clip", "group")))


def test_groups(tmp_path):
    file = tmp_path / "g.csv"
    file.write_text("clip,group\n1,film A\n1,film A\n2,film B\n")
    assert read_groups(file, lambda clip: clip.zfill(3)) == {"001": "film A", "002": "film B"}
    for row in ("1,film B", "3,"):
        file.write_text(f"clip,group\n1,film A\n{row}\n")
        with pytest.raises(UserError, match=r"line 3: group = .*needs exactly one"):
            read_groups(file, str)
