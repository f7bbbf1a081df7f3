"""The API reference: which modules the pages document, and a page for the rest."""

import pkgutil
import re
from pathlib import Path

import rdfer

DOCUMENTED = re.compile(r"^\.\. automodule:: (\S+)", re.MULTILINE)
ENTRY = """
## {name}

```{{eval-rst}}
.. automodule:: {name}
   :members:
```
"""


def modules() -> list[str]:
    """Every module of the package that can be imported without side effects, sorted."""
    found = pkgutil.walk_packages(rdfer.__path__, "rdfer.")
    return sorted(info.name for info in found if not info.name.endswith("__main__"))


def documented(pages: str | Path) -> list[str]:
    """The modules that the pages of a directory document, in the pages' order."""
    texts = (p.read_text(encoding="utf-8") for p in sorted(Path(pages).glob("*.md")))
    return [name for text in texts for name in DOCUMENTED.findall(text)]


def write_rest(pages: str | Path, out: str | Path) -> list[str]:
    """Write what documents every module that no page names; returns their names."""
    named = set(documented(pages))
    rest = [name for name in modules() if name not in named]
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text("".join(ENTRY.format(name=name) for name in rest), encoding="utf-8")
    return rest
