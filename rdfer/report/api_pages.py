"""The API reference: one page a room of the package, with every module of the room."""

import ast
import pkgutil
from functools import cache
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import rdfer

#: The rooms of the package from the bottom up.
ROOMS = (
    *("base", "method", "metrics", "settings", "data", "datasets", "faces"),
    *("training", "pipeline", "studies", "report", "auditing", "commands"),
)
ENTRY = """
## {name}

```{{eval-rst}}
.. automodule:: {name}
   :members:{own}
```
"""
OWN = "\n   :ignore-module-all:"  # a room shows what it hands on, a module what it defines


def modules(room: str) -> list[str]:
    """The room itself, then its modules, each after those of the room that it imports."""
    home = f"rdfer.{room}"
    found = pkgutil.walk_packages([str(Path(rdfer.__path__[0]) / room)], f"{home}.")
    names = sorted(info.name for info in found)
    needs = {name: [other for other in names if other in _imported(name)] for name in names}
    return [home, *TopologicalSorter(needs).static_order()]


@cache
def _imported(name: str) -> set[str]:
    """What a module imports when it is imported: names, and the modules that they come from."""
    nodes = [node for node in _tree(name).body if isinstance(node, ast.ImportFrom)]
    return {str(node.module) for node in nodes} | {
        f"{node.module}.{alias.name}" for node in nodes for alias in node.names
    }


def _tree(name: str) -> ast.Module:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def write_pages(out: Path) -> str:
    """Write ``<room>.md`` for every room; returns a table of them, for the page above."""
    table = ["| Room | What lives there |", "| :-- | :-- |"]
    for room in ROOMS:
        names = modules(room)
        said = (ast.get_docstring(_tree(names[0])) or "").partition("\n")[0]
        table.append(f"| [{room}]({room}.md) | {said} |")
        entries = "".join(
            ENTRY.format(name=name, own="" if name == names[0] else OWN) for name in names
        )
        (out / f"{room}.md").write_text(f"# {room.capitalize()}\n{entries}", encoding="utf-8")
    return "\n".join(table) + "\n"
