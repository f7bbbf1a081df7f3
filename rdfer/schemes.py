"""The schematic figures of the method pages. They show how the method works, not a result.

Frames are picked by :mod:`rdfer.sampling` itself, so the drawing cannot differ from the code.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from rdfer import sampling
from rdfer.drawing import INK, KIND_STYLE, SOFT, Drawn, save, style, subplots
from rdfer.faces import sheet
from rdfer.files import write_json
from rdfer.manifest import CLASSES

FRAMES = 64
KEY = (38, 50)  # the key segment of the drawn video
PEAKS = (2, 6, 10, 11)  # the synopsis frames where four classes peak
PIXELS = 112  # of a face in the picture of faces
LONG, SHORT, PALE = "#0072B2", "#D55E00", "#eef3f8"


def sampling_scheme() -> Drawn:
    """From a video to its synopsis, detail clips and agreement clips."""
    rng = np.random.default_rng(3)
    figure, axis = subplots(1, 1, height=3.7)
    axis.set(xlim=(-1, FRAMES), ylim=(7.4, -1.3))
    axis.axis("off")
    _strip(axis, 0, range(FRAMES), "#c9d4df")
    axis.add_patch(Rectangle((KEY[0], -0.4), KEY[1] - KEY[0], 0.8, fc="#f3c98b", ec="none"))
    axis.text(sum(KEY) / 2, -0.62, "key expression", ha="center", fontsize=9)
    _title(axis, 0, f"video: {FRAMES} stored frames, each a box")
    _title(axis, 1.5, "synopsis: one frame of each of 16 segments", LONG)
    synopsis = sampling.synopsis([FRAMES], generator=rng)[0]
    _strip(axis, 1.5, synopsis, LONG)
    _title(axis, 3.0, "detail: 4 frames around each key frame", SHORT)
    for clip in sampling.detail(synopsis[None, PEAKS], [FRAMES])[0]:
        _strip(axis, 3.0, clip, SHORT)
    _title(axis, 4.5, "agreement: N further clips, drawn anew (3 shown)", INK)
    clips = sampling.agreement_clips([FRAMES], clips=3, generator=rng)[0]
    for row, clip in enumerate(clips):
        _strip(axis, 4.5 + 0.95 * row, clip, SOFT)
    return figure, (
        "A strip of 64 frames with the key expression marked. Below it the synopsis, 16 frames "
        "spread over the whole strip; four detail clips of four neighbouring frames, two of them "
        "in the key expression; and three agreement clips of 16 frames at other random places."
    )


def _strip(axis: Axes, y: float, frames: "np.ndarray | range", colour: str) -> None:
    for frame in frames:
        axis.add_patch(Rectangle((frame + 0.08, y - 0.4), 0.84, 0.8, fc=colour, ec="none"))


def _title(axis: Axes, y: float, text: str, colour: str = INK) -> None:
    axis.text(0, y - 0.55, text, fontsize=9.5, color=colour, va="bottom")


def network_scheme() -> Drawn:
    """The dual-stream network with key-expression re-sampling between its streams."""
    figure, axis = subplots(1, 1, height=3.7)
    axis.set(xlim=(0, 10), ylim=(0.2, 6.2))
    axis.axis("off")
    for x, y, width, text, colour in (
        (0.0, 5.3, 2.1, "synopsis\n16 frames", LONG),
        (2.75, 5.3, 1.7, "frame\nencoder", SOFT),
        (5.1, 5.3, 2.6, "long-term stream\nBiLSTM, attention", LONG),
        (8.35, 5.3, 1.6, "logits", LONG),
        (1.7, 3.1, 3.7, "key-expression re-sampling\nwhere each class peaks", INK),
        (0.0, 0.9, 2.1, "detail\n4 clips × 4 frames", SHORT),
        (2.75, 0.9, 1.7, "frame\nencoder", SOFT),
        (5.1, 0.9, 2.6, "short-term stream\nmotion, BiLSTM, attention", SHORT),
        (8.35, 0.9, 1.6, "logits", SHORT),
    ):
        _box(axis, x, y, width, text, colour)
    for y in (5.3, 0.9):
        for start, end in ((2.1, 2.75), (4.45, 5.1), (7.7, 8.35)):
            _arrow(axis, (start, y), (end, y))
    _arrow(axis, (5.5, 4.72), (4.6, 3.7), "probability of each\nclass in each frame", shift=-1.6)
    _arrow(axis, (1.95, 2.5), (1.05, 1.5), "which frames", shift=1.0)
    _arrow(axis, (6.7, 4.72), (6.7, 1.5), "gates the\nchannels", dashed=True)
    _arrow(axis, (9.15, 4.72), (9.15, 3.6))
    _arrow(axis, (9.15, 1.48), (9.15, 2.6))
    axis.text(9.15, 3.1, "prediction", ha="center", va="center", fontsize=9, weight="bold")
    return figure, (
        "Two rows of boxes. Above: 16 synopsis frames, frame encoder, long-term stream, logits. "
        "Below: four detail clips of four frames, frame encoder, short-term stream, logits. The "
        "long-term stream's per-frame probabilities choose the detail clips, and its feature "
        "gates the channels of the short-term stream. The prediction is made of the logits."
    )


def _box(axis: Axes, x: float, y: float, width: float, text: str, colour: str) -> None:
    axis.add_patch(
        FancyBboxPatch(
            (x + 0.06, y - 0.55),
            width - 0.12,
            1.1,
            fc=PALE,
            ec=colour,
            lw=1.5,
            boxstyle="round,pad=0.02,rounding_size=0.12",
        )
    )
    axis.text(x + width / 2, y, text, ha="center", va="center", fontsize=8.5, color=INK)


def _arrow(
    axis: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    text: str = "",
    *,
    dashed: bool = False,
    shift: float = 0.0,
) -> None:
    """An arrow; its text sits in the middle, ``shift`` to the right."""
    look = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "ls": "--" if dashed else "-"}
    axis.annotate("", end, start, arrowprops=look)
    x, y = (start[0] + end[0]) / 2 + shift, (start[1] + end[1]) / 2
    if text:
        axis.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=8.5,
            color=INK,
            bbox={"fc": "white", "ec": "none", "pad": 1.5},
        )


#: Given label and what the model says on eight clips of one video, one example a kind.
EXAMPLES: Mapping[str, tuple[str, str, str]] = {
    "clean": ("Happy", "HHHHHHSH", "used as it is"),
    "hard": ("Fear", "FSFNSFFN", "reinforced: more weight"),
    "noisy": ("Sad", "AAAAAAAN", "mitigated: less weight, or a new label"),
}


def agreement_scheme() -> Drawn:
    """Votes of eight clips against the given label: one clean, one hard, one noisy sample."""
    figure, axis = subplots(1, 1, height=3.3)
    axis.set(xlim=(0, 12.6), ylim=(5.9, -0.2))
    axis.axis("off")
    for row, (kind, (label, votes, action)) in enumerate(EXAMPLES.items()):
        y, (top, count) = 0.7 + 1.95 * row, Counter(votes).most_common(1)[0]
        axis.text(0, y, f"label\n{label}", va="center", fontsize=9)
        for index, vote in enumerate(votes):
            right = vote == label[0]
            axis.add_patch(
                Rectangle(
                    (1.6 + 0.66 * index, y - 0.42),
                    0.56,
                    0.84,
                    ec=INK,
                    lw=0.8,
                    fc="#cfe3f3" if right else "#f6dcc6",
                )
            )
            axis.text(1.88 + 0.66 * index, y, vote, ha="center", va="center", fontsize=9.5)
        axis.text(7.1, y, f"A = {count}/{len(votes)}\nmajority {top}", va="center", fontsize=9)
        colour = KIND_STYLE[kind][0]
        axis.text(9.3, y - 0.3, kind, va="center", fontsize=11, weight="bold", color=colour)
        axis.text(9.3, y + 0.2, action.replace(": ", ":\n"), va="top", fontsize=8.5)
    return figure, (
        "Three videos with the predictions of eight clips. Clean: seven of eight clips agree with "
        "the label. Hard: only four of eight agree on anything. Noisy: seven of eight agree on "
        "another class than the label."
    )


PEOPLE = (6, 9, 3)


def faces() -> Drawn:
    """Some of the synthetic faces: a row a person, a column a class."""
    figure, axes = subplots(
        len(PEOPLE), len(CLASSES), width=7.2, height=3.4, gridspec_kw={"wspace": 0, "hspace": 0}
    )
    for axis, portrait in zip(axes.flat, sheet.portraits(PEOPLE), strict=True):
        axis.imshow(sheet.draw(portrait, size=PIXELS), interpolation="antialiased")
        axis.set_axis_off()
        if portrait.identity == PEOPLE[0]:
            axis.set_title(portrait.label, loc="center", fontsize=9)
    return figure, (
        f"{len(PEOPLE)} synthetic faces in rows, each showing the seven classes at full strength: "
        + ", ".join(CLASSES).lower()
        + "."
    )


#: File stem -> who draws it.
SCHEMES: Mapping[str, Callable[[], Drawn]] = {
    "scheme_sampling": sampling_scheme,
    "scheme_network": network_scheme,
    "scheme_agreement": agreement_scheme,
    "faces": faces,
}


def draw_schemes(out: str | Path) -> dict[str, Path]:
    """Draw every schematic figure as ``<name>.svg`` with its text in ``<name>.json``."""
    drawn = {}
    for name, draw in SCHEMES.items():
        with style():
            figure, said = draw()
        drawn[name] = Path(out) / f"{name}.svg"
        save(figure, drawn[name])
        write_json(
            Path(out) / f"{name}.json",
            {"name": name, "alt": said, "drawn_by": f"rdfer.schemes.{draw.__name__}"},
        )
    return drawn
