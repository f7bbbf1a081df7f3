"""Names written beside the marks of a figure, so that none covers another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from rdfer.report.drawing import SOFT

FONT = 10.0  # points
LEADER = 10.0  # points; from here on a line leads from the mark to its label
MARK, AIR = 6.0, 2.0  # half a mark, and what is kept free around a label, in pixels
CROSSING = 25  # square pixels; a leading line through something is as bad as covering this much
NEIGHBOURS = 40.0  # pixels; marks nearer than this crowd each other


@dataclass(frozen=True)
class Label:
    """What is written at a mark: text, the mark's place in data, colour."""

    text: str
    x: float
    y: float
    colour: str


@dataclass(frozen=True)
class Place:
    """Where a label stands beside its mark.

    Attributes:
        distance: from the mark, in points.
        angle: direction from the mark in degrees, 0 to the right, 90 up.
    """

    distance: float
    angle: float

    @property
    def step(self) -> tuple[float, float]:
        """From the mark to the label's nearest point or edge, in points."""
        turn = np.radians(self.angle)
        return float(self.distance * np.cos(turn)), float(self.distance * np.sin(turn))

    @property
    def hold(self) -> tuple[float, float]:
        """Where in the label that point lies, as shares of its width and height."""
        across, up = (
            0.0 if step > 0.3 else 1.0 if step < -0.3 else 0.5
            for step in (np.cos(np.radians(self.angle)), np.sin(np.radians(self.angle)))
        )
        return across, up

    def box(self, mark: np.ndarray, size: tuple[float, float], scale: float) -> Bbox:
        """What a label covers there, with a little air, in pixels; ``scale`` is pixels a point."""
        corner = [
            mark[axis] + self.step[axis] * scale - self.hold[axis] * size[axis] for axis in (0, 1)
        ]
        return Bbox.from_bounds(corner[0], corner[1], *size).padded(AIR)


#: The places that a label may take, the best first.
PLACES = tuple(
    Place(distance, angle)
    for distance in (7.0, 14.0, 22.0, 32.0, 44.0, 58.0)
    for angle in (0, 180, 90, 270, 35, 145, 215, 325, 60, 120, 240, 300)
)


def place_labels(
    axis: Axes, labels: Sequence[Label], taken: Sequence[Bbox] = ()
) -> list[Annotation]:
    """Write every label so that none covers another or a mark, or leaves the frame.

    The most crowded mark chooses first; each takes the first free one of :data:`PLACES`, or where
    none is free the one that covers least. The figure's layout must be fixed already, since places
    are found in pixels.

    Args:
        axis: where the marks are drawn.
        labels: what to write.
        taken: boxes in pixels that labels keep clear of, beside the marks.
    """
    if not labels:
        return []
    points = axis.transData.transform(np.array([(label.x, label.y) for label in labels]))
    marks = [Bbox.from_extents(*(point - MARK), *(point + MARK)) for point in points]
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    crowded = np.exp(-gaps / NEIGHBOURS).sum(1)
    figure, frame = axis.get_figure(root=True), axis.get_window_extent()
    scale = 1.0 if figure is None else figure.dpi / 72
    written: dict[int, Annotation] = {}
    boxes = list(taken)
    for index in np.argsort(-crowded, kind="stable").tolist():
        others = [*boxes, *(mark for other, mark in enumerate(marks) if other != index)]
        size = _size(axis, labels[index])
        choices = [place.box(points[index], size, scale) for place in PLACES]
        costs = [
            covered(box, frame, others) + CROSSING * crossed(points[index], place, scale, others)
            for place, box in zip(PLACES, choices, strict=True)
        ]
        best = costs.index(min(costs))
        boxes.append(choices[best])
        written[index] = _write(axis, labels[index], PLACES[best])
    return [written[index] for index in range(len(labels))]


def covered(box: Bbox, frame: Bbox, taken: Sequence[Bbox]) -> int:
    """How much of a box is outside the frame or covers something, in whole square pixels."""
    outside = box.width * box.height - overlap(box, frame)
    return round(outside + sum(overlap(box, other) for other in taken))


def crossed(mark: np.ndarray, place: Place, scale: float, taken: Sequence[Bbox]) -> int:
    """How many boxes the line from a mark to its label runs through; a near label has none."""
    if place.distance <= LEADER:
        return 0
    line = [mark + scale * share * np.array(place.step) for share in np.linspace(0.2, 1, 9)]
    return sum(any(box.contains(x, y) for x, y in line) for box in taken)


def overlap(one: Bbox, other: Bbox) -> float:
    """The area that two boxes share."""
    shared = Bbox.intersection(one, other)
    return 0.0 if shared is None else float(shared.width * shared.height)


def _size(axis: Axes, label: Label) -> tuple[float, float]:
    """Width and height of a label in pixels."""
    text = axis.annotate(label.text, (label.x, label.y), fontsize=FONT)
    box = text.get_window_extent()
    text.remove()
    return box.width, box.height


def _write(axis: Axes, label: Label, place: Place) -> Annotation:
    across, up = place.hold
    line = {"arrowstyle": "-", "color": SOFT, "lw": 0.7, "shrinkA": 0, "shrinkB": 4}
    return axis.annotate(
        label.text,
        (label.x, label.y),
        place.step,
        textcoords="offset points",
        ha={0.0: "left", 0.5: "center", 1.0: "right"}[across],
        va={0.0: "bottom", 0.5: "center", 1.0: "top"}[up],
        fontsize=FONT,
        color=label.colour,
        arrowprops=line if place.distance > LEADER else None,
    )
