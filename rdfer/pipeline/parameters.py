"""Notebooks as files: their code cells, their parameters, and the types of those.

papermill alone only warns about a parameter that the notebook does not have, and hands on
strings where numbers are meant. Here both are errors, before anything runs. A notebook that is
called by plain papermill checks the types itself, in its second cell, with :func:`check_types`;
a misspelt name it cannot see there (papermill's warning is all there is).
"""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rdfer.base.errors import UserError, did_you_mean
from rdfer.base.files import read_json
from rdfer.pipeline.paths import find_root
from rdfer.settings.schema import check_value


def find_notebook(name_or_path: str | Path) -> Path:
    """A notebook by its path, or by the name of one in ``notebooks/``.

    Raises:
        UserError: there is none.
    """
    path = Path(name_or_path)
    if path.suffix == ".ipynb":
        if not path.is_file():
            raise UserError(f"notebook {path}: no such file")
        return path
    directory = find_root() / "notebooks"
    known = {found.stem: found for found in directory.glob("*.ipynb")}
    if str(name_or_path) not in known:
        raise UserError(f"notebook {str(name_or_path)!r}: {did_you_mean(str(path), known)}")
    return known[str(name_or_path)]


def code_cells(path: Path) -> list[tuple[str, frozenset[str]]]:
    """Source and tags of every code cell, lines of IPython (``%``, ``!``) left out.

    Raises:
        UserError: the file is no notebook.
    """
    notebook = read_json(path)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4:
        raise UserError(f"{path}: not a notebook of format 4")
    return [
        (_python("".join(cell["source"])), frozenset(cell["metadata"].get("tags", ())))
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def _python(source: str) -> str:
    lines = source.splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def declared(path: Path) -> dict[str, Any]:
    """Parameters of a notebook with their defaults: the cell tagged ``parameters``.

    Raises:
        UserError: no such cell, or a default that is no literal.
    """
    sources = [source for source, tags in code_cells(path) if "parameters" in tags]
    if not sources:
        raise UserError(f"{path}: no cell is tagged 'parameters'")
    found: dict[str, Any] = {}
    for node in ast.parse(sources[0]).body:
        if not isinstance(node, ast.AnnAssign | ast.Assign) or node.value is None:
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name):
            try:
                found[target.id] = ast.literal_eval(node.value)
            except ValueError:
                rule = "its default must be a literal"
                raise UserError(f"{path}: parameter {target.id!r}: {rule}") from None
    return found


def check_types(values: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """Check named values against types; only an int where a float is meant is converted.

    >>> check_types({"seed": 3}, {"seed": int})
    {'seed': 3}

    Returns:
        The values, in the order of ``spec``.

    Raises:
        UserError: an unknown or missing name, a value of another type.
    """
    for name in values:
        if name not in spec:
            raise UserError(f"parameter {name!r}: unknown; {did_you_mean(name, spec)}")
    for name in spec:
        if name not in values:
            raise UserError(f"parameter {name!r}: missing")
    return {name: check_value(name, values[name], spec[name]) for name in spec}


def parse_text(name: str, text: str, default: Any) -> Any:
    """A parameter from the command line, read as the type of its default.

    Raises:
        UserError: it does not read so.
    """
    expected = type(default)
    if expected is str:
        return text
    try:
        # JSON knows numbers, true, false, null, lists and objects; nothing is guessed
        value = json.loads(text)
    except ValueError:
        value = text
    return value if default is None else check_value(name, value, expected)


def check_parameters(path: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Check parameters against the defaults of a notebook: known names, the same types.

    Raises:
        UserError: an unknown name, or a value of another type than its default.
    """
    defaults = declared(path)
    for name in parameters:
        if name not in defaults:
            hint = did_you_mean(name, defaults)
            raise UserError(f"{path.name}: parameter {name!r}: unknown; {hint}")
    return {
        name: value if defaults[name] is None else check_value(name, value, type(defaults[name]))
        for name, value in parameters.items()
    }


def code_of(path: Path) -> str:
    """The code of a notebook as one text.

    Raises:
        UserError: a cell is no Python.
    """
    text = "\n".join(source for source, _ in code_cells(path))
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise UserError(f"{path}: a code cell is not valid Python ({error.msg})") from None
    return text
