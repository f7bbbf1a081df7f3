import ast
import json
import os

import nbformat
import pytest

from rdfer.base.errors import Stopped, UserError
from rdfer.pipeline.notebooks import run_notebook

PARAMETERS = 'preset = "laptop"  # which\nseed: int = 0\nrate = 0.5\nfast = False\nmore = {}\n'


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sed": 1}, "parameter 'sed': unknown; did you mean 'seed'"),
        ({"seed": "1"}, "seed = '1': must be of type int, not str"),
        ({"seed": True}, "seed = True: must be of type int, not bool"),
        ({"fast": "true"}, "fast = 'true': must be of type bool"),
        ({"rate": float("nan")}, "must be finite"),
        ({"more": []}, "must be of type dict"),
    ],
)
def test_bad_parameters_stop_before_anything_runs(write_notebook, tmp_path, parameters, message):
    write_notebook("a", PARAMETERS, "raise SystemError")
    with pytest.raises(UserError, match=message):
        run_notebook("a", tmp_path / "out.ipynb", parameters)
    assert not list(tmp_path.glob("*.ipynb"))


def test_a_run_writes_outputs_and_forgets_where_it_was(write_notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    before = dict(os.environ)
    write_notebook(
        "a",
        PARAMETERS,
        "import os\nfrom rdfer.pipeline.paths import find_root\n"
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
        "a", PARAMETERS, "from rdfer.settings.presets import get_preset\nget_preset(preset)"
    )
    with pytest.raises(UserError, match=r"a\.ipynb: preset = 'nano': unknown"):
        run_notebook("a", tmp_path / "out.ipynb", {"preset": "nano"})
