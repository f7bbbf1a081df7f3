"""The package as others install it: built, put somewhere else, used from there."""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]

USE = """
import sys
from pathlib import Path

import numpy as np
import torch

import rdfer
from rdfer.auditing.page import write_page
from rdfer.studies.claims import load_claims

assert Path(rdfer.__file__).parent == Path.cwd() / "rdfer", rdfer.__file__
encoder, features = rdfer.create_encoder("faces-resnet", pretrained="faces")
assert encoder(torch.zeros(1, 3, 64, 64)).shape == (1, features)
assert len(load_claims().claims) > 5
sheet = rdfer.audit(np.full((2, 3, 2), 0.5), ["a", "b"], classes=["a", "b"])
print(write_page(sheet, Path(sys.argv[1])))
"""


def call(*command, cwd, **others):
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=bare | others, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of this checkout, without a network."""
    if find_spec("setuptools") is None or find_spec("pip") is None:
        pytest.skip("a wheel is built without a network: setuptools and pip must be there")
    if Version(version("setuptools")) < Version("77.0.3"):
        pytest.skip(f"setuptools {version('setuptools')}: pyproject.toml needs 77.0.3")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, copy)
    for name in ("rdfer", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    call("-m", "pip", "wheel", *options, "--wheel-dir", str(out), str(copy), cwd=copy)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        about = {name.split("/", 1)[1] for name in archive.namelist() if ".dist-info/" in name}
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "rdfer").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == package
    assert {"rdfer/py.typed", "rdfer/studies/claims.yml", "rdfer/auditing/page.html"} <= held
    assets = {name.removeprefix("rdfer/faces/assets/") for name in held if "/assets/" in name}
    assert {"head.npz", "encoder.safetensors", "encoder.json", "NOTICE.md"} <= assets
    assert {"licenses/LICENSE", "licenses/rdfer/faces/assets/NOTICE.md"} <= about


def test_an_installed_wheel_works_far_from_the_checkout(wheel, tmp_path):
    there, page = tmp_path / "installed", tmp_path / "audit.html"
    options = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    call("-m", "pip", "install", *options, "--target", str(there), str(wheel), cwd=tmp_path)
    call("-c", USE, str(page), cwd=there, PYTHONPATH=str(there))
    assert "<html" in page.read_text()
    told = call("-m", "rdfer", "--help", cwd=there, PYTHONPATH=str(there))
    assert "reproduce" in told and "audit" in told
