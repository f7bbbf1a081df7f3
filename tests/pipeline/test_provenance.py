import dataclasses
import importlib
import json
import socket

import pytest

from rdfer.base.errors import UserError
from rdfer.pipeline import provenance


def test_provenance_is_plain_and_names_no_host():
    made = provenance.Provenance(
        hash="0", code="1", settings={}, seed=1, roots=("rdfer.method.sampling",), wall_s=1
    )
    text = json.dumps(dataclasses.asdict(made))
    assert socket.gethostname() not in text
    assert made.versions["python"].startswith("3.")
    assert made.date.endswith("+00:00")


def test_a_good_environment_is_reported(monkeypatch):
    monkeypatch.setattr(provenance, "NEEDED", {"numpy": "", "papermill": ""})
    lines = list(provenance.check_environment())
    assert lines[0].startswith("Python 3.")
    assert any("numpy" in line for line in lines)
    assert lines[-1] == "everything that the work needs can be imported"


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("snakemake", ImportError("No module named 'snakemake'"), r"install rdfer\[workflow\]"),
        ("av", OSError("libx264.so: cannot open\nmore"), r"package av: .*cannot open\)"),
        (
            "torchvision",
            RuntimeError("operator torchvision::nms does not exist"),
            "torch and torchvision are no pair",
        ),
    ],
)
def test_what_cannot_be_imported_is_told_with_its_remedy(monkeypatch, name, error, told):
    def fail(wanted):
        if wanted == name:
            raise error

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(UserError, match=told) as found:
        list(provenance.check_environment())
    assert "\n" not in str(found.value)
