"""How every figure of the book is drawn: style, colours, axes, file format.

Widths are chosen so that the text stays readable on a phone, where a figure is some 380 px wide.
Figures have a white ground of their own, so they read the same on a light and a dark page.
Colours are told apart without colour vision (Okabe and Ito) and never carry a meaning alone:
markers, line styles or labels repeat it.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rdfer.base.files import write_atomic

INK, SOFT = "#222222", "#767676"
METHOD_STYLE: Mapping[str, tuple[str, str]] = {
    "plain": ("#767676", "o"),
    "plain-matched": ("#767676", "D"),
    "elr": ("#CC79A7", "v"),
    "elr-matched": ("#CC79A7", "d"),
    "vote": ("#D55E00", "s"),
    "ours": ("#0072B2", "^"),
    "clean": ("#222222", "P"),
}
KIND_STYLE: Mapping[str, tuple[str, str]] = {
    "clean": ("#0072B2", "-"),
    "hard": ("#E69F00", "--"),
    "noisy": ("#882255", ":"),
}
OTHER_STYLE = ("#009E73", "v")
STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
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


@dataclass(frozen=True)
class Look:
    """How one series of a figure is drawn and called."""

    label: str
    colour: str
    marker: str
    line: str = "-"


@contextmanager
def style() -> Iterator[None]:
    """The book's drawing style, for the time of a ``with`` block."""
    with matplotlib.rc_context(dict(STYLE)):
        yield


def method_style(method: str) -> tuple[str, str]:
    """Colour and marker of a method."""
    return METHOD_STYLE.get(method, OTHER_STYLE)


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


def error_bars(row: Mapping[str, Any], name: str, *, scale: float = 100.0) -> list[list[float]]:
    """Distances of an interval's ends from its mean, as errorbar wants them."""
    mean = row[f"{name}_mean"]
    ends = [row.get(f"{name}_{end}") for end in ("low", "high")]
    low, high = (mean if end is None else end for end in ends)
    return [[scale * max(mean - low, 0.0)], [scale * max(high - mean, 0.0)]]


def label_rows(axis: Axes, names: Sequence[str]) -> None:
    """One labelled row a name, the first one on top."""
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(False, axis="y")


def draw_series(
    axis: Axes,
    rows: Sequence[Mapping[str, Any] | None],
    name: str,
    look: Look,
    *,
    shift: float = 0.0,
    scale: float = 100.0,
) -> None:
    """Means with intervals, one a labelled row of the axis; a missing one says so at its left.

    Args:
        axis: its rows are 0, 1, ... from the top.
        rows: a row of the results for each of them; None where the study has none.
        name: of the metric; ``<name>_mean`` is None where runs are lacking.
        look: of the marks.
        shift: how far below the middle of its row a mark stands, in rows.
        scale: 100 shows fractions as percent.
    """
    # one empty mark, so that the legend has the series even where every row is missing
    bars: dict[str, Any] = {"color": look.colour, "marker": look.marker, "ls": ""}
    bars |= {"capsize": 2.5, "ms": 5.5}
    axis.errorbar([], [], xerr=[], label=look.label, **bars)
    for y, row in enumerate(rows):
        if row is None:
            continue
        if row[f"{name}_mean"] is None:
            axis.text(
                0.01,
                y + shift,
                f"{look.label}: missing",
                transform=axis.get_yaxis_transform(),
                va="center",
                fontsize=8,
                color=look.colour,
                bbox={"fc": "white", "ec": "none", "pad": 0.5},
            )
            continue
        error = error_bars(row, name, scale=scale)
        axis.errorbar(scale * row[f"{name}_mean"], y + shift, xerr=error, **bars)


def shifts(count: int, *, room: float = 0.6) -> list[float]:
    """Where marks of so many series stand in a row, side by side around its middle.

    >>> shifts(3)
    [-0.3, 0.0, 0.3]
    """
    return [room * (k / (count - 1) - 0.5) if count > 1 else 0.0 for k in range(count)]


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as SVG; the same numbers give the same bytes on one machine."""
    with style(), write_atomic(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None}, bbox_inches="tight")
