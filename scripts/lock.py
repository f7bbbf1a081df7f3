"""Write ``requirements.lock`` from ``constraints.txt``: the same versions, with hashes.

Of every version the hashes of all its files for Python 3.11 to 3.13 are listed, so the lock holds
on every platform; what only some need carries a marker. The hashes come from the index that pip is
configured with (PEP 691), what a package needs and its licence from its metadata as installed, or
else from the index. Beside the lock ``book/licences.csv`` is written. ``make lock`` runs this, to
be done again when ``constraints.txt`` or ``pyproject.toml`` changes.
"""

import csv
import importlib.metadata
import io
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from email.parser import Parser
from itertools import product
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
#: What is behind this line is left out where TORCH_INDEX brings a build of torch of its own.
TORCH = "# torch, torchvision, and what they alone need"
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {
    ("linux", "x86_64"): "Linux",
    ("linux", "aarch64"): "Linux",
    ("darwin", "arm64"): "Darwin",
    ("darwin", "x86_64"): "Darwin",
    ("win32", "AMD64"): "Windows",
}
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def index() -> tuple[Any, str]:
    """pip's own session, with its certificates and passwords, and the address of its index."""
    from pip._internal.commands import create_command

    command = create_command("download")
    options, _ = command.parse_args(["x"])
    return command._build_session(options), options.index_url.rstrip("/")


def files_of(session: Any, address: str, name: str, version: str) -> list[dict[str, Any]]:
    """The files of a version that Python 3.11 to 3.13 can install, as the index lists them."""
    answer = session.get(f"{address}/{name}/", headers=JSON)
    answer.raise_for_status()
    found = [file for file in answer.json()["files"] if _serves(file["filename"], version)]
    if not found:
        raise SystemExit(f"{name}=={version}: the index has no file of it")
    return sorted(found, key=lambda file: file["filename"])


def _serves(filename: str, version: str) -> bool:
    try:
        if filename.endswith(".whl"):
            _, of, _, tags = parse_wheel_filename(filename)
        else:
            (_, of), tags = parse_sdist_filename(filename), None
    except (InvalidWheelFilename, InvalidSdistFilename):
        return False
    return of == Version(version) and (tags is None or any(map(_fits, tags)))


def _fits(tag: Any) -> bool:
    """Whether a wheel's tag is for one of the Pythons: ``cp312``, ``py3``, ``cp38-abi3``."""
    kind, number = tag.interpreter[:2], tag.interpreter[2:]
    if kind == "py":
        return number in ("3", *(python.replace(".", "") for python in PYTHONS))
    if kind != "cp" or not number.isdecimal():
        return False
    if tag.abi in ("abi3", "none"):
        return number.startswith("3") and int(number[1:] or 0) <= 13
    return f"3.{number[1:]}" in PYTHONS and not tag.abi.endswith("t")


def metadata_of(session: Any, name: str, version: str, files: list[dict[str, Any]]) -> Message:
    """What a version says of itself: as installed here, or else one of its wheels by the index."""
    try:
        installed = importlib.metadata.distribution(name)
        if installed.version == version:
            return installed.metadata
    except importlib.metadata.PackageNotFoundError:
        pass
    for file in files:
        answer = session.get(file["url"] + ".metadata")
        if answer.ok:
            return Parser().parsestr(answer.content.decode("utf-8"))
    smallest = min(files, key=lambda file: (file["filename"][-4:] != ".whl", file["size"]))
    wheel = zipfile.ZipFile(io.BytesIO(session.get(smallest["url"]).content))
    (path,) = (path for path in wheel.namelist() if path.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(path).decode("utf-8"))


def needed(
    roots: list[Requirement], needs: dict[str, list[Requirement]], place: dict[str, str]
) -> set[str]:
    """Names of all packages that the roots need at a place, a marker's environment."""
    seen: set[tuple[str, str]] = set()
    waiting = list(roots)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            if name not in needs:
                raise SystemExit(f"{name}: is needed, and constraints.txt does not pin it")
            waiting += [
                need
                for need in needs[name]
                if need.marker is None or need.marker.evaluate({**place, "extra": extra})
            ]
    return {name for name, _ in seen}


def places() -> Iterator[tuple[tuple[str, str], str, dict[str, str]]]:
    """Platform, Python and environment of markers, of everything that is served."""
    for platform, python in product(PLATFORMS, PYTHONS):
        yield (
            platform,
            python,
            {
                "sys_platform": platform[0],
                "platform_machine": platform[1],
                "platform_system": PLATFORMS[platform],
                "os_name": "nt" if platform[0] == "win32" else "posix",
                "python_version": python,
                "python_full_version": f"{python}.9",
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython",
            },
        )


def marker_of(where: set[tuple[tuple[str, str], str]]) -> str:
    """A marker that holds at these platforms and Pythons; "" where that is everywhere."""
    if len(where) == len(PLATFORMS) * len(PYTHONS):
        return ""
    parts = []
    for system in dict.fromkeys(system for system, _ in PLATFORMS):
        machines = [machine for at, machine in PLATFORMS if at == system]
        there = {m: [v for v in PYTHONS if ((system, m), v) in where] for m in machines}
        whole = all(len(pythons) == len(PYTHONS) for pythons in there.values())
        told = {m: f"sys_platform == '{system}' and platform_machine == '{m}'" for m in there}
        for machine, pythons in there.items():
            if pythons and len(pythons) < len(PYTHONS):
                told[machine] += f" and python_version in '{' '.join(pythons)}'"
        each = [f"({told[machine]})" for machine, pythons in there.items() if pythons]
        parts += [f"sys_platform == '{system}'"] if whole else each
    return " ; " + " or ".join(parts)


def main() -> None:
    """Write both files."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pins = {str(canonicalize_name(name)): version for name, version in pins.items()}
    session, address = index()

    def look(item: tuple[str, str]) -> tuple[list[dict[str, Any]], Message]:
        files = files_of(session, address, *item)
        return files, metadata_of(session, *item, files)

    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(pins, pool.map(look, pins.items()), strict=True))
    needs = {
        name: [Requirement(text) for text in told.get_all("Requires-Dist", [])]
        for name, (_, told) in found.items()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    texts = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    texts += [text for group in extras for text in group if not text.startswith("rdfer[")]
    roots = [Requirement(text) for text in texts]
    apart = [r for r in roots if r.name not in ("torch", "torchvision")]
    without = {**needs, "torch": [], "torchvision": []}
    where: dict[str, set[Any]] = {name: set() for name in pins}
    rest: set[str] = set()
    for platform, python, place in places():
        asked = [r for r in roots if r.marker is None or r.marker.evaluate(place)]
        for name in needed(asked, needs, place):
            where[name].add((platform, python))
        rest |= needed([r for r in asked if r in apart], without, place)
    rest |= {name for name in map(canonicalize_name, TORCH_ON_A_CPU) if name in pins}
    rest -= {"torch", "torchvision"}
    for name in sorted(name for name in pins if not where[name]):
        print(f"{name}: pinned, and nothing needs it", file=sys.stderr)
    written = ["# Written by scripts/lock.py (make lock) from constraints.txt; not by hand."]
    written += _entries([name for name in sorted(pins) if name in rest], pins, where, found)
    written += [TORCH]
    written += _entries([name for name in sorted(pins) if name not in rest], pins, where, found)
    LOCK.write_text("\n".join(written) + "\n")
    with open(ROOT / "book" / "licences.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("Package", "Version", "Licence"))
        rows.writerows((name, pins[name], licence(found[name][1])) for name in sorted(pins))


#: What a build of torch without CUDA needs.
TORCH_ON_A_CPU = (
    "filelock",
    "fsspec",
    "Jinja2",
    "networkx",
    "numpy",
    "pillow",
    "setuptools",
    "sympy",
    "typing_extensions",
    "mpmath",
    "MarkupSafe",
)


def _entries(
    names: list[str],
    pins: dict[str, str],
    where: dict[str, set[Any]],
    found: dict[str, tuple[list[dict[str, Any]], Message]],
) -> list[str]:
    written = []
    for name in names:
        if not where[name]:
            continue
        hashes = sorted({file["hashes"]["sha256"] for file in found[name][0]})
        written.append(f"{name}=={pins[name]}{marker_of(where[name])} \\")
        written += [f"    --hash=sha256:{value} \\" for value in hashes]
        written[-1] = written[-1].removesuffix(" \\")
    return written


def licence(told: Message) -> str:
    """The licence that a package names, in a few words."""
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier", [])
        if line.startswith("License ::")
    ]
    text = told.get("License-Expression") or ", ".join(classified) or told.get("License") or ""
    return " ".join(str(text).split())[:80] or "not told"


if __name__ == "__main__":
    main()
