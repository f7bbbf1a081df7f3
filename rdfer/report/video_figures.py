"""Pictures of videos: film strips, and what agreement sees in a video sweep by sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from rdfer.data.bank import FrameBank
from rdfer.data.manifest import Manifest
from rdfer.method import agreement
from rdfer.report import drawing
from rdfer.report.drawing import BLUE, INK, ORANGE, SOFT, Drawn

MARK = 3  # pixels of the line under a frame of the key segment
MARK_COLOUR = (230, 159, 0)
GIVEN, TRUE = ORANGE, BLUE
FRAMES = 8  # of a timeline's film strip


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
    height = len(films) * (width * films[0].shape[0] / films[0].shape[1] + 0.28)
    with drawing.style():
        figure, axes = drawing.subplots(len(films), 1, width=width, height=height, squeeze=False)
        for axis, strip, title in zip(axes.flat, films, titles, strict=True):
            axis.imshow(strip, interpolation="nearest")
            axis.set_title(title, fontsize=9.5, color=INK, pad=2)
            axis.set_axis_off()
    return figure


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """One video over the sweeps of a training."""

    kind: str  #: clean, hard or noisy, as it is known to be
    frames: NDArray[np.uint8]  #: uint8 ``[F, H, W, 3]``, the whole video
    #: first frame of the key segment and the one after its last; None where there is none
    key: tuple[int, int] | None
    sweeps: NDArray[np.floating]  #: probabilities of the clips in each sweep, ``[S, N, C]``
    epochs: Sequence[int]  #: epoch of each sweep, ``[S]``
    given: int  #: index of the given class
    true: int  #: index of the true class


def example_timelines(
    arrays: Mapping[str, NDArray[Any]], manifest: Manifest, bank: FrameBank
) -> list[Timeline]:
    """A clean, a hard and a noisy training video of a run: of each kind the middle one by the gap.

    Args:
        arrays: of a run that was watched, see :func:`rdfer.training.experiment.run_arrays`.
        manifest: with truth.
        bank: the frames of its videos.
    """
    sweeps = arrays["sweep_clips"].astype(np.float64)
    noisy = arrays["train_given"] != arrays["train_true"]
    hard, sure = arrays["train_hard"], ~arrays["train_ambiguous"]
    kinds = {
        "clean": ~noisy & ~hard & sure,
        "hard": ~noisy & hard & sure,
        "noisy": noisy & ~hard & sure,
    }
    score = agreement.contrary(sweeps.mean((0, 2))[:, None], arrays["train_given"])
    found = []
    for kind, row in middle_videos(score, kinds).items():
        number = int(arrays["train_videos"][row])
        video = manifest.videos[number]
        found.append(
            Timeline(
                kind=kind,
                frames=bank.gather([number], np.arange(video.n_frames)[None])[0],
                key=video.truth.key if video.truth else None,
                sweeps=sweeps[:, row],
                epochs=arrays["sweep_epochs"].tolist(),
                given=int(arrays["train_given"][row]),
                true=int(arrays["train_true"][row]),
            )
        )
    return found


def middle_videos(
    score: NDArray[np.floating], kinds: dict[str, NDArray[np.bool_]]
) -> dict[str, int]:
    """The video of median score of each kind: typical, not picked for its looks.

    Args:
        score: of each video, ``[V]``.
        kinds: which videos are of a kind, ``[V]`` each; kinds without a video are left out.

    >>> middle_videos(np.array([0.1, 0.9, 0.2]), {"clean": np.array([True, True, True])})
    {'clean': 2}
    """
    found = {}
    for kind, inside in kinds.items():
        videos = np.flatnonzero(inside)
        if len(videos):
            ranked = videos[np.argsort(score[videos], kind="stable")]
            found[kind] = int(ranked[(len(ranked) - 1) // 2])
    return found


def draw_timelines(timelines: Sequence[Timeline], classes: Sequence[str]) -> Drawn:
    """Film strip, probabilities of the clips over the sweeps, and last vote of each video.

    Args:
        timelines: the videos, from top to bottom.
        classes: class names, by index.

    Returns:
        The figure, and the text that says what it shows.

    Raises:
        UserError: :func:`rdfer.method.agreement.vote` refuses the probabilities.
    """
    count = len(timelines)
    figure, axes = drawing.subplots(
        2 * count, 1, height=3.3 * count, squeeze=False, height_ratios=[1, 2] * count
    )
    said = []
    for video, strip, curves in zip(timelines, axes[::2, 0], axes[1::2, 0], strict=True):
        told = f"labelled {classes[video.given]}"
        if video.given != video.true:
            told += f", in truth {classes[video.true]}"
        # evenly spread frames; a line under those of the key segment
        shown = np.linspace(0, len(video.frames) - 1, FRAMES).round().astype(int)
        first, end = video.key or (0, 0)
        strip.imshow(film(video.frames[shown], [first <= frame < end for frame in shown]))
        strip.set_axis_off()
        strip.set_title(f"{video.kind}: {told}")
        verdict = _verdict(video, classes)
        _curves(curves, video)
        curves.set_title(verdict, fontsize=9.5, color=INK)
        said.append(f"{video.kind}, {told}: {verdict}")
    axes[-1, 0].set_xlabel("epoch of the sweep")
    drawing.legend(figure, *axes[1::2, 0])
    return figure, f"What the clips of {count} videos say in training. {'; '.join(said)}."


def _curves(axis: Axes, video: Timeline) -> None:
    """Probability of the given and the true class: thin for each clip, thick for their mean."""
    drawn = {video.true: ("true class", TRUE, "o"), video.given: ("given label", GIVEN, "s")}
    for c, (label, colour, marker) in reversed(drawn.items()):
        each = video.sweeps[:, :, c]
        axis.plot(video.epochs, each, color=colour, lw=0.7, alpha=0.45)
        axis.plot(video.epochs, each.mean(1), color=colour, marker=marker, lw=2.2, label=label)
    others = np.delete(video.sweeps.mean(1), list(drawn), axis=1).max(1)
    axis.plot(video.epochs, others, color=SOFT, ls=":", lw=1.5, label="best other class")
    axis.set(ylim=(-0.02, 1.02), ylabel="probability")
    axis.xaxis.set_major_locator(FixedLocator(list(video.epochs), nbins=8))


def _verdict(video: Timeline, classes: Sequence[str]) -> str:
    """The last vote, and the gap averaged over sweeps, in words."""
    last = video.sweeps[-1:].astype(np.float64)
    share, majority = agreement.vote(last)
    mean = video.sweeps.astype(np.float64).mean((0, 1))[None, None]
    gap = float(agreement.contrary(mean, np.array([video.given]))[0])
    votes = round(float(share[0]) * last.shape[1])
    signed = f"{gap:+.2f}".replace("-", "\N{MINUS SIGN}")
    side = "against" if gap > 0 else "for"
    return (
        f"last vote: {votes} of {last.shape[1]} clips for {classes[int(majority[0])]}; "
        f"averaged gap {signed}, {side} the label"
    )
