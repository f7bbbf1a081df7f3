"""Which code a number rests on: a hash that changes when the number could, and only then.

From a function on (a *root*) the package's own definitions are followed by what they name:
functions, classes, constants. Of each that is reached the syntax tree counts, and nothing of where
it stands. So the hash stays the same when a module is moved or renamed, when a definition is added
that nothing reached uses, and between minor versions of Python. Left out of a tree are what no
number can depend on: docstrings, comments and annotations; the text of errors, and checks that do
nothing but raise :class:`~rdfer.base.errors.UserError`; log lines and progress bars; all of the
rooms in :data:`OPAQUE` (values of settings are part of a run's key by themselves). A branch
``if settings.<part>.<name>:`` is left out where that setting is off, so what is new and off makes
nothing stale. Data files in a directory ``assets`` count when a reached definition names them.

Where it can err: a method counts as reached when its class is and *any* reached code names an
attribute like it, which can make results stale without need. Names that only come to be while the
program runs (``getattr`` with a computed name), an error that is caught and so leads to another
number, and the libraries below are not seen; the versions of those stand in the provenance.
"""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rdfer.base.codetree import Guards, Module, Place, Shape, module_of, place_of, read
from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file

PACKAGE = Path(__file__).resolve().parents[1]
#: Rooms whose code changes no number: what they say or write, and settings, whose values count.
OPAQUE = ("base", "settings")
#: Called without being named.
CALLED = ("forward",)


def code_hash(
    roots: Iterable[str] = (),
    *,
    text: str = "",
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    package: Path = PACKAGE,
) -> str:
    """Hash of all code of the package that ``roots`` and ``text`` rest on: 16 hex digits.

    Args:
        roots: dotted names of definitions or of modules (all of their definitions).
        text: code that stands outside the package, such as a notebook's.
        settings: nested values; branches of those that are off do not count.
        package: directory of the package.

    Raises:
        UserError: a root that is not there.
        SyntaxError: ``text`` is no Python.
    """
    asked = tuple(sorted(roots)), text, package
    guards = _hash(*asked, frozenset())[1]  # which settings the code branches on
    values = {f"{part}.{k}": v for part, of in (settings or {}).items() for k, v in of.items()}
    return _hash(*asked, frozenset(name for name in guards if not values.get(name, True)))[0]


@cache
def _hash(roots: tuple[str, ...], text: str, package: Path, off: Guards) -> tuple[str, Guards]:
    found = reach(roots, text=text, off=off, package=package)
    assets = {path.name: path for path in package.glob("**/assets/*") if path.is_file()}
    lines = sorted(found.digests.values())
    lines += [f"{name} {sha256_file(assets[name])}" for name in sorted(assets.keys() & found.texts)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16], frozenset(found.guards)


class Reached(NamedTuple):
    """What roots rest on."""

    digests: dict[Place, str]
    texts: set[str]  # string constants, among which are the names of assets
    guards: set[str]  # settings that a branch asks for


def reach(
    roots: Iterable[str], *, text: str = "", off: Guards = frozenset(), package: Path = PACKAGE
) -> Reached:
    """Everything that the roots rest on; arguments as for :func:`code_hash`."""
    found = Reached({}, set(), set())
    used = set(CALLED)  # names of attributes that any reached code uses
    waiting: list[Place] = []  # to be looked at
    methods: set[Place] = set()  # of reached classes: they wait until their name is used

    def take(place: Place, node: ast.AST, module: Module) -> None:
        shape = Shape(node, module, off)
        found.digests[place] = shape.digest
        found.texts.update(shape.texts)
        found.guards.update(shape.guards)
        used.update(shape.attributes)
        waiting.extend(shape.places)

    if text:
        take(("",), ast.parse(text), read(text, package))
    for root in roots:
        asked = place_of(root, package)
        if asked is None:
            raise UserError(f"code = {root!r}: no such definition in the package {package.name}")
        place, rest = asked
        if len(place) > 1:
            waiting.append(place)
            used.update(rest)  # a class's method
        else:
            names = _there(place[0], package).definitions
            waiting += [(place[0], name) for name in names if name.isidentifier()]
    while waiting:
        place = waiting.pop()
        if place not in found.digests:
            module, name = _there(place[0], package), place[1]
            opaque = f"{module.name}.".startswith(tuple(f"{package.name}.{r}." for r in OPAQUE))
            node = module.definitions[name]
            if isinstance(node, ast.ClassDef):
                found.digests[place] = ""
                inner = module.starting(f"{name}.")
                methods |= {(place[0], n) for n in inner if not opaque or _is_asked(module, n)}
            # of settings the fields and their ranges do not count: their values do elsewhere
            if not (opaque and name.isidentifier()):
                take(place, node, module)
                waiting += [(place[0], line) for line in module.starting("line ")]
        if not waiting:
            leaves = {place: place[1].partition(".")[2] for place in methods}
            ready = {p for p, leaf in leaves.items() if leaf in used or leaf.startswith("__")}
            methods -= ready
            waiting += ready
    return found


def _is_asked(module: Module, method: str) -> bool:
    """Whether a setting's method says something; others only make its value valid."""
    decorated = getattr(module.definitions[method], "decorator_list", [])
    return bool(decorated) and "._" not in method


def _there(name: str, package: Path) -> Module:
    module = module_of(name, package)
    assert module is not None, name
    return module
