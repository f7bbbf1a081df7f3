"""What the project's own files promise each other."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import rdfer
from rdfer.pipeline.workflow import NOTEBOOKS
from rdfer.studies.design import STUDIES

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def requirements():
    extras = PROJECT["optional-dependencies"]
    every = [*PROJECT["dependencies"], *(r for group in extras.values() for r in group)]
    return [Requirement(text) for text in every if not text.startswith("rdfer[")]


def test_constraints_pin_exact_public_versions():
    for name, version in pins().items():
        assert Version(version).local is None, name
        assert re.fullmatch(r"[\w.-]+", name), name


def locked():
    """The lock's requirements, each with the number of its hashes."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", "")
    found = []
    for line in text.splitlines():
        if not line.startswith("#"):
            name, *hashes = line.split("    --hash=sha256:")
            assert all(re.fullmatch("[0-9a-f]{64}", value.strip()) for value in hashes)
            found.append((Requirement(name.strip()), len(hashes)))
    return found


def test_the_lock_says_what_constraints_say_with_hashes():
    """After a change of constraints.txt: make lock."""
    expected = {canonicalize_name(name): f"=={version}" for name, version in pins().items()}
    assert {r.name: str(r.specifier) for r, _ in locked()} == expected
    assert all(hashes > 0 for _, hashes in locked())
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text and text.count("# torch, torchvision") == 1
    rest, apart = text.split("# torch, torchvision")
    assert "\ntorch==" in apart and "\ntorchvision==" in apart and "\ntimm==" in rest
    assert "\nnvidia-" not in rest
    listed = (ROOT / "book" / "licences.csv").read_text().splitlines()[1:]
    assert {line.split(",")[0] for line in listed} == expected.keys()


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_the_lock_serves_every_requirement_on_every_platform(system, python):
    names = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
    place = {"sys_platform": system, "python_version": python, "platform_system": names[system]}
    place |= {"platform_machine": {"darwin": "arm64", "win32": "AMD64"}.get(system, "x86_64")}
    there = {r.name for r, _ in locked() if r.marker is None or r.marker.evaluate(place)}
    asked = [r for r in requirements() if r.marker is None or r.marker.evaluate(place)]
    assert {canonicalize_name(r.name) for r in asked} <= there
    assert "setuptools" in there  # builds the project itself


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_is_pinned_within_its_bounds(requirement):
    found = {canonicalize_name(name): version for name, version in pins().items()}
    version = found[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


def test_every_platform_gets_exactly_one_decord():
    readers = [r for r in requirements() if r.name.startswith("decord")]
    for system, machine in (
        ("Linux", "x86_64"),
        ("Linux", "aarch64"),
        ("Darwin", "arm64"),
        ("Windows", "AMD64"),
    ):
        place = {"platform_system": system, "platform_machine": machine}
        assert sum(r.marker.evaluate(place) for r in readers) == 1, place


def test_extra_all_holds_every_other_extra():
    extras = dict(PROJECT["optional-dependencies"])
    (whole,) = extras.pop("all")
    assert Requirement(whole).extras == set(extras)


def test_conda_installs_the_same_thing():
    text = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [entry["pip"] for entry in text["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-c constraints.txt", "-e .[all]"]


def test_citation_names_the_paper():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    paper = cited["preferred-citation"]
    assert paper["title"] == "Robust Dynamic Facial Expression Recognition"
    assert [a["family-names"] for a in paper["authors"]] == ["Liu", "Wang", "Shen"]
    assert (paper["volume"], paper["issue"], paper["start"], paper["end"]) == (7, 4, 563, 572)
    assert cited["version"] == rdfer.__version__


@pytest.mark.parametrize("name", [*NOTEBOOKS, *STUDIES, "worlds", "claims", "tune"])
def test_notebooks_are_parameterized_and_stripped(name):
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    cells = notebook["cells"]
    assert cells[0]["cell_type"] == "markdown"
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code[0]["metadata"]["tags"] == ["parameters"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_make_help_lists_the_commands():
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in ("reproduce", "test", "book", "reference", "clean", "help"):
        assert f"make {target}" in shown
