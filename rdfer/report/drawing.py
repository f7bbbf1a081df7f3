"""How every figure of the book is drawn: style, colours, axes, marks with intervals, file format.

Widths are chosen so that the text stays readable on a phone, where a figure is some 380 px wide.
Figures have a white ground of their own, so they read the same on a light and a dark page.
Colours are told apart without colour vision (Okabe and Ito) and never carry a meaning alone:
markers, line styles or labels repeat it. A row of the results that lacks runs is drawn as missing,
never left out silently.
"""

import inspect
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from rdfer.base.files import sha256_file, write_atomic, write_json
from rdfer.report.readout import MISSING, PERCENT, Form, Row, find, is_missing, mean

INK, SOFT = "#222222", "#767676"
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
#: Method -> colour, marker and line.
METHOD_STYLE: Mapping[str, tuple[str, str, str]] = {
    "plain": (SOFT, "o", "-"),
    "plain-matched": (SOFT, "D", "--"),
    "elr": ("#CC79A7", "v", "-"),
    "elr-matched": ("#CC79A7", "d", "-"),
    "vote": (ORANGE, "s", "-"),
    "ours": (BLUE, "^", "-"),
    "clean": (INK, "P", "--"),
}
OTHER_STYLE = (GREEN, "v", "-")
KIND_STYLE: Mapping[str, tuple[str, str]] = {
    "clean": (BLUE, "-"),
    "hard": ("#E69F00", "--"),
    "noisy": ("#882255", ":"),
}
#: Lines of chance and of beginnings.
DOTTED: Mapping[str, Any] = {"color": SOFT, "ls": ":", "lw": 1.3}
STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "errorbar.capsize": 2.5,
    "figure.constrained_layout.use": True,
    "font.size": 10.5,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    # ids inside the file depend on this alone, so that the same numbers give the same bytes
    "svg.hashsalt": "rdfer",
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.left": False,
}
Drawn: TypeAlias = tuple[Figure, str]
"""A figure and the text that says what it shows, for readers who cannot see it."""
Rows: TypeAlias = Sequence[Row]


@dataclass(frozen=True)
class Look:
    """How one series of a figure is drawn and called."""

    label: str
    colour: str
    marker: str
    line: str = "-"


def method_look(method: str, label: str = "") -> Look:
    """How a method is drawn, in every figure alike."""
    return Look(label, *METHOD_STYLE.get(method, OTHER_STYLE))


@contextmanager
def style() -> Iterator[None]:
    """The book's drawing style, for the time of a ``with`` block."""
    with matplotlib.rc_context(dict(STYLE)):
        yield


class _Picture(Figure):
    """A figure that a notebook shows by itself, with or without pyplot and whatever its backend."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with style():
            self.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
        return buffer.getvalue()


def subplots(rows: int, columns: int, *, width: float = 6.6, height: float, **kwargs: Any) -> Any:
    """A figure of that size in inches and its axes, outside pyplot's global state."""
    figure = _Picture(figsize=(width, height))
    return figure, figure.subplots(rows, columns, **kwargs)


def intervals(
    rows: Sequence[Row | None], name: str, *, scale: float = 100.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means ``[R]`` of a metric and how far its intervals reach below and above them, ``[2, R]``.

    A mean is NaN where there is no row or its number is missing; without an interval (one seed)
    the reach is 0.

    >>> intervals([{"uar_mean": 0.5, "uar_low": 0.25, "uar_high": None}, None], "uar")
    (array([50., nan]), array([[25.,  0.],
           [ 0.,  0.]]))
    """
    there = [
        row and (row[f"{name}_mean"], row.get(f"{name}_low"), row.get(f"{name}_high"))
        for row in rows
    ]
    table = np.array([values or [None] * 3 for values in there], float).reshape(-1, 3)
    mean, low, high = table.T
    reach = np.maximum(np.stack([mean - low, high - mean]), 0)
    return scale * mean, scale * np.nan_to_num(reach)


def marks(
    axis: Axes,
    rows: Sequence[Row | None],
    name: str,
    look: Look,
    *,
    at: ArrayLike | None = None,
    shift: float = 0.0,
    scale: float = 100.0,
) -> None:
    """Means with intervals, one a labelled row of the axis; a missing one says so at its left.

    Args:
        axis: its rows are 0, 1, ... from the top.
        rows: a row of the results for each of them; None where the study has none.
        name: of the metric; ``<name>_mean`` is None where runs are lacking.
        look: of the marks.
        at: where the rows are, if not at 0, 1, ...
        shift: how far below the middle of its row a mark stands, in rows.
        scale: 100 shows fractions as percent.
    """
    means, reach = intervals(rows, name, scale=scale)
    heights = shift + (np.arange(len(rows)) if at is None else np.asarray(at, float))
    axis.errorbar(
        means, heights, xerr=reach, color=look.colour, marker=look.marker, ls="", label=look.label
    )
    for y, row in zip(heights, rows, strict=True):
        if row is not None and is_missing(row, name):
            axis.text(
                0.01,
                y,
                f"{look.label}: {MISSING}",
                transform=axis.get_yaxis_transform(),
                va="center",
                fontsize=8,
                color=look.colour,
                bbox={"fc": "white", "ec": "none", "pad": 0.5},
            )


def line(axis: Axes, x: ArrayLike, y: ArrayLike, look: Look, **more: Any) -> None:
    """A line, or marks alone where the look has no line; ``more`` is matplotlib's."""
    more = {"color": look.colour, "marker": look.marker, "ls": look.line, **more}
    axis.plot(x, y, label=look.label, **more)


def curve(
    axis: Axes,
    at: ArrayLike,
    rows: Rows,
    name: str,
    look: Look,
    *,
    scale: float = 100.0,
    bars: bool = True,
    **more: Any,
) -> None:
    """Means with intervals as a line over ``at``, broken where a row is missing."""
    means, reach = intervals(rows, name, scale=scale)
    more = {"color": look.colour, "marker": look.marker, "ls": look.line, **more}
    axis.errorbar(at, means, yerr=reach if bars else None, label=look.label, **more)


def grouped(
    axis: Axes,
    rows: Rows,
    name: str,
    *,
    groups: tuple[str, Mapping[str, str]],
    series: tuple[str, Mapping[str, Look]],
    form: Form = PERCENT,
) -> dict[str, str]:
    """A labelled row of the axis for each group, with the marks of every series in it.

    Args:
        axis: empty so far.
        rows: of the results.
        name: of the metric.
        groups: the key that tells groups apart, and the title of each of its values.
        series: the key that tells series apart, and the look of each of its values.
        form: how the metric is written.

    Returns:
        What each group shows, in words.
    """
    (along, titles), (by, looks) = groups, series
    found = {key: [find(rows, **{along: group, by: key}) for group in titles] for key in looks}
    for shift, (key, look) in zip(shifts(len(looks)), looks.items(), strict=True):
        marks(axis, found[key], name, look, shift=shift, scale=form.scale)
    label_rows(axis, list(titles.values()), borders=range(1, len(titles)))
    return {
        group: ", ".join(
            f"{look.label} {mean(row, name, form)}"
            for key, look in looks.items()
            if (row := found[key][place]) is not None
        )
        for place, group in enumerate(titles)
    }


def shifts(count: int, *, room: float = 0.6) -> list[float]:
    """Where marks of so many series stand in a row, side by side around its middle.

    >>> shifts(3)
    [-0.3, 0.0, 0.3]
    """
    return [room * (k / (count - 1) - 0.5) if count > 1 else 0.0 for k in range(count)]


def label_rows(axis: Axes, names: Sequence[str], *, borders: Collection[int] = ()) -> None:
    """One labelled row a name, the first one on top; a line above each row of ``borders``."""
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(False, axis="y")
    for row in borders:
        axis.axhline(row - 0.5, color=SOFT, lw=0.6)


def legend(figure: Figure, *axes: Axes, columns: int = 3, **look: Any) -> None:
    """One legend above all panels, which names what they show once."""
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    place = {"loc": "outside upper left", "ncols": columns, **look}
    figure.legend(list(handles.values()), list(handles), **place)


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as SVG; the same numbers give the same bytes on one machine."""
    with style(), write_atomic(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None}, bbox_inches="tight")


def draw_file(path: str | Path, draw: Callable[..., Drawn], *arguments: Any, **notes: Any) -> Path:
    """Draw a figure into ``<name>.svg``, with ``<name>.json`` beside it that says what it is.

    Args:
        path: without its ending.
        draw: makes the figure; its name, and the hash of the file that it is in, are noted.
        arguments: what ``draw`` takes.
        notes: what else is noted: of which results, run and settings it is.

    Returns:
        The figure's file.
    """
    with style():
        figure, said = draw(*arguments)
    out = Path(path).with_suffix(".svg")
    save(figure, out)
    about = {
        "drawn_by": f"{draw.__module__}.{draw.__name__}",
        "code": sha256_file(inspect.getfile(draw)),
    }
    write_json(out.with_suffix(".json"), {"name": out.stem, "alt": said, **about, **notes})
    return out
