"""What agreement sees in a video: its frames, what its clips say by sweep, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from rdfer.data.bank import FrameBank
from rdfer.data.manifest import Manifest
from rdfer.method import agreement
from rdfer.report.drawing import INK, SOFT, Drawn, subplots
from rdfer.report.sheets import film

GIVEN, TRUE = "#D55E00", "#0072B2"
FRAMES = 8  # of a film strip


@dataclass(frozen=True, kw_only=True)
class Course:
    """One video through training.

    Attributes:
        kind: clean, hard or noisy, as it is known to be.
        frames: uint8 ``[F, H, W, 3]``, the whole video.
        key: first frame of the key segment and the one after its last; None where there is none.
        sweeps: probabilities of the clips in each sweep, ``[S, N, C]``.
        epochs: epoch of each sweep, ``[S]``.
        given: index of the given class.
        true: index of the true class.
    """

    kind: str
    frames: NDArray[np.uint8]
    key: tuple[int, int] | None
    sweeps: NDArray[np.floating]
    epochs: Sequence[int]
    given: int
    true: int


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


def draw_course(courses: Sequence[Course], classes: Sequence[str]) -> Drawn:
    """Film strip, probabilities of the clips over the sweeps, and last vote of each video.

    Args:
        courses: the videos, from top to bottom.
        classes: class names, by index.

    Returns:
        The figure, and the text that says what it shows.

    Raises:
        UserError: :func:`rdfer.method.agreement.vote` refuses the probabilities.
    """
    figure, axes = subplots(
        2 * len(courses),
        1,
        height=3.3 * len(courses),
        squeeze=False,
        height_ratios=[1, 2] * len(courses),
    )
    said = []
    for course, strip, curves in zip(courses, axes[::2, 0], axes[1::2, 0], strict=True):
        told = f"labelled {classes[course.given]}"
        if course.given != course.true:
            told += f", in truth {classes[course.true]}"
        _strip(strip, course)
        strip.set_title(f"{course.kind}: {told}")
        verdict = _verdict(course, classes)
        _curves(curves, course)
        curves.set_title(verdict, fontsize=9.5)
        said.append(f"{course.kind}, {told}: {verdict}")
    axes[-1, 0].set_xlabel("epoch of the sweep")
    handles: dict[str, Any] = {}
    for axis in axes[1::2, 0]:
        drawn, labels = axis.get_legend_handles_labels()
        handles |= dict(zip(labels, drawn, strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=3)
    return figure, f"What the clips of {len(courses)} videos say in training. {'; '.join(said)}."


def _strip(axis: Axes, course: Course) -> None:
    """Evenly spread frames; a line under those of the key segment."""
    shown = np.linspace(0, len(course.frames) - 1, FRAMES).round().astype(int)
    first, end = course.key or (0, 0)
    axis.imshow(film(course.frames[shown], [first <= frame < end for frame in shown]))
    axis.set_axis_off()


def _curves(axis: Axes, course: Course) -> None:
    """Probability of the given and the true class: thin for each clip, thick for their mean."""
    drawn = [(course.given, "given label", GIVEN, "s")]
    if course.true != course.given:
        drawn.append((course.true, "true class", TRUE, "o"))
    for c, label, colour, marker in drawn:
        each = course.sweeps[:, :, c]
        axis.plot(course.epochs, each, color=colour, lw=0.7, alpha=0.45)
        mean = each.mean(1)
        axis.plot(course.epochs, mean, color=colour, marker=marker, lw=2.2, label=label)
    others = np.delete(course.sweeps.mean(1), [c for c, *_ in drawn], axis=1).max(1)
    axis.plot(course.epochs, others, color=SOFT, ls=":", lw=1.5, label="best other class")
    axis.set(ylim=(-0.02, 1.02), ylabel="probability")
    axis.xaxis.set_major_locator(FixedLocator(list(course.epochs), nbins=8))
    axis.title.set_color(INK)


def _verdict(course: Course, classes: Sequence[str]) -> str:
    """The last vote, and the gap averaged over sweeps, in words."""
    last = course.sweeps[-1:].astype(np.float64)
    share, majority = agreement.vote(last)
    mean = course.sweeps.astype(np.float64).mean((0, 1))[None, None]
    gap = float(agreement.contrary(mean, np.array([course.given]))[0])
    votes = round(float(share[0]) * last.shape[1])
    signed = f"{gap:+.2f}".replace("-", "\N{MINUS SIGN}")
    side = "against" if gap > 0 else "for"
    return (
        f"last vote: {votes} of {last.shape[1]} clips for {classes[int(majority[0])]}; "
        f"averaged gap {signed}, {side} the label"
    )


def example_courses(
    arrays: Mapping[str, NDArray[Any]], manifest: Manifest, bank: FrameBank
) -> list[Course]:
    """A clean, a hard and a noisy training video of a run: of each kind the middle one by the gap.

    Args:
        arrays: of a run that was watched, see :func:`rdfer.training.experiment.run_arrays`.
        manifest: with truth.
        bank: the frames of its clips.
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
        video = int(arrays["train_videos"][row])
        known = manifest.videos[video]
        found.append(
            Course(
                kind=kind,
                frames=bank.gather([video], np.arange(known.n_frames)[None])[0],
                key=known.truth.key if known.truth else None,
                sweeps=sweeps[:, row],
                epochs=arrays["sweep_epochs"].tolist(),
                given=int(arrays["train_given"][row]),
                true=int(arrays["train_true"][row]),
            )
        )
    return found
