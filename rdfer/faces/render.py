"""Frames of a synthetic face: blendshape weights and head pose in, uint8 pictures out."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.faces import raster
from rdfer.faces.creases import drivers, strokes
from rdfer.faces.head import (
    BLENDSHAPES,
    INDEX,
    LEFT_EYE,
    LOWER_TEETH,
    RIGHT_EYE,
    SKIN,
    UPPER_TEETH,
    load_head,
)
from rdfer.faces.identity import Identity
from rdfer.faces.texture import HEIGHT, WIDTH

Array = NDArray[np.float32]

#: Image share of the eye-to-chin height, and where the eyes lie (share of the height).
SCALE, EYE_LINE = 0.55, 0.41
#: What the head turns about, in face units from the point between the eyes.
PIVOT = np.array([0.0, -0.2, -0.45], np.float32)
#: Pixels are drawn at twice the size and averaged.
SUPERSAMPLING = 2


@dataclass(frozen=True)
class Light:
    """One lamp and the room."""

    #: unit vector towards the lamp (right, up, towards the camera)
    direction: tuple[float, float, float] = (0.25, 0.45, 0.857)
    ambient: float = 0.45  #: strength of the room's light
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)  #: linear colour of the lamp, mean 1
    intensity: float = 0.75  #: strength of the lamp


def make_light(seed: int) -> Light:
    """A lamp somewhere in front of the face, warm or cool, hard or soft, drawn from ``seed``.

    Raises:
        UserError: ``seed`` is negative.
    """
    if seed < 0:
        raise UserError(f"seed = {seed!r}: must be 0 or more")
    rng = Generator(PCG64([0x11647, seed]))
    side, height = rng.uniform(-0.9, 0.9), rng.uniform(-0.05, 0.9)
    direction = np.array([np.sin(side), np.sin(height), 1.0])
    direction /= np.linalg.norm(direction)
    warm = rng.normal(0.02, 0.07)
    ambient = float(rng.uniform(0.25, 0.5))
    return Light(
        direction=(float(direction[0]), float(direction[1]), float(direction[2])),
        ambient=ambient,
        colour=(float(1 + warm), 1.0, float(1 - warm)),
        intensity=float((1.2 - ambient) * rng.uniform(0.85, 1.1)),
    )


@lru_cache(maxsize=1)
def _materials() -> NDArray[np.uint8]:
    """0 skin (textured), 1 eye, 2 plain, 3 teeth, per triangle."""
    head = load_head()
    part = head.part[head.triangles[:, 0]]
    eye = (part == LEFT_EYE) | (part == RIGHT_EYE)
    teeth = (part == UPPER_TEETH) | (part == LOWER_TEETH)
    return np.select([part == SKIN, eye, teeth], [0, 1, 3], 2).astype(np.uint8)


@lru_cache(maxsize=1)
def _curve() -> NDArray[np.uint8]:
    """Tone curve: linear level (1024 = 1.0) to sRGB with a soft shoulder, [2048] uint8."""
    level = np.arange(2048) / 1024
    bright = np.where(level < 0.7, level, 0.7 + 0.3 * (1 - np.exp(-(level - 0.7) / 0.3)))
    return np.round(255 * bright ** (1 / 2.2)).astype(np.uint8)


def rotation(yaw: float, pitch: float, roll: float) -> Array:
    """Matrix [3, 3] of a head pose: yaw to the picture's right, pitch up, roll clockwise."""
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    tilt = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return (tilt @ nod @ turn).astype(np.float32)


def settle(weights: Array) -> Array:
    """Weights [T, 52] that the mesh can bear: lids that do not overshoot, lips that do not cross.

    A squint or a downward gaze already closes part of the eye, so the blink closes the rest; the
    lips can close at most as far as the jaw is open.
    """
    out = np.clip(weights, 0, 1)
    k = INDEX
    for end in ("Left", "Right"):
        # the lid is a thin crescent above the eye: a half blink must not look like a full one
        blink = out[:, k[f"eyeBlink{end}"]] ** 1.25
        covered = 0.45 * out[:, k[f"eyeLookDown{end}"]] + 0.12 * out[:, k[f"eyeSquint{end}"]]
        covered += 0.10 * out[:, k[f"cheekSquint{end}"]]
        out[:, k[f"eyeBlink{end}"]] = np.minimum(blink, np.maximum(0, 1 - covered))
        out[:, k[f"eyeWide{end}"]] *= 1 - blink
    # a frown pulls the inner ends of the brows down most, which the modelled shape does not
    frown = (out[:, k["browDownLeft"]] + out[:, k["browDownRight"]]) / 2
    out[:, k["browInnerUp"]] -= 0.85 * frown * (1 - out[:, k["browInnerUp"]])
    # stretched and pressed lips of the model rise a little at the corners, as in a smile
    for end in ("Left", "Right"):
        rise = 0.35 * out[:, k[f"mouthStretch{end}"]] + 0.3 * out[:, k[f"mouthPress{end}"]]
        rise += 0.2 * out[:, k[f"mouthDimple{end}"]]
        lowered = out[:, k[f"mouthFrown{end}"]] + rise * (1 - out[:, k[f"mouthSmile{end}"]])
        out[:, k[f"mouthFrown{end}"]] = np.minimum(1, lowered)
    out[:, k["mouthClose"]] = np.minimum(out[:, k["mouthClose"]], out[:, k["jawOpen"]])
    return out


class Renderer:
    """Draws identities at one picture size. Buffers are kept, so use one per process.

    Args:
        size: side of the square pictures in pixels, 16 to 512.

    Raises:
        UserError: ``size`` is out of range.
    """

    def __init__(self, size: int) -> None:
        """Allocate the buffers."""
        if not 16 <= size <= 512:
            raise UserError(f"size = {size!r}: must lie in 16..512")
        self.size = size
        head = load_head()
        n, count = SUPERSAMPLING * size, len(head.vertices)
        self._points = np.empty((count, 3), np.float32)
        self._normals = np.empty((count, 3), np.float32)
        self._screen = np.empty((count, 3), np.float32)
        self._attributes = np.empty((count, raster.ATTRIBUTES), np.float32)
        self._depth = np.empty((n, n), np.float32)
        self._owner = np.empty((n, n), np.int32)
        self._bary = np.empty((n, n, 2), np.float32)
        self._linear = np.zeros((n, n, 4), np.float32)

    def render(
        self, identity: Identity, weights: Array, pose: Array, light: Light
    ) -> NDArray[np.uint8]:
        """Draw T frames.

        Args:
            identity: who.
            weights: float32 [T, 52] in 0..1, order of :data:`rdfer.faces.head.BLENDSHAPES`.
            pose: float32 [T, 6]: yaw, pitch, roll in rad (positive: to the picture's right, up,
                clockwise), shift right and down as a share of the picture, log of the scale.
            light: the lamp.

        Returns:
            uint8 [T, size, size, 3], RGB.

        Raises:
            UserError: the arrays do not have these shapes.
        """
        weights, pose = self._checked(weights, pose)
        settled = settle(weights)
        strength = np.clip(np.maximum(settled, 0) @ drivers().T, 0, 1) * identity.crease_gain
        strength = np.maximum(strength, identity.crease_rest).astype(np.float32)
        moved = np.ascontiguousarray(settled * identity.shape_scale, np.float32)
        texture = identity.texture.copy()
        backdrop = self._stretch(identity.backdrop)
        self._attributes[:, 4:6] = identity.coordinates
        frames = np.empty((len(weights), self.size, self.size, 3), np.uint8)
        for t, frame in enumerate(frames):
            self._place(identity, moved[t], pose[t])
            self._light(identity, light)
            self._draw(identity, texture, strength[t])
            raster.develop(frame, self._linear, backdrop, _curve())
        return frames

    def _checked(self, weights: Array, pose: Array) -> tuple[Array, Array]:
        weights, pose = np.asarray(weights, np.float32), np.asarray(pose, np.float32)
        if weights.ndim != 2 or weights.shape[1] != len(BLENDSHAPES):
            raise UserError(f"weights.shape = {weights.shape}: must be [T, {len(BLENDSHAPES)}]")
        if pose.shape != (len(weights), 6):
            raise UserError(f"pose.shape = {pose.shape}: must be [{len(weights)}, 6]")
        if not (np.isfinite(weights).all() and np.isfinite(pose).all()):
            raise UserError("weights, pose = not finite: every value must be a number")
        return weights, pose

    def _stretch(self, grid: Array) -> Array:
        """The backdrop's grid at picture size, bilinear."""
        place = np.linspace(0, len(grid) - 1.001, self.size)
        low = place.astype(int)
        part = (place - low).astype(np.float32)[:, None]
        rows = grid[low] * (1 - part[..., None]) + grid[low + 1] * part[..., None]
        return np.ascontiguousarray(rows[:, low] * (1 - part) + rows[:, low + 1] * part)

    def _place(self, identity: Identity, weights: Array, pose: Array) -> None:
        head = load_head()
        shapes = head.shapes
        raster.blend(
            self._points, identity.vertices, weights, shapes.start, shapes.vertex, shapes.offset
        )
        yaw, pitch, roll, right, down, log_scale = (float(value) for value in pose)
        raster.turn(self._points, rotation(yaw, pitch, roll), PIVOT)
        raster.normals(self._normals, self._points, head.triangles)
        scale = SCALE * float(np.exp(log_scale))
        raster.project(
            self._screen, self._points, SUPERSAMPLING * self.size, scale, 0.5 + right,
            EYE_LINE + down,
        )  # fmt: skip

    def _light(self, identity: Identity, light: Light) -> None:
        direction = np.asarray(light.direction, np.float32)
        half = direction + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        colour = np.asarray(light.colour, np.float32) * identity.exposure
        room = np.full(3, light.ambient * identity.exposure, np.float32)
        raster.light_vertices(
            self._attributes, self._normals, identity.colour, identity.sky, identity.gloss,
            direction, half, colour * np.float32(light.intensity), room,
        )  # fmt: skip

    def _draw(self, identity: Identity, texture: Array, strength: Array) -> None:
        triangles = load_head().worn(long_hair=identity.long_hair)
        texel, dark = strokes()
        raster.crease(texture, identity.texture, texel, dark, strength)
        raster.rasterise(self._depth, self._owner, self._bary, self._screen, triangles)
        raster.shade(
            self._linear, self._owner, self._bary, triangles, _materials(), self._attributes,
            texture, HEIGHT, WIDTH, identity.eyes, identity.pupil,
        )  # fmt: skip
