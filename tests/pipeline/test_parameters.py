import pytest

from rdfer.base.errors import UserError
from rdfer.pipeline.parameters import (
    check_types,
    code_of,
    declared,
    find_notebook,
    parse_text,
)

PARAMETERS = 'preset = "laptop"  # which\nseed: int = 0\nrate = 0.5\nfast = False\nmore = {}\n'


def test_declared_parameters_are_those_of_the_tagged_cell(write_notebook):
    path = write_notebook("a", PARAMETERS, "other = 3")
    expected = {"preset": "laptop", "seed": 0, "rate": 0.5, "fast": False, "more": {}}
    assert declared(path) == expected


def test_a_notebook_without_parameters_or_with_computed_ones_is_refused(write_notebook):
    with pytest.raises(UserError, match="no cell is tagged"):
        declared(write_notebook("a", "", "x = 1"))
    with pytest.raises(UserError, match=r"parameter 'x': its default must be a literal"):
        declared(write_notebook("b", "x = max(1, 2)"))


def test_a_file_that_is_no_notebook_is_named(project):
    path = project / "notebooks" / "a.ipynb"
    for text in ("", "not json", "[]", '{"cells": 3}', '{"cells": [], "nbformat": 3}'):
        path.write_text(text)
        with pytest.raises(UserError, match=r"a\.ipynb: not"):
            declared(path)


def test_a_notebook_is_found_by_name_or_path(write_notebook, tmp_path):
    path = write_notebook("train", "seed = 0")
    assert find_notebook("train") == path
    assert find_notebook(path) == path
    with pytest.raises(UserError, match="did you mean 'train'"):
        find_notebook("trian")
    with pytest.raises(UserError, match=r"gone\.ipynb: no such file"):
        find_notebook(tmp_path / "gone.ipynb")


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("laptop", "smoke", "laptop"),
        ("3", "smoke", "3"),
        ("3", 0, 3),
        ("3", 0.5, 3.0),
        ("1e-4", 0.5, 1e-4),
        ("true", False, True),
        ('{"noise.rate": 0.4}', {}, {"noise.rate": 0.4}),
    ],
)
def test_text_is_read_as_the_type_of_the_default(text, default, value):
    read = parse_text("p", text, default)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "default"), [("x", 0), ("1.5", 0), ("True", False), ("{", {}), ("1", False)]
)
def test_text_of_another_type_is_refused(text, default):
    with pytest.raises(UserError, match="p = "):
        parse_text("p", text, default)


def test_check_types_wants_all_and_nothing_else():
    spec = {"seed": int, "rate": float}
    assert check_types({"rate": 1, "seed": 2}, spec) == {"seed": 2, "rate": 1.0}
    with pytest.raises(UserError, match="did you mean 'seed'"):
        check_types({"sede": 2, "rate": 1.0}, spec)
    with pytest.raises(UserError, match="parameter 'rate': missing"):
        check_types({"seed": 2}, spec)


def test_the_code_of_a_notebook(write_notebook):
    path = write_notebook("a", "x = 1", "%matplotlib inline\nfrom rdfer import uar")
    assert code_of(path) == "x = 1\nfrom rdfer import uar"
    with pytest.raises(UserError, match="not valid Python"):
        code_of(write_notebook("b", "x = 1", "def"))
