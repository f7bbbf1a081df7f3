"""What a file of code defines, and what of a definition can change a number: its *shape*.

:mod:`rdfer.base.codehash` says what counts; here it is taken from syntax trees.
"""

import ast
import hashlib
import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import Any, TypeAlias

#: Fields of a syntax tree that say nothing about what it does.
UNSEEN = ("kind", "type_comment", "ctx")
LOG, BAR = "base.progress.log", "base.progress.progress"
USER_ERROR, REFUSE = "base.errors.UserError", "base.arrays.refuse"
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
#: What has names of its own.
SCOPES = FUNCTIONS | ast.ClassDef | ast.Lambda | COMPREHENSIONS

Place: TypeAlias = tuple[str, ...]  # a module, and a definition in it
Guards: TypeAlias = frozenset[str]  # "part.name" of settings that are off


@dataclass(frozen=True)
class Module:
    """A file of code.

    Attributes:
        name: dotted; "" for code that stands outside the package.
        parent: what its relative imports start from.
        package: directory of the package.
        definitions: by ``name``, ``Class.method``, or ``line ...`` for what runs on import.
        names: local name -> absolute dotted name; "" for what is defined outside the package.
    """

    name: str
    parent: str
    package: Path
    definitions: Mapping[str, ast.AST]
    names: Mapping[str, str]

    def starting(self, start: str) -> list[str]:
        """Its definitions whose names start so."""
        return [name for name in self.definitions if name.startswith(start)]


# Read once per process: what counts is the code that was imported, not what an editor has made of
# the file while a long run was under way.
@cache
def module_of(name: str, package: Path) -> Module | None:
    """A module of the package; None where there is none of this name."""
    top, *parts = name.split(".")
    path = package.joinpath(*parts)
    for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if top == package.name and file.is_file():
            parent = name if file.name == "__init__.py" else name.rpartition(".")[0]
            return read(file.read_text(encoding="utf-8"), package, name, parent)
    return None


def read(text: str, package: Path, name: str = "", parent: str = "") -> Module:
    """What some code defines and names; arguments as for :class:`Module`."""
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, str] = {}

    def take(body: Iterable[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports.update(_imported(node, parent))
            elif isinstance(node, FUNCTIONS | ast.ClassDef):
                definitions[node.name] = node
                inner = node.body if isinstance(node, ast.ClassDef) else []
                methods = (n for n in inner if isinstance(n, FUNCTIONS))
                definitions.update({f"{node.name}.{n.name}": n for n in methods})
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                leaves = (n for target in targets for n in ast.walk(target))
                definitions.update({n.id: node for n in leaves if isinstance(n, ast.Name)})
            elif isinstance(node, ast.If | ast.Try):  # TYPE_CHECKING, optional imports
                take(node.body)
                take(node.orelse)
            elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                definitions[f"line {ast.unparse(node)}"] = node

    take(ast.parse(text).body)
    own = {key: f"{name}.{key}" if name else "" for key in definitions}
    return Module(name, parent, package, definitions, {**imports, **own})


def _imported(node: ast.Import | ast.ImportFrom, parent: str) -> Iterator[tuple[str, str]]:
    """Local name and absolute name of everything that a statement imports."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            home = resolve_name("." * node.level + (node.module or ""), parent)
            yield alias.asname or alias.name, f"{home}.{alias.name}"
        else:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)


def place_of(dotted: str, package: Path) -> tuple[Place, list[str]] | None:
    """Where a dotted name of the package is defined, and which attributes of that it asks for."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = module_of(".".join(parts[:length]), package)
        if module is None:
            continue  # its last part is no module: a definition, or an attribute of one
        if length == len(parts):
            return (module.name,), []
        leaf, rest = parts[length], parts[length + 1 :]
        if leaf in module.definitions:
            return (module.name, leaf), rest
        home = module.names.get(leaf) or _lazy_home(module, leaf)
        return place_of(".".join([home, *rest]), package) if home else None
    return None


def _lazy_home(module: Module, leaf: str) -> str:
    """Where a package's table of public names says that ``leaf`` is defined (``rdfer.vote``)."""
    table = getattr(module.definitions.get("PUBLIC"), "value", None)
    homes = ast.literal_eval(table) if isinstance(table, ast.Dict) else {}
    found = [f"{module.name}.{home}.{leaf}" for home, told in homes.items() if leaf in told.split()]
    return "".join(found[:1])


class Shape:
    """A syntax tree as nested lists without what does not count, and what the tree names.

    Attributes:
        digest: hash of the nested lists.
        places: definitions of the package that are named.
        attributes: names of attributes of what is not known before it runs.
        texts: string constants.
        guards: settings that a branch asks for.
    """

    def __init__(self, node: ast.AST, module: Module, off: Guards) -> None:
        """``off``: settings whose branches do not count."""
        self.module, self.off = module, off
        self.places: list[Place] = []
        self.attributes, self.texts, self.guards = set[str](), set[str](), set[str]()
        # what names stand for, the innermost function first; "" for what is local
        self.names: ChainMap[str, str] = ChainMap({}, dict(module.names))
        self.digest = hashlib.sha256(repr(self.of(node)).encode()).hexdigest()

    def of(self, value: Any) -> Any:
        """The shape of a node, a list of nodes, or a plain value."""
        match value:
            case [ast.stmt(), *_]:
                return [shape for node in value for shape in self.statement(node)]
            case list():
                return [self.of(item) for item in value]
            case ast.Name() | ast.Attribute() if dotted := self.dotted(value):
                return self.reference(dotted)
            case ast.Name():
                return ["Name", value.id]
            case ast.Attribute():
                self.attributes.add(value.attr)
                return ["Attribute", self.of(value.value), value.attr]
            case ast.Constant():
                self.texts |= {value.value} if isinstance(value.value, str) else set()
                return ["Constant", repr(value.value)]
            case ast.Call(args=[items, *_]) if self.calls(value, BAR):
                return self.of(items)  # a bar around them changes nothing in them
            case ast.IfExp() if self.is_off(value.test):
                return self.of(value.orelse)
            case ast.arg():
                return ["arg", value.arg]
            case ast.ClassDef():
                body = [n for n in value.body if self.inside or not isinstance(n, FUNCTIONS)]
                parts = (value.bases, value.keywords, value.decorator_list, body)
                return ["ClassDef", value.name, *map(self.of, parts)]
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                head = [self.of(value.decorator_list), self.of(value.args)]
                return ["FunctionDef", value.name, *head, self.within(value, self.of, value.body)]
            case ast.AST():
                scope = isinstance(value, ast.Lambda | COMPREHENSIONS)
                return self.within(value, self.plain, value) if scope else self.plain(value)
        return repr(value)

    def plain(self, node: ast.AST) -> list[Any]:
        """A node by its fields, the same on every version of Python that parses it."""
        fields = [(name, getattr(node, name, None)) for name in node._fields]
        seen = [[k, self.of(v)] for k, v in fields if k not in UNSEEN and v not in (None, [])]
        return [type(node).__name__, *seen]

    def statement(self, node: ast.stmt) -> list[Any]:
        """A statement's shape in a list; none where it does nothing for a number."""
        match node:
            case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Pass():
                return []
            case ast.Expr(ast.Constant()):
                return []
            case ast.Expr(said) if self.calls(said, LOG) or self.calls(said, REFUSE):
                return []
            case ast.Raise(ast.expr() as raised):  # without its text
                kind = raised.func if isinstance(raised, ast.Call) else raised
                return [["Raise", self.of(kind)]]
            case ast.AnnAssign(value=None):
                return [] if self.inside else [["field", self.of(node.target)]]
            case ast.AnnAssign():
                return [["Assign", self.of(node.target), self.of(node.value)]]
            case ast.If():
                return self.branch(node)
        return [self.of(node)]

    def branch(self, node: ast.If) -> list[Any]:
        """An ``if``: one of its branches where a setting that is off decides, none for a check."""
        if self.is_off(node.test):
            return list(self.of(node.orelse))
        errors = (isinstance(n, ast.Raise) and self.calls(n.exc, USER_ERROR) for n in node.body)
        if not node.orelse and all(errors):
            return []
        body, rest = self.of(node.body), self.of(node.orelse)
        return [["If", self.of(node.test), body, rest]] if body or rest else []

    def is_off(self, test: ast.expr) -> bool:
        """Whether a test is ``settings.<part>.<name>``, of a setting that is off."""
        asked = re.fullmatch(r"(?:.*\.)?settings\.(\w+\.\w+)", ast.unparse(test), re.DOTALL)
        if asked is None or not isinstance(test, ast.Attribute):
            return False
        self.guards.add(asked[1])
        return asked[1] in self.off

    def calls(self, node: ast.expr | None, name: str) -> bool:
        """Whether it is a call of something of the package, by the start of its name there."""
        dotted = self.dotted(node.func) if isinstance(node, ast.Call) else ""
        return dotted.startswith(f"{self.module.package.name}.{name}")

    def dotted(self, node: ast.expr) -> str:
        """The absolute name that an expression stands for; "" for what is local or computed."""
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        return self.names.get(node.id, "") if isinstance(node, ast.Name) else ""

    def reference(self, dotted: str) -> list[Any]:
        """A name of the package by its last part, wherever it is defined; others in full."""
        found = place_of(dotted, self.module.package)
        if found is None:
            return ["Name", dotted]
        place, rest = found
        if len(place) == 1:
            return ["module"]
        self.attributes.update(rest)
        self.places.append(place)
        return ["Name", place[1], *rest]

    def within(self, scope: ast.AST, shape: Callable[[Any], Any], value: Any) -> Any:
        """The shape of something inside a function, a lambda or a comprehension."""
        self.names = self.names.new_child(_bound(scope, self.module.parent))
        found = shape(value)
        self.names = self.names.parents
        return found

    @property
    def inside(self) -> bool:
        """Whether it is inside a function."""
        return len(self.names.maps) > 2


def _bound(scope: ast.AST, parent: str) -> dict[str, str]:
    """Names that are local to a scope; of those that it imports what they stand for."""
    names: dict[str, str] = {}
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Import() | ast.ImportFrom():
                names.update(_imported(node, parent))
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                names[name] = ""
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler():
                names[node.name or ""] = ""
        if not isinstance(node, SCOPES):
            waiting.extend(ast.iter_child_nodes(node))
    return names
