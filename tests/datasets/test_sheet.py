import zipfile

import pytest

from rdfer.base.errors import UserError
from rdfer.datasets.sheet import read_sheet
from tests.datasets import trees


def test_texts_numbers_and_gaps(tmp_path):
    file = trees.write_workbook(tmp_path / "a.xlsx", [["a", "b & c"], [1, "x"], ["", 2.5], []])
    assert read_sheet(file) == [{"a": "1", "b & c": "x"}, {"b & c": "2.5"}]


def test_a_changed_file_is_read_again(tmp_path):
    file = trees.write_workbook(tmp_path / "a.xlsx", [["a"], [1]])
    assert read_sheet(file) == [{"a": "1"}]
    trees.write_workbook(file, [["a"], [22]])
    assert read_sheet(file) == [{"a": "22"}]


def test_texts_inside_the_cells(tmp_path):
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cell = '<c r="A{}" t="inlineStr"><is><t>{}</t></is></c>'
    rows = "".join(f"<row>{cell.format(n, text)}</row>" for n, text in ((1, "a"), (2, "x")))
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as book:
        sheet = f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>"
        book.writestr("xl/worksheets/sheet1.xml", sheet)
    assert read_sheet(tmp_path / "a.xlsx") == [{"a": "x"}]


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
