"""The method without the extras: what the core needs, and what importing a room costs."""

import ast
import os
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import rdfer
from rdfer.commands.cli import EXTRAS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# a Python in which some packages are not installed
BLOCKED = """
import importlib, importlib.util, pkgutil, sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {names!r}:
            return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
assert importlib.util.find_spec("pandas") is None
"""

METHOD = """
import numpy as np

import rdfer

def modules(*rooms):
    for room in rooms:
        package = importlib.import_module(f"rdfer.{room}")
        yield from (m.name for m in pkgutil.iter_modules(package.__path__, f"rdfer.{room}."))

alone = [f"rdfer.data.{name}" for name in ("bank", "filling", "stored", "video", "manifest")]
for name in [*modules("base", "method", "metrics"), *alone]:
    importlib.import_module(name)
public = {name: getattr(rdfer, name) for name in rdfer.__all__}
assert len(public) > 15 and all(thing is not None for thing in public.values())

import torch

network = rdfer.DualStream(in_features=16, num_classes=3, hidden=8, heads=2).eval()
video = torch.randn(2, 32, 16)
draws = np.random.default_rng(0)
clips = rdfer.agreement_clips([32, 32], clips=5, clip_frames=8, generator=draws)
outs = [network(video, clips[:, n]) for n in range(5)]
probs = torch.stack([out.logits.softmax(-1) for out in outs], 1)
given = np.array([0, 2])
assert rdfer.gap(probs, given).shape == rdfer.jensen_shannon(probs).shape == (2,)
assert torch.isfinite(rdfer.stream_loss(outs[0], torch.tensor([0, 2])))
assert rdfer.uar([0, 1, 2], [0, 1, 2], classes=3) == 1
assert len(rdfer.audit(probs, given)) == 2
"""


def python(code, *flags, cwd=ROOT):
    """What a Python of its own prints, with this checkout first on its path."""
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    command = [sys.executable, *flags, "-c", code]
    done = subprocess.run(command, cwd=cwd, env=bare, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@cache
def closure(requirements):
    """The distributions that some requirements bring into this environment, with all of theirs."""
    found, todo = set(), [Requirement(text) for text in requirements]
    while todo:
        one = todo.pop()
        extras = [{"extra": extra} for extra in (one.extras or {""})]
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key in found:
            continue
        found.add(key)
        try:
            needed = [Requirement(text) for text in requires(one.name) or ()]
        except ModuleNotFoundError:  # PackageNotFoundError: for another platform, or by choice
            continue
        todo += [r for r in needed if not r.marker or any(map(r.marker.evaluate, extras))]
    return {name for name, _ in found}


def asked(texts):
    """Those requirements of the project itself that are other distributions, for this platform."""
    found = [Requirement(text) for text in texts]
    here = [r for r in found if r.name != "rdfer" and (not r.marker or r.marker.evaluate())]
    return tuple(map(str, here))


@cache
def holders():
    """The distributions that hold each top-level module of this environment."""
    return {k: {canonicalize_name(h) for h in v} for k, v in packages_distributions().items()}


def beyond(distributions):
    """Top-level modules of this environment that only other distributions hold."""
    found = {name for name, held in holders().items() if not distributions & held}
    return found - set(sys.stdlib_module_names) - {"rdfer"}


def test_the_method_runs_on_the_core_alone():
    missing = beyond(closure(asked(PROJECT["dependencies"])))
    assert {"pandas", "numba", "matplotlib", "pydantic", "papermill", "pytest"} <= missing
    assert not {"torch", "timm", "numpy", "sklearn"} & missing
    python(BLOCKED.format(names=missing) + METHOD)


def test_the_package_loads_nothing_until_it_is_used():
    heavy = {"torch", "timm", "numpy", "scipy", "sklearn"}
    assert python(f"import sys, rdfer; print({heavy} & set(sys.modules))") == "set()"
    listed = python("import sys, rdfer; dir(rdfer); rdfer.__version__; print(*sys.modules)")
    assert not heavy & set(listed.split())


def test_a_checkout_that_is_not_installed_can_be_imported():
    code = "import rdfer; print(rdfer.__file__, rdfer.__version__)"
    # -S: without the folder that installed packages are in, this one too
    assert python(code, "-S").split() == [str(ROOT / "rdfer" / "__init__.py"), rdfer.__version__]


@pytest.mark.parametrize("room", ["base", "settings"])
def test_these_rooms_leave_torch_unloaded(room):
    code = f"""
import importlib, pkgutil, sys
import rdfer.{room} as room
for info in pkgutil.iter_modules(room.__path__, "rdfer.{room}."):
    importlib.import_module(info.name)
    found = {{"torch", "timm"}} & set(sys.modules)
    assert not found, f"{{info.name}} loads {{found}}"
"""
    python(code)


def imported():
    """Top-level names that the package imports anywhere, without the standard library's."""
    for path in (ROOT / "rdfer").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module.partition(".")[0]


def test_every_import_is_the_cores_or_told_with_its_extra():
    used = set(imported()) - set(sys.stdlib_module_names) - {"rdfer"}
    told = {name for names in EXTRAS.values() for name in names.split()}
    direct = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert {name for name in used - told if not holders()[name] & direct} == set()
    for extra, names in EXTRAS.items():
        brought = closure(asked(PROJECT["optional-dependencies"][extra]))
        assert {name for name in names.split() if not holders()[name] & brought} == set(), extra


NETWORK = """
import socket, sys
from pathlib import Path

asked = []

def refuse(*args, **kwargs):
    asked.append(args)
    raise OSError("no network here")

socket.getaddrinfo = socket.create_connection = refuse
socket.socket.connect = socket.socket.connect_ex = refuse

import torch
from rdfer.commands.cli import main
from rdfer.method.encoders import create_encoder
from rdfer.base.errors import UserError

folder = Path(sys.argv[1])
for name, pretrained in (("faces-resnet", "faces"), ("faces-resnet", "none"), ("resnet18", "none")):
    create_encoder(name, pretrained=pretrained, size=48)
assert main(["faces", "--out", str(folder / "f"), "--videos", "2", "--frames", "16",
             "--size", "32", "--layout", "folders"]) == 0
assert main(["datasets"]) == 0
assert not asked, asked
try:
    create_encoder("resnet18", pretrained="imagenet")
except UserError as error:
    assert "cannot create it" in str(error), error
else:
    raise AssertionError("where did these weights come from?")
"""


def test_nothing_is_fetched_but_what_is_asked_for_by_name(tmp_path):
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hub"), "TORCH_HOME": str(tmp_path)}
    environment["HF_HUB_DOWNLOAD_TIMEOUT"] = "1"
    subprocess.run([sys.executable, "-c", NETWORK, str(tmp_path)], check=True, env=environment)
