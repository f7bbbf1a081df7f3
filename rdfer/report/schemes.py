"""The schematic figures of the method pages. They show how the method works, not a result.

Frames are picked by :mod:`rdfer.method.sampling` itself, so the drawing cannot differ from the
code.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import BoxStyle, FancyBboxPatch, Rectangle

from rdfer.data.manifest import CLASSES
from rdfer.faces import portraits
from rdfer.method import sampling
from rdfer.report import drawing
from rdfer.report.drawing import INK, SOFT, Drawn

FRAMES = 64
KEY = (38, 54)  # the key segment of the drawn video
PEAKS = (2, 6, 10, 12)  # the synopsis frames where four classes peak
PEOPLE = (6, 9)  # whose faces are shown
PIXELS = 192  # of a face in the picture of faces
COLUMNS = 4  # faces side by side
LONG, SHORT, PALE = "#0072B2", "#A84300", "#eef3f8"
MIDDLE: Mapping[str, Any] = {"ha": "center", "va": "center", "color": INK}
Point: TypeAlias = tuple[float, float]
#: Words in a kind's colour, dark enough to be read on white.
KIND_TEXT: Mapping[str, str] = {"clean": "#0072B2", "hard": "#8A5A00", "noisy": "#882255"}
#: A class in as few letters as tell it apart.
LETTERS = dict(zip(CLASSES, ("H", "Sa", "N", "A", "Su", "D", "F"), strict=True))


def scheme_sampling() -> Drawn:
    """From a video to its synopsis, detail clips and agreement clips."""
    rng = np.random.default_rng(3)
    figure, axis = drawing.subplots(1, 1, height=3.7)
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


def _strip(axis: Axes, y: float, frames: Iterable[int], colour: str) -> None:
    for frame in frames:
        axis.add_patch(Rectangle((frame + 0.08, y - 0.4), 0.84, 0.8, fc=colour, ec="none"))


def _title(axis: Axes, y: float, text: str, colour: str = INK) -> None:
    axis.text(0, y - 0.55, text, fontsize=9.5, color=colour, va="bottom")


def scheme_network() -> Drawn:
    """The dual-stream network with key-expression re-sampling between its streams."""
    figure, axis = drawing.subplots(1, 1, height=4.6)
    axis.set(xlim=(0, 10), ylim=(0.1, 6.1))
    axis.axis("off")
    for x, y, width, text, colour in (
        (0.0, 5.3, 2.1, "synopsis\n16 frames", LONG),
        (2.75, 5.3, 1.7, "frame\nencoder", SOFT),
        (5.1, 5.3, 2.7, "long-term\nstream: BiLSTM,\nattention", LONG),
        (8.45, 5.3, 1.5, "logits", LONG),
        (1.1, 3.1, 3.6, "key-expression\nre-sampling: where\neach class peaks", INK),
        (0.0, 0.9, 2.1, "detail\n4 clips\nof 4 frames", SHORT),
        (2.75, 0.9, 1.7, "frame\nencoder", SOFT),
        (5.1, 0.9, 2.7, "short-term\nstream: motion,\nBiLSTM, attention", SHORT),
        (8.45, 0.9, 1.5, "logits", SHORT),
    ):
        _box(axis, x, y, width, text, colour)
    for y in (5.3, 0.9):
        for start, end in ((2.1, 2.75), (4.45, 5.1), (7.8, 8.45)):
            _arrow(axis, (start, y), (end, y))
    _arrow(axis, (5.5, 4.68), (4.5, 3.74), "probability of each\nclass in each frame", shift=-2.2)
    _arrow(axis, (1.95, 2.46), (1.05, 1.54), "which frames", shift=1.2)
    _arrow(axis, (6.7, 4.68), (6.7, 1.54), "gates the\nchannels", line="--")
    _arrow(axis, (9.2, 4.68), (9.2, 3.4))
    _arrow(axis, (9.2, 1.52), (9.2, 2.75))
    axis.text(9.1, 3.08, "prediction", fontsize=10.5, weight="bold", **MIDDLE)
    return figure, (
        "Two rows of boxes. Above: 16 synopsis frames, frame encoder, long-term stream, logits. "
        "Below: four detail clips of four frames, frame encoder, short-term stream, logits. The "
        "long-term stream's per-frame probabilities choose the detail clips, and its feature "
        "gates the channels of the short-term stream. The prediction is made of the logits."
    )


def _box(axis: Axes, x: float, y: float, width: float, text: str, colour: str) -> None:
    style = BoxStyle("round", pad=0.02, rounding_size=0.12)
    corner = (x + 0.06, y - 0.55)
    box = FancyBboxPatch(corner, width - 0.12, 1.1, style, fc=PALE, ec=colour, lw=1.5)
    axis.add_patch(box)
    axis.text(x + width / 2, y, text, fontsize=10.5, **MIDDLE)


def _arrow(
    axis: Axes, start: Point, end: Point, text: str = "", *, line: str = "-", shift: float = 0.0
) -> None:
    """An arrow; its text sits in the middle, ``shift`` to the right."""
    axis.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.2, "ls": line}
    )
    x, y = (start[0] + end[0]) / 2 + shift, (start[1] + end[1]) / 2
    ground = {"fc": "white", "ec": "none", "pad": 1.5}
    axis.text(x, y, text, fontsize=10, bbox=ground if text else None, **MIDDLE)


#: Given label and what the model says on eight clips of one video, one example a kind.
EXAMPLES: Mapping[str, tuple[str, str, str]] = {
    "clean": ("Happy", "H H H H H H Su H", "used as it is"),
    "hard": ("Fear", "F Su F N Su F F N", "reinforced: more weight"),
    "noisy": ("Sad", "A A A A A A A N", "mitigated: less weight,\nor a new label"),
}


def scheme_agreement() -> Drawn:
    """Votes of eight clips against the given label: one clean, one hard, one noisy sample."""
    figure, axis = drawing.subplots(1, 1, height=3.3)
    axis.set(xlim=(0, 12.6), ylim=(5.9, -0.2))
    axis.axis("off")
    for row, (kind, (label, said, action)) in enumerate(EXAMPLES.items()):
        votes = said.split()
        y, (top, count) = 0.7 + 1.95 * row, Counter(votes).most_common(1)[0]
        axis.text(0, y, f"label\n{label}", va="center", fontsize=10)
        for index, vote in enumerate(votes):
            right = vote == LETTERS[label]
            corner, face = (1.6 + 0.66 * index, y - 0.42), "#cfe3f3" if right else "#f6dcc6"
            axis.add_patch(Rectangle(corner, 0.56, 0.84, ec=INK, lw=0.8, fc=face))
            axis.text(1.88 + 0.66 * index, y, vote, fontsize=9.5, **MIDDLE)
        axis.text(7.1, y, f"A = {count}/{len(votes)}\nmajority {top}", va="center", fontsize=10)
        colour = KIND_TEXT[kind]
        axis.text(9.4, y - 0.35, kind, va="center", fontsize=11, weight="bold", color=colour)
        axis.text(9.4, y + 0.02, action.replace(": ", ":\n"), va="top", fontsize=9.5)
    return figure, (
        "Three videos with the predictions of eight clips. Clean: seven of eight clips agree with "
        "the label. Hard: only four of eight agree on anything. Noisy: seven of eight agree on "
        "another class than the label."
    )


def faces() -> Drawn:
    """Some of the synthetic faces, each with every class: two rows a person, few wide tiles."""
    rows = -(-len(CLASSES) // COLUMNS)
    count = rows * len(PEOPLE)
    figure, axes = drawing.subplots(count, COLUMNS, height=1.85 * count, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for index, portrait in enumerate(portraits.portraits(PEOPLE)):
        person, place = divmod(index, len(CLASSES))
        axis = axes[rows * person + place // COLUMNS, place % COLUMNS]
        axis.imshow(portraits.draw(portrait, size=PIXELS), interpolation="antialiased")
        axis.set_title(portrait.label, loc="center", fontsize=11, pad=3)
    return figure, (
        f"{len(PEOPLE)} synthetic faces, each showing the seven classes at full strength: "
        + ", ".join(CLASSES).lower()
        + "."
    )


#: File stem -> who draws it.
SCHEMES: Mapping[str, Callable[[], Drawn]] = {
    draw.__name__: draw for draw in (scheme_sampling, scheme_network, scheme_agreement, faces)
}


def draw_schemes(out: str | Path) -> dict[str, Path]:
    """Draw every schematic figure as ``<name>.svg`` with its text in ``<name>.json``."""
    return {name: drawing.draw_file(Path(out) / name, draw) for name, draw in SCHEMES.items()}
