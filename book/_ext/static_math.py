r"""Sphinx extension: formulas as inline SVG, drawn once while the book is built.

The usual MathJax comes from a public network at reading time; these pages need nothing but
themselves. Matplotlib's mathtext does the setting. Glyphs take the colour of the text around
them, so the light and the dark page both work, and the TeX source is the accessible name.

Mathtext knows a large part of TeX, yet no ``align`` or ``cases``: rows are split at ``\\``
and an ampersand is dropped. A formula that it cannot set is a build warning, so an error.
"""

import re
from functools import lru_cache
from html import escape
from typing import Any

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from sphinx.application import Sphinx
from sphinx.util import logging

SIZE = 20.0  # points the glyphs are set in; the page scales them to 1 em
EM = SIZE * 0.92  # the maths font runs a little small beside the page's
ENVIRONMENT = re.compile(r"\\(begin|end)\{(aligned|align\*?|split|gathered|equation\*?)\}")
# TeX that authors write and mathtext knows under another name
SAME = {
    r"\lVert": r"\Vert",
    r"\rVert": r"\Vert",
    r"\dots": r"\ldots",
    r"\tfrac": r"\frac",
    r"\arg": r"\operatorname{arg}",
    r"\le": r"\leq",
    r"\ge": r"\geq",
    r"\mid": r"|",
}
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}

logger = logging.getLogger(__name__)


@lru_cache(maxsize=4096)
def to_svg(tex: str) -> str:
    """One row of TeX as an ``<svg>`` element sitting on the text's base line.

    Raises:
        ValueError: mathtext cannot set it.
    """
    source = tex
    for old, new in SAME.items():
        source = re.sub(re.escape(old) + r"(?![A-Za-z])", lambda _, n=new: n, source)
    font = FontProperties(size=SIZE, math_fontfamily="stix")
    box = MathTextParser("path").parse(f"${source}$", dpi=72, prop=font)
    vertices, codes = TextToPath().get_text_path(font, f"${source}$", ismath=True)
    # glyphs are set at the converter's own font size
    scale = SIZE / TextToPath.FONT_SCALE
    outline = _outline(Path(vertices, codes), scale) if len(vertices) else ""
    width, height, depth = float(box.width), float(box.height), float(box.depth)
    pad = 0.6
    total = height + 2 * pad
    style = f"height:{total / EM:.3f}em;vertical-align:{-(depth + pad) / EM:.3f}em"
    return (
        f'<svg class="formula" role="img" aria-label="{escape(tex)}" style="{style}" '
        f'viewBox="0 {-(height - depth) - pad:.2f} {width:.2f} {total:.2f}" '
        f'fill="currentColor"><path d="{outline}"/></svg>'
    )


def _outline(path: Path, scale: float) -> str:
    """SVG path data; y turned round, since SVG counts downwards."""
    parts = []
    for points, code in path.iter_segments(simplify=False, curves=True):
        if code == Path.CLOSEPOLY:
            parts.append("Z")
            continue
        numbers = " ".join(
            f"{scale * (-value if index % 2 else value):.2f}" for index, value in enumerate(points)
        )
        parts.append(LETTERS[code] + numbers)
    return "".join(parts)


def rows(tex: str) -> list[str]:
    """The rows of a displayed formula, without the alignment marks."""
    bare = ENVIRONMENT.sub("", tex).replace(r"\frac", r"\dfrac")
    return [row.replace("&", "").strip() for row in bare.split(r"\\") if row.strip()]


def _set(node: Any, tex: str) -> str:
    try:
        return to_svg(" ".join(tex.split()))
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        logger.warning("formula cannot be set (%s): %s", reason, tex, location=node)
        return f"<code>{escape(tex)}</code>"


def visit_math(self: Any, node: Any) -> None:
    """Write an inline formula."""
    self.body.append(f'<span class="formula-inline">{_set(node, node.astext())}</span>')
    raise nodes.SkipNode


def visit_displaymath(self: Any, node: Any) -> None:
    """Write a displayed formula, with its number where it has one."""
    self.body.append('<div class="formula-display">')
    if node.get("number"):
        self.body.append(f'<span class="formula-number">({node["number"]})</span>')
    for row in rows(node.astext()):
        self.body.append(f"<div>{_set(node, row)}</div>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name ``static``."""
    app.add_html_math_renderer("static", (visit_math, None), (visit_displaymath, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
