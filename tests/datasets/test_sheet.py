import tracemalloc
import zipfile

import pytest

from rdfer.base.errors import UserError
from rdfer.datasets.tables import read_sheet
from tests.datasets import trees


def test_texts_numbers_and_gaps(tmp_path):
    file = trees.write_workbook(tmp_path / "a.xlsx", [["a", "b & c"], [1, "x"], ["", 2.5], []])
    assert read_sheet(file) == [{"a": "1", "b & c": "x"}, {"b & c": "2.5"}]


def test_a_changed_file_is_read_again(tmp_path):
    file = trees.write_workbook(tmp_path / "a.xlsx", [["a"], [1]])
    assert read_sheet(file) == [{"a": "1"}]
    trees.write_workbook(file, [["a"], [22]])
    assert read_sheet(file) == [{"a": "22"}]


def sheet_of(file, body, *, more=b""):
    """A workbook whose sheet holds these rows of XML, ``more`` before its root."""
    trees.write_workbook(file, [["a"]])
    with zipfile.ZipFile(file) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    data = b"<worksheet " + space + b"><sheetData>" + body.encode() + b"</sheetData></worksheet>"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in (parts | {"xl/worksheets/sheet1.xml": more + data}).items():
            book.writestr(name, content)
    return file


def test_texts_inside_the_cells(tmp_path):
    cell = '<row><c r="A{}" t="inlineStr"><is><t>{}</t></is></c></row>'
    file = sheet_of(tmp_path / "a.xlsx", cell.format(1, "a") + cell.format(2, "x"))
    assert read_sheet(file) == [{"a": "x"}]


def test_formulas_are_the_values_stored_with_them(tmp_path):
    head = "".join(f'<c r="{c}1" t="inlineStr"><is><t>{c.lower()}</t></is></c>' for c in ("A", "B"))
    cells = '<c r="A2"><f>1+2</f><v>3</v></c><c r="B2"><f>1+2</f></c>'
    file = sheet_of(tmp_path / "a.xlsx", f'<row r="1">{head}</row><row r="2">{cells}</row>')
    assert read_sheet(file) == [{"a": "3"}]


def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path):
    file = trees.write_workbook(tmp_path / "a.xlsx", [["a", "b"], [1, 2]])
    with zipfile.ZipFile(file) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b"A1:B2" in sheet
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"A1:B2", b"A1:A1")
    with zipfile.ZipFile(file, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    assert read_sheet(file) == [{"a": "1", "b": "2"}]


def test_what_is_no_workbook(tmp_path):
    file = tmp_path / "a.xlsx"
    with pytest.raises(UserError, match="no such file"):
        read_sheet(file)
    file.write_text("clip,label")
    with pytest.raises(UserError, match="is not an xlsx workbook"):
        read_sheet(file)
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("readme.txt", "not a workbook")
    with pytest.raises(UserError, match="is not an xlsx workbook"):
        read_sheet(file)
    trees.write_workbook(file, [])
    with pytest.raises(UserError, match="its first sheet is empty"):
        read_sheet(file)


@pytest.mark.parametrize(
    ("body", "more", "message"),
    [
        ("<row><c", b"", "is not an xlsx workbook that can be read"),
        ('<row r="1"><c r="A1" t="s"><v>99</v></c></row>', b"", "is not an xlsx workbook"),
        ('<row r="1"><c r="A1" t="s"><v>x</v></c></row>', b"", "is not an xlsx workbook"),
        ('<row r="x"><c r="A1"><v>1</v></c></row>', b"", "is not an xlsx workbook"),
        ('<row r="1"><c r="?"><v>1</v></c></row>', b"", "is not an xlsx workbook"),
        # entities of entities
        (
            '<row r="1"><c r="A1" t="str"><v>&h;</v></c></row>',
            b"<!DOCTYPE x [<!ENTITY a '" + b"a" * 99 + b"'>"
            + b"".join(
                f"<!ENTITY {y} '{f'&{x};' * 99}'>".encode()
                for x, y in zip("abcdefg", "bcdefgh", strict=True)
            )
            + b"]>",
            "is not an xlsx workbook",
        ),
        # rows that are not there
        ('<row r="99999999999999"><c r="A1"><v>1</v></c></row>', b"", "has more rows than the"),
        # columns and depth without end
        ('<row r="1"><c r="BN1"><v>1</v></c></row>', b"", "has more columns than the 64 allowed"),
        ("<row>" + "<c><v>1</v></c>" * 9 + "<a>" * 20000, b"", "is not an xlsx workbook"),
        ('<row r="1"><c r="XFDX1"><v>1</v></c></row>', b"", "is not an xlsx workbook"),
    ],
)  # fmt: skip
def test_damaged_and_hostile_sheets_are_one_line(tmp_path, body, more, message):
    with pytest.raises(UserError, match=message) as error:
        read_sheet(sheet_of(tmp_path / "a.xlsx", body, more=more))
    assert "\n" not in str(error.value) and len(str(error.value)) < 300 + len(str(tmp_path))


def test_a_small_file_takes_little_memory(tmp_path):
    """Of millions of empty cells in one row, and of elements in the styles, nothing is kept."""
    file = sheet_of(tmp_path / "a.xlsx", '<row><c r="A1"><v>a</v></c>' + "<c/>" * 2**20 + "</row>")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/other.xml", b"<a>" + b"<b/>" * 2**20)
    tracemalloc.start()
    assert read_sheet(file) == []
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()


def test_a_small_file_that_unpacks_to_a_huge_one_is_not_opened(tmp_path):
    file = trees.write_workbook(tmp_path / "a.xlsx", [["a"]])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as book:
        with book.open("xl/sharedStrings.xml", "w") as part:
            for _ in range(80):
                part.write(bytes(2**20))
    assert file.stat().st_size < 2**20
    with pytest.raises(UserError, match=r"unpacks to 84 MB; a workbook of at most 34 MB is read"):
        read_sheet(file)
