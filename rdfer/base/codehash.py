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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file

PACKAGE = Path(__file__).resolve().parents[1]
#: Rooms whose code changes no number: what they say or write, and settings, whose values count.
OPAQUE = ("base", "settings")
#: Called without being named.
CALLED = ("forward",)

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Guards: TypeAlias = frozenset[str]  # "part.name" of settings that are off


@dataclass(frozen=True)
class Module:
    """A file of code: what it defines and what its names stand for."""

    name: str
    definitions: Mapping[str, ast.AST]
    imports: Mapping[str, str]  # local name -> absolute dotted name
    loose: tuple[ast.stmt, ...]  # statements that run on import


@dataclass
class Reached:
    """What the search has found so far.

    Attributes:
        digests: by place (module, definition, method).
        waiting: places still to look at.
        classes: classes, whose methods wait until their name is used.
        used: names of attributes that any reached code uses.
        texts: string constants, among which are the names of assets.
        guards: settings that a branch of reached code asks for.
    """

    digests: dict[tuple[str, ...], str] = field(default_factory=dict)
    waiting: list[tuple[str, ...]] = field(default_factory=list)
    classes: set[tuple[str, str]] = field(default_factory=set)
    used: set[str] = field(default_factory=lambda: set(CALLED))
    texts: set[str] = field(default_factory=set)
    guards: set[str] = field(default_factory=set)


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
    roots = tuple(sorted(roots))
    asked = _hash(roots, text, frozenset(), package)[1]  # which settings the code branches on
    off = frozenset(
        name for name in asked if settings is not None and _is_off(settings, *name.split(".", 1))
    )
    return _hash(roots, text, off, package)[0]


def _is_off(settings: Mapping[str, Mapping[str, Any]], part: str, name: str) -> bool:
    values = settings.get(part)
    return isinstance(values, Mapping) and name in values and not values[name]


@cache
def _hash(roots: tuple[str, ...], text: str, off: Guards, package: Path) -> tuple[str, Guards]:
    reached = reach(roots, text=text, off=off, package=package)
    lines = sorted(reached.digests.values())
    lines += [f"{name} {sha256_file(path)}" for name, path in _assets(reached, package)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16], frozenset(reached.guards)


def reach(
    roots: Iterable[str],
    *,
    text: str = "",
    off: Guards = frozenset(),
    package: Path = PACKAGE,
) -> Reached:
    """Everything that the roots rest on; arguments as for :func:`code_hash`."""
    found = Reached()
    if text:
        module = _read(text, "", False)
        tree = ast.Module([*module.loose, *_as_statements(module)], [])
        found.digests["",] = _digest(tree, module, found, off, package)
    for root in roots:
        place = _place(root, package)
        if place is None:
            raise UserError(f"code = {root!r}: no such definition in the package {package.name}")
        names = place[1:] or tuple(_there(place[0], package).definitions)
        found.waiting += [(place[0], name) for name in names]
        if len(place) > 1:
            found.used.add(root.rpartition(".")[2])  # a class's method
    while True:
        while found.waiting:
            _visit(found.waiting.pop(), found, off, package)
        for name, kind in found.classes:
            found.waiting += [
                place
                for place in _methods(name, kind, package)
                if place not in found.digests
                and (place[2] in found.used or place[2].startswith("__"))
            ]
        if not found.waiting:
            return found


def _visit(place: tuple[str, ...], found: Reached, off: Guards, package: Path) -> None:
    """Take in one definition, and what it names."""
    if place in found.digests:
        return
    module = _there(place[0], package)
    node = module.definitions[place[1]]
    opaque = _is_opaque(module.name)
    if len(place) == 3:
        assert isinstance(node, ast.ClassDef)
        node = next(n for n in _functions(node) if n.name == place[2])
    elif isinstance(node, ast.ClassDef):
        found.classes.add((module.name, node.name))
    elif opaque:
        return
    if opaque and isinstance(node, ast.ClassDef):
        found.digests[place] = ""  # fields and their ranges: their values count elsewhere
        return
    found.digests[place] = _digest(node, module, found, off, package)
    for loose in module.loose:
        key = (module.name, f"line {ast.unparse(loose)}")
        if key not in found.digests:
            found.digests[key] = _digest(loose, module, found, off, package)


def _is_opaque(module: str) -> bool:
    parts = module.split(".")
    return len(parts) > 1 and parts[1] in OPAQUE


def _functions(node: ast.ClassDef) -> Iterator[Function]:
    return (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def _methods(module: str, name: str, package: Path) -> Iterator[tuple[str, ...]]:
    node = _there(module, package).definitions[name]
    assert isinstance(node, ast.ClassDef)
    # whatever is written to make a setting valid: its value is what counts
    skipped = _is_opaque(module)
    for function in _functions(node):
        if not (skipped and (function.name.startswith("_") or function.decorator_list == [])):
            yield module, name, function.name


def _assets(found: Reached, package: Path) -> list[tuple[str, Path]]:
    files = {path.name: path for path in package.glob("**/assets/*") if path.is_file()}
    return [(name, files[name]) for name in sorted(files.keys() & found.texts)]


# Reading -------------------------------------------------------------------------------------


# Read once per process: what counts is the code that was imported, not what an editor has made of
# the file while a long run was under way.
@cache
def _module(name: str, package: Path) -> Module | None:
    parts = name.split(".")
    if parts[0] != package.name:
        return None
    path = package.joinpath(*parts[1:])
    for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if file.is_file():
            return _read(file.read_text(encoding="utf-8"), name, file.name == "__init__.py")
    return None


def _there(name: str, package: Path) -> Module:
    found = _module(name, package)
    assert found is not None, name
    return found


def _read(text: str, name: str, is_package: bool) -> Module:
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, str] = {}
    loose: list[ast.stmt] = []

    def take(body: Iterable[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports.update(_imported(node, name, is_package))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                definitions[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for leaf in (n for target in targets for n in ast.walk(target)):
                    if isinstance(leaf, ast.Name):
                        definitions[leaf.id] = node
            elif isinstance(node, ast.If | ast.Try):  # TYPE_CHECKING, optional imports
                take(node.body)
                take(node.orelse)
            elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                loose.append(node)

    take(ast.parse(text).body)
    return Module(name, definitions, imports, tuple(loose))


def _as_statements(module: Module) -> list[ast.stmt]:
    found = {id(node): node for node in module.definitions.values()}
    return [node for node in found.values() if isinstance(node, ast.stmt)]


def _imported(
    node: ast.Import | ast.ImportFrom, module: str, is_package: bool
) -> Iterator[tuple[str, str]]:
    """Local name and absolute name of everything that a statement imports."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
            continue
        base = node.module or ""
        if node.level:
            parts = module.split(".")
            base = ".".join([*parts[: len(parts) - node.level + is_package], *filter(None, [base])])
        yield alias.asname or alias.name, f"{base}.{alias.name}"


def _place(dotted: str, package: Path) -> tuple[str, ...] | None:
    """Where a dotted name of the package is defined: (module,) or (module, definition)."""
    if _module(dotted, package) is not None:
        return (dotted,)
    parent, _, leaf = dotted.rpartition(".")
    module = _module(parent, package) if parent else None
    if module is None:
        return _place(parent, package) if "." in parent else None  # an attribute of something
    if leaf in module.definitions:
        return (parent, leaf)
    if leaf in module.imports:
        return _place(module.imports[leaf], package)
    home = _lazy_home(module, leaf)
    return None if home is None else _place(f"{home}.{leaf}", package)


def _lazy_home(module: Module, leaf: str) -> str | None:
    """The module that a package's table of public names gives for ``leaf`` (``rdfer.vote``)."""
    table = module.definitions.get("PUBLIC")
    value = table.value if isinstance(table, ast.Assign | ast.AnnAssign) else None
    if not isinstance(value, ast.Dict):
        return None
    for key, names in zip(value.keys, value.values, strict=True):
        if key is not None and leaf in str(ast.literal_eval(names)).split():
            return f"{module.name}.{ast.literal_eval(key)}"
    return None


# The shape of a tree --------------------------------------------------------------------------


def _digest(node: ast.AST, module: Module, found: Reached, off: Guards, package: Path) -> str:
    shape = _Shape(module, found, off, package).of(node)
    return hashlib.sha256(repr(shape).encode()).hexdigest()


class _Shape:
    """A syntax tree as nested lists without what does not count; notes what the tree names."""

    def __init__(self, module: Module, found: Reached, off: Guards, package: Path) -> None:
        self.module, self.found, self.off, self.package = module, found, off, package
        self.local: list[dict[str, str]] = []  # names of enclosing functions; "" or an import

    def of(self, value: Any) -> Any:
        """The shape of a node, a list of nodes, or a plain value."""
        if isinstance(value, list):
            if value and isinstance(value[0], ast.stmt):
                return self.suite(value)
            return [self.of(item) for item in value]
        if not isinstance(value, ast.AST):
            return repr(value)
        special = getattr(self, f"of_{type(value).__name__}", None)
        return self.plain(value) if special is None else special(value)

    def plain(self, node: ast.AST, *left_out: str) -> list[Any]:
        """A node by its fields, the same on every version of Python that parses it."""
        out: list[Any] = [type(node).__name__]
        for name in node._fields:
            value = getattr(node, name, None)
            if name not in (*left_out, "kind", "type_comment", "ctx") and value not in (None, []):
                out.append([name, self.of(value)])
        return out

    def suite(self, body: list[ast.stmt]) -> list[Any]:
        """Statements without those that do nothing for a number."""
        out: list[Any] = []
        for node in body:
            shape = self.statement(node)
            if shape is not None:
                out += shape if isinstance(node, ast.If) and shape[0] != "If" else [shape]
        return out

    def statement(self, node: ast.stmt) -> Any:
        """A statement's shape; None where it does not count."""
        if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom | ast.Pass):
            return None
        if isinstance(node, ast.Expr):
            if isinstance(node.value, ast.Constant) or self.is_from(node.value, "progress.log"):
                return None
        if isinstance(node, ast.Raise):
            return ["Raise"] if node.exc is None else ["Raise", self.raised(node.exc)]
        if isinstance(node, ast.AnnAssign):
            if node.value is None:
                return ["field", self.of(node.target)] if not self.local else None
            return ["Assign", self.of(node.target), self.of(node.value)]
        if isinstance(node, ast.If):
            return self.branch(node)
        return self.of(node)

    def branch(self, node: ast.If) -> Any:
        """An ``if``: one of its branches where a setting that is off decides, none for a check."""
        if self.is_off(node.test):
            rest = self.suite(node.orelse)
            return rest or None
        if not node.orelse and all(
            isinstance(n, ast.Raise) and n.exc is not None and self.is_user_error(n.exc)
            for n in node.body
        ):
            return None
        body, rest = self.suite(node.body), self.suite(node.orelse)
        return ["If", self.of(node.test), body, rest] if body or rest else None

    def of_IfExp(self, node: ast.IfExp) -> Any:
        return self.of(node.orelse) if self.is_off(node.test) else self.plain(node)

    def is_off(self, test: ast.expr) -> bool:
        """Whether a test is ``settings.<part>.<name>``, of a setting that is off."""
        names: list[str] = []
        while isinstance(test, ast.Attribute):
            names.insert(0, test.attr)
            test = test.value
        if isinstance(test, ast.Name):
            names.insert(0, test.id)
        if len(names) < 3 or names[-3] != "settings":
            return False
        name = ".".join(names[-2:])
        self.found.guards.add(name)
        return name in self.off

    def raised(self, exception: ast.expr) -> Any:
        """What is raised, without its text."""
        return self.of(exception.func if isinstance(exception, ast.Call) else exception)

    def is_user_error(self, exception: ast.expr) -> bool:
        return self.is_from(exception, "errors.UserError")

    def is_from(self, node: ast.expr, name: str) -> bool:
        """Whether a call is of something in ``base``, by the end of its dotted name."""
        if not isinstance(node, ast.Call):
            return False
        dotted = self.dotted(node.func)
        return dotted is not None and dotted.startswith(f"{self.package.name}.base.{name}")

    def of_Call(self, node: ast.Call) -> Any:
        if self.is_from(node, "progress.progress") and node.args:
            return self.of(node.args[0])  # a bar around an iterable changes nothing in it
        return self.plain(node)

    def of_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, str):
            self.found.texts.add(node.value)
        return ["Constant", repr(node.value)]

    def of_Name(self, node: ast.Name) -> Any:
        dotted = self.dotted(node)
        return ["Name", node.id] if dotted is None else self.reference(dotted)

    def of_Attribute(self, node: ast.Attribute) -> Any:
        dotted = self.dotted(node)
        if dotted is not None:
            return self.reference(dotted)
        self.found.used.add(node.attr)
        return ["Attribute", self.of(node.value), node.attr]

    def dotted(self, node: ast.expr) -> str | None:
        """The absolute name that an expression stands for; None for what is local or computed."""
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return None if base is None else f"{base}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        for names in reversed(self.local):
            if node.id in names:
                return names[node.id] or None
        if node.id in self.module.definitions:
            return f"{self.module.name}.{node.id}" if self.module.name else None
        return self.module.imports.get(node.id)

    def reference(self, dotted: str) -> Any:
        """A name of the package by its last part, wherever it is defined; others in full."""
        place = _place(dotted, self.package) if dotted.startswith(self.package.name) else None
        if place is None:
            return ["Name", dotted]
        attributes = dotted.split(".")
        if len(place) == 1:
            return ["module"]
        rest = attributes[attributes.index(place[1]) + 1 :] if place[1] in attributes else []
        self.found.used.update(rest)
        self.found.waiting.append(place)
        return ["Name", place[1], *rest]

    def of_ClassDef(self, node: ast.ClassDef) -> Any:
        body = [n for n in node.body if self.local or n not in set(_functions(node))]
        head = [self.of(node.bases), self.of(node.keywords), self.of(node.decorator_list)]
        return ["ClassDef", node.name, *head, self.suite(body)]

    def of_FunctionDef(self, node: Function) -> Any:
        head = [self.of(node.decorator_list), self.of(node.args)]
        self.local.append(_bound(node, self.module))
        body = self.suite(node.body)
        self.local.pop()
        return ["FunctionDef", node.name, *head, body]

    of_AsyncFunctionDef = of_FunctionDef

    def of_Lambda(self, node: ast.Lambda) -> Any:
        self.local.append({a.arg: "" for a in ast.walk(node.args) if isinstance(a, ast.arg)})
        shape = self.plain(node)
        self.local.pop()
        return shape

    def of_arg(self, node: ast.arg) -> Any:
        return ["arg", node.arg]

    def comprehension(self, node: ast.AST) -> Any:
        self.local.append(
            {n.id: "" for g in getattr(node, "generators", ()) for n in _stored(g.target)}
        )
        shape = self.plain(node)
        self.local.pop()
        return shape

    of_ListComp = of_SetComp = of_DictComp = of_GeneratorExp = comprehension


def _stored(node: ast.AST) -> Iterator[ast.Name]:
    return (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def _bound(node: Function, module: Module) -> dict[str, str]:
    """Names that are local to a function; of those that it imports what they stand for."""
    names = {a.arg: "" for a in ast.walk(node.args) if isinstance(a, ast.arg)}
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, ast.Import | ast.ImportFrom):
            names.update(_imported(inner, module.name, False))
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[inner.name] = ""
            continue  # a scope of its own
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names[inner.id] = ""
        elif isinstance(inner, ast.ExceptHandler) and inner.name:
            names[inner.name] = ""
        elif isinstance(
            inner, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
        ):
            continue
        waiting.extend(ast.iter_child_nodes(inner))
    return names
