"""What importing the report costs."""

import pkgutil
import subprocess
import sys

import rdfer.report


def test_no_module_of_the_report_loads_torch():
    names = [info.name for info in pkgutil.iter_modules(rdfer.report.__path__, "rdfer.report.")]
    assert "rdfer.report.included" in names and "rdfer.report.embedding" in names
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    found = {'torch', 'timm'} & set(sys.modules)\n"
        "    assert not found, f'{name} loads {found}'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
