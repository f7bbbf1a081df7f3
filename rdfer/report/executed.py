"""Executed notebooks on their way into the book."""

import re
from pathlib import Path
from typing import Any

import nbformat

from rdfer.base.errors import UserError
from rdfer.base.files import write_atomic
from rdfer.report.readout import NOT_RUN

HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
TEXT = re.compile(r"text$|text/|image/svg\+xml$")  # outputs that hold text


def stage_notebook(path: Path, out: Path, *, root: Path) -> None:
    """Copy an executed notebook, so that its page stands on its own.

    Pictures get a text for readers who cannot see them: the heading above them, where the author
    gave none. Paths into ``root`` are made relative: a page should not show where it was built.

    Raises:
        UserError: there is no such notebook, it was not executed, or it ended in an error.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file; the book shows every notebook as it was run")
    notebook = nbformat.read(path, as_version=4)
    check(notebook, path)
    heading = path.stem
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        if cell.cell_type == "markdown":
            heading = (HEADING.findall(cell.source) or [heading])[-1]
        elif any(kind.startswith("image/") for out in outputs for kind in out.get("data", {})):
            image = cell.metadata.setdefault("mystnb", {}).setdefault("image", {})
            image.setdefault("alt", f"Picture under the heading: {heading}")
        for texts in (part for output in outputs for part in (output, output.get("data", {}))):
            for kind, text in texts.items():
                if isinstance(text, str) and TEXT.match(kind):
                    texts[kind] = text.replace(f"{root}/", "").replace(str(root), ".")
    _write(notebook, out)


def stage_unrun(path: Path, out: Path) -> None:
    """Copy a notebook that a run leaves out, with a line that says so.

    Raises:
        UserError: there is no such notebook.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file, but the book has a page of it")
    notebook = nbformat.read(path, as_version=4)
    note = nbformat.v4.new_markdown_cell(f"*This notebook was {NOT_RUN}.*")
    notebook.cells.insert(1, note)
    _write(notebook, out)


def _write(notebook: Any, out: Path) -> None:
    with write_atomic(out, "w") as file:
        nbformat.write(notebook, file)


def check(notebook: Any, path: Path) -> None:
    """Refuse a notebook that was not executed to its end.

    Raises:
        UserError: no cell was executed, or one raised.
    """
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    if not any(cell.execution_count for cell in code):
        raise UserError(f"{path}: was not executed; the book shows notebooks as they were run")
    for output in (o for cell in code for o in cell.outputs if o.output_type == "error"):
        raise UserError(f"{path}: ended in an error ({output.ename}: {output.evalue})")
