import ast
import json
import os

import nbformat
import pytest

from rdfer.base.errors import Stopped, UserError
from rdfer.pipeline.notebooks import code_of, declared, find_notebook, parse_text, run_notebook

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


def test_the_code_of_a_notebook(write_notebook):
    path = write_notebook("a", "x = 1", "%matplotlib inline\nfrom rdfer import uar")
    assert code_of(path) == "x = 1\nfrom rdfer import uar"
    with pytest.raises(UserError, match="not valid Python"):
        code_of(write_notebook("b", "x = 1", "def"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sed": 1}, "parameter 'sed': unknown; did you mean 'seed'"),
        ({"seed": "1"}, "seed = '1': must be of type int, not str"),
        ({"seed": True}, "seed = True: must be of type int, not bool"),
        ({"fast": "true"}, "fast = 'true': must be of type bool"),
        ({"rate": float("nan")}, "must be finite"),
        ({"more": []}, "must be of type dict"),
        ({"preset": "nano"}, "preset = 'nano': unknown"),
        ({"seed": -1}, r"seed = -1: must lie in \[0, 4294967295\]"),
        ({"seed": 2**32}, "seed = 4294967296: must lie in"),
        ({"overrides": {"agreement.threshold": 7}}, "agreement.threshold = 7: must lie in"),
        ({"overrides": {"network.encoder": "../x"}}, "network.encoder = '../x': must be a name"),
        ({"overrides": {"network.encoder": "resnet50000"}}, "did you mean 'resnet50'"),
    ],
)
def test_bad_parameters_stop_before_anything_runs(write_notebook, tmp_path, parameters, message):
    write_notebook("a", PARAMETERS + "overrides = {}\n", "raise SystemError")
    with pytest.raises(UserError, match=message):
        run_notebook("a", tmp_path / "out.ipynb", parameters)
    assert not list(tmp_path.glob("*.ipynb"))


def test_a_run_writes_outputs_and_forgets_where_it_was(write_notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    before = dict(os.environ)
    write_notebook(
        "a",
        PARAMETERS,
        "import os\nfrom rdfer.pipeline.runs import find_root\n"
        "[preset, seed, rate, os.environ.get('MPLBACKEND'), os.environ['RDFER_THREADS'],"
        " find_root().name]",
    )
    out = run_notebook("a", tmp_path / "x" / "out.ipynb", {"seed": 5, "rate": 1}, threads=2)
    text = out.read_text()
    cell = nbformat.reads(text, as_version=4).cells[-1]
    shown = cell.outputs[0].data["text/plain"]
    # the kernel's own default backend, which draws into the notebook
    inline = "module://matplotlib_inline.backend_inline"
    assert ast.literal_eval(shown) == ["laptop", 5, 1.0, inline, "2", "a project"]
    assert str(tmp_path) not in text
    assert dict(os.environ) == before
    assert os.listdir(out.parent) == ["out.ipynb"]


def test_a_failed_run_keeps_its_traceback_and_never_looks_whole(write_notebook, tmp_path):
    write_notebook("a", PARAMETERS, "1 / seed")
    out = tmp_path / "out.ipynb"
    with pytest.raises(Stopped, match=r"a\.ipynb: ZeroDivisionError.*out\.failed\.ipynb"):
        run_notebook("a", out, {})
    assert not out.exists()
    assert "Traceback" in json.dumps(json.loads((tmp_path / "out.failed.ipynb").read_text()))


def test_bad_input_met_inside_is_the_users_error(write_notebook, tmp_path):
    write_notebook(
        "a",
        PARAMETERS,
        "from rdfer.settings.schema import override, Settings\n"
        "override(Settings(), {'noise.rate': rate + 1.0})",
    )
    with pytest.raises(UserError, match=r"a\.ipynb: noise\.rate = 1\.5: must lie in"):
        run_notebook("a", tmp_path / "out.ipynb", {})
