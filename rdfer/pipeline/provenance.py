"""What a result was made by: a hash of the code that it depends on, versions, machine, time.

The hash of a module covers its syntax tree without docstrings, and the same of every module of
the package that it imports, directly or not, with the asset files that any of them names. So a
comment, a docstring or a new module that nothing imports makes no result stale; a changed
constant somewhere below does.
"""

import ast
import datetime
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rdfer.base import machine
from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file
from rdfer.pipeline.paths import PACKAGE

VERSIONS_OF = (
    "decord",
    "decord2",
    "lightning-fabric",
    "numba",
    "numpy",
    "rdfer",
    "scikit-learn",
    "scipy",
    "timm",
    "torch",
    "torchvision",
)
# fields that say how something was written, not what it does
WRITING = {"kind", "type_comment"}


@dataclass(frozen=True)
class Source:
    """What matters of one file of code.

    Attributes:
        digest: SHA-256 of its syntax tree without docstrings.
        imports: names that it imports, absolute, each of a module or of something in one.
        strings: string constants, docstrings apart; an asset that is used is named here.
    """

    digest: str
    imports: frozenset[str]
    strings: frozenset[str]


def read_source(text: str, *, module: str = "", is_package: bool = False) -> Source:
    """Parse code; ``module`` is its dotted name, against which relative imports are resolved."""
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    for node in nodes:
        _drop_docstring(node)
    nodes = list(ast.walk(tree))
    imports: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, is_package)
            imports.update(f"{base}.{alias.name}" for alias in node.names)
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    return Source(
        digest=hashlib.sha256(repr(_shape(tree)).encode()).hexdigest(),
        imports=frozenset(imports),
        strings=frozenset(value for value in constants if isinstance(value, str)),
    )


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        if isinstance(first.value.value, str):
            del node.body[0]


def _base(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The absolute name that ``from ... import`` starts from."""
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, node.module] if node.module else kept)


def _shape(value: Any) -> Any:
    """A syntax tree as nested lists, the same on every version of Python that parses it.

    ``ast.dump`` would not do: what it leaves out differs from version to version.
    """
    if isinstance(value, ast.AST):
        fields = ((name, getattr(value, name, None)) for name in value._fields)
        return [
            type(value).__name__,
            *([n, _shape(v)] for n, v in fields if n not in WRITING and v is not None and v != []),
        ]
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return repr(value)


def _file(name: str, package: Path) -> Path | None:
    """The file of a module of the package, None where there is no such module."""
    parts = name.split(".")
    if parts[0] != package.name:
        return None
    path = package.joinpath(*parts[1:])
    candidates = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((c for c in candidates if c.is_file()), None)


# Read once per process: what counts is the code that was imported, not what an editor has
# made of the file while a long run was under way.
@cache
def _module(name: str, package: Path) -> Source | None:
    path = _file(name, package)
    if path is None:
        return None
    text = path.read_text(encoding="utf-8")
    return read_source(text, module=name, is_package=path.name == "__init__.py")


def closure(names: Iterable[str], *, package: Path = PACKAGE) -> dict[str, Source]:
    """Modules of the package that ``names`` need, themselves included, sorted by name.

    Names outside the package are passed over, and so are names of things inside a module, once
    their module is found.
    """
    found: dict[str, Source] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        source = _module(name, package) if name not in found else None
        if source is not None:
            found[name] = source
            waiting.extend(source.imports)
        # importing a.b.c runs a and a.b as well; and "a.b.thing" stands for a.b
        parent = name.rpartition(".")[0]
        if parent and parent not in found:
            waiting.append(parent)
    return dict(sorted(found.items()))


def _assets(sources: Iterable[Source], package: Path) -> dict[str, Path]:
    """Asset files (anything in a directory ``assets``) whose names the sources mention."""
    named = frozenset[str]().union(*(source.strings for source in sources))
    files = {path.name: path for path in package.glob("**/assets/*") if path.is_file()}
    return {name: files[name] for name in sorted(files.keys() & named)}


@cache
def _hash(names: tuple[str, ...], package: Path) -> str:
    modules = closure(names, package=package)
    lines = [f"{name} {source.digest}" for name, source in modules.items()]
    lines += [
        f"{name} {sha256_file(path)}" for name, path in _assets(modules.values(), package).items()
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def code_hash(names: Iterable[str], *, package: Path = PACKAGE) -> str:
    """Hash of modules and of everything in the package that they depend on: 16 hex digits.

    Raises:
        UserError: a name is no module of the package.
    """
    names = tuple(sorted(set(names)))
    for name in names:
        if _module(name, package) is None:
            raise UserError(f"module = {name!r}: no such module in the package {package.name}")
    return _hash(names, package)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers can depend on."""
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # decord and decord2: one of them, by platform
    return found


def now() -> str:
    """The time in UTC to the second, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What stands beside every result.

    Attributes:
        hash: of settings, seed, data and code; a result is fresh while this stays the same.
        settings: all settings, nested.
        seed: of the cell.
        data: key of the data that it read, empty where the settings say it all.
        modules: the modules that it depends on.
        wall_s: seconds that it took.
        date: when it was finished, UTC, ISO 8601.
        versions: of Python and packages.
        machine: processor, cores, GPU.
    """

    hash: str
    settings: Mapping[str, Any]
    seed: int
    modules: tuple[str, ...]
    wall_s: float
    data: str = ""
    date: str = field(default_factory=now)
    versions: Mapping[str, str] = field(default_factory=versions)
    machine: Mapping[str, Any] = field(default_factory=machine.describe)
