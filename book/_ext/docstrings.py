"""Sphinx extension: docstrings as this package writes them.

They are prose for people at a terminal first. Some habits need help on their way into HTML:

- an indented block between blank lines is a formula or a picture: it is set as it stands;
- what is said of a constant or a property is prose, also where it holds a colon: napoleon would
  take what stands before the colon for a type;
- a class is called by its bare name, also in modules that do not import it.
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

BEFORE_NAPOLEON, AFTER_NAPOLEON = 400, 600  # napoleon itself listens at 500
PROSE = {"attribute", "data", "property"}
# a line after which an indented block has a meaning of its own
OPENS_BLOCK = re.compile(r"^(\.\. |:|[-*+] |\d+[.)] |>>> )|::$|^[A-Z][a-z]+:$")

# what napoleon makes of "first, second: text" in a list of arguments or attributes
SEVERAL = re.compile(r"^:(ivar|param) ([\w.*]+(?:, [\w.*]+)+):")

_kept: dict[str, list[str]] = {}


def literal_blocks(lines: list[str]) -> list[str]:
    """Mark each indented block between top-level paragraphs as literal.

    >>> literal_blocks(["The share:", "", "    A = n / N", "", "of all."])
    ['The share:', '', '::', '', '    A = n / N', '', 'of all.']
    """
    out: list[str] = []
    before = ""  # the last line that was not blank
    for index, line in enumerate(lines):
        indented = line.startswith(" ")
        fresh = index > 0 and not lines[index - 1].strip()
        doctest = line.lstrip().startswith(">>>")
        if line.strip():
            plain = before and not before.startswith(" ") and not OPENS_BLOCK.search(before)
            if indented and fresh and plain and not doctest:
                out += ["::", ""]
            before = line
        out.append(line)
    return out


def one_field_a_name(lines: list[str]) -> list[str]:
    """Give each of several names that share one text a field of its own.

    >>> one_field_a_name([":ivar onset, apex: frames,", "    or -1"])
    [':ivar onset: frames,', '    or -1', ':ivar apex: frames,', '    or -1']
    """
    out: list[str] = []
    index = 0
    while index < len(lines):
        found = SEVERAL.match(lines[index])
        end = index + 1
        if not found:
            out.append(lines[index])
        else:
            while end < len(lines) and lines[end].startswith(" "):
                end += 1
            text = lines[index][found.end() :]
            for name in found[2].split(", "):
                out += [f":{found[1]} {name}:{text}", *lines[index + 1 : end]]
        index = end
    return out


def before(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep prose out of napoleon's hands, and mark what is preformatted."""
    lines[:] = literal_blocks(lines)
    if what in PROSE:
        _kept[name] = list(lines)


def after(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Put prose back as it was, and part names that napoleon left together."""
    lines[:] = _kept.pop(name) if name in _kept else one_field_a_name(lines)


def bare_record(app: Sphinx, what: str, name: str, obj: Any, *others: Any) -> Any:
    """Leave out the signature of a record: its docstring tells its fields, pydantic's is noise."""
    record = what == "class" and any(base.__name__ == "Record" for base in obj.__mro__)
    return ("", None) if record else None


def short_name(app: Sphinx, env: Any, node: Any, contents: Any) -> Any:
    """Resolve a bare name, such as ``UserError``, that means one thing in the whole package."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target.isidentifier():
        return None
    domain = env.get_domain("py")
    found = [n for n in domain.objects if n.endswith(f".{target}")]
    # a class that one module defines and others hand on has several names
    kinds = {(domain.objects[n].docname, n.rsplit(".", 1)[-1]) for n in found}
    if not found and node.get("reftype") == "data":
        return contents  # a constant that its comment describes has no entry to link to
    if len(kinds) != 1:
        return None
    where = domain.objects[found[0]]
    return make_refnode(app.builder, node["refdoc"], where.docname, where.node_id, contents)


def setup(app: Sphinx) -> dict[str, Any]:
    """Listen before and after napoleon."""
    app.connect("autodoc-process-docstring", before, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", after, priority=AFTER_NAPOLEON)
    app.connect("autodoc-process-signature", bare_record)
    app.connect("missing-reference", short_name)
    return {"version": "1", "parallel_read_safe": True}
