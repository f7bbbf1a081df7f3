"""Pictures that the notebooks show besides the book's figures: film strips and curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from rdfer.report.drawing import INK, method_style, style, subplots

MARK = 3  # pixels of the line under a frame of the key segment
MARK_COLOUR = (230, 159, 0)


def film(frames: NDArray[np.uint8], marks: Sequence[bool] | None = None) -> NDArray[np.uint8]:
    """Frames side by side; those marked have a line along their lower edge.

    Args:
        frames: uint8 [T, H, W, 3].
        marks: which frames to mark, [T].

    Returns:
        uint8 [H, T W, 3].
    """
    shown = frames.copy()
    for frame, mark in zip(shown, marks or [], strict=False):
        if mark:
            frame[-MARK:] = MARK_COLOUR
    return np.concatenate(list(shown), axis=1)


def show_films(
    films: Sequence[NDArray[np.uint8]], titles: Sequence[str], *, width: float = 9.0
) -> Figure:
    """One film strip a row, each with its title above it."""
    ratio = films[0].shape[0] / films[0].shape[1]
    with style():
        figure, axes = subplots(
            len(films), 1, width=width, height=len(films) * (width * ratio + 0.28), squeeze=False
        )
        for axis, strip, title in zip(axes.flat, films, titles, strict=True):
            axis.imshow(strip, interpolation="nearest")
            axis.set_title(title, fontsize=9.5, color=INK, pad=2)
            axis.set_axis_off()
    return figure


def show_histories(
    histories: Mapping[str, Mapping[str, Any]],
    titles: Mapping[str, str],
    *,
    scored: str = "noisy validation part",
) -> Figure:
    """UAR by epoch, and share of memorised wrong labels by sweep where it is known.

    Args:
        histories: metrics' ``history`` by method name.
        titles: how each method is called.
        scored: the part that chooses the epoch, of which the UAR is.
    """
    known = any(history["memorised"] for history in histories.values())
    with style():
        figure, axes = subplots(1, 1 + known, width=9.0, height=3.2, squeeze=False)
        left, right = axes[0, 0], axes[0, -1]
        for name, history in histories.items():
            colour, marker = method_style(name)
            line = {"color": colour, "marker": marker, "ms": 4, "label": titles[name]}
            epochs = np.arange(1, len(history["val_uar"]) + 1)
            every = max(len(epochs) // 8, 1)
            dashed = "--" if name == "plain-matched" else "-"
            left.plot(epochs, 100 * np.array(history["val_uar"]), dashed, markevery=every, **line)
            if history["memorised"]:
                right.plot(
                    history["sweep_epochs"], 100 * np.array(history["memorised"]), dashed, **line
                )
        if known:
            right.set(xlabel="epoch", ylabel="wrong labels learnt, %")
        left.set(xlabel="epoch", ylabel=f"UAR, {scored}, %")
        for axis in (left, right):
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.legend(fontsize=9)
    return figure
