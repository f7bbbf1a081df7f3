"""From an integer to a person: shape, paint, eyes and backdrop, all drawn from that integer."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rdfer.base.errors import UserError
from rdfer.faces import creases, raster, skin
from rdfer.faces.anatomy import brow_path, fit_shapes, landmarks, rest, shape_head
from rdfer.faces.head import LEFT_EYE, LOWER_TEETH, RIGHT_EYE, SKIN, UPPER_TEETH, load_head
from rdfer.faces.texture import Path, sample, vertex_coordinates

Array = NDArray[np.float32]

#: Side of the coarse grid that the backdrop is stretched from.
BACKDROP = 24


@dataclass(frozen=True, eq=False)
class Identity:
    """A person at rest.

    Lengths are in units of the eye-to-chin height; the origin lies between the eyes.
    """

    vertices: Array  #: float32 [V, 3]
    shape_scale: Array  #: float32 [52], what a blendshape's decimetres are multiplied by
    colour: Array  #: float32 [V, 3], linear; a factor on the texture for skin
    sky: Array  #: float32 [V], ambient occlusion
    gloss: Array  #: float32 [V], strength of highlights
    coordinates: Array  #: float32 [V, 2], texture or iris coordinates
    texture: Array  #: float32 [HEIGHT * WIDTH, 3], linear
    crease_rest: Array  #: float32 [K], folds at rest
    crease_gain: Array  #: float32 [K], folds per unit of their drivers
    long_hair: bool  #: whether hair falls down behind the ears
    eyes: Array  #: float32 [6], linear iris and sclera colour
    pupil: float  #: radius of the pupil, 0..0.5 as the sine of an angle
    backdrop: Array  #: float32 [BACKDROP, BACKDROP, 3], linear
    exposure: float  #: factor on the light, as a camera would set it


def _person(rng: Generator) -> tuple[float, float, tuple[float, float, float]]:
    """Age (0 young to 1 old), share of male shape, shares of the three ancestries."""
    age = float(rng.beta(0.9, 1.6))
    male = float(np.clip(rng.normal(0.9 if rng.random() < 0.5 else 0.08, 0.08), 0, 1))
    main = rng.integers(3)
    shares = rng.dirichlet([0.35, 0.35, 0.35]) * 0.45
    shares[main] += 0.55
    return age, male, (float(shares[0]), float(shares[1]), float(shares[2]))


def _look(
    rng: Generator, brow: Path, age: float, male: float, ancestry: tuple[float, float, float]
) -> skin.Look:
    """Colours and hair that go with the person."""
    african, asian, _ = ancestry
    melanin = np.clip(0.11 + 0.76 * african + 0.14 * asian + rng.normal(0, 0.09), 0, 1)
    dark = rng.random() < 0.25 + 0.9 * (african + asian)
    tone = rng.integers(0, 2) if dark else rng.integers(1, len(skin.HAIR_TONES))
    grey = np.clip((age - 0.55) / 0.4 + rng.normal(0, 0.15), 0, 0.95) if age > 0.45 else 0.0
    hair = (1 - grey) * skin.linear(skin.HAIR_TONES[tone]) + grey * skin.linear(skin.GREY_HAIR)
    bearded = male > 0.5 and rng.random() < 0.5
    return skin.Look(
        melanin=float(melanin),
        redness=float(rng.uniform(0.1, 0.9)),
        hair=hair.astype(np.float32),
        age=age,
        male=male,
        beard=float(rng.choice([0.15, 0.3, 0.7, 1.0])) if bearded else 0.0,
        freckles=float(rng.uniform(0.3, 1)) if melanin < 0.4 and rng.random() < 0.25 else 0.0,
        lip=float(rng.uniform(0.2, 0.7 if male > 0.5 else 1.0)),
        brow=brow,
        brow_width=float(rng.uniform(0.020, 0.032) + 0.010 * male),
        hairline=float(rng.uniform(7.88, 8.03) + 0.10 * male * age),
        cover=float(0.2 if male > 0.5 and rng.random() < 0.08 else rng.uniform(0.75, 1)),
    )  # fmt: skip


def _backdrop(rng: Generator) -> Array:
    """Plain, gradient or blurred blotches; muted colours."""
    grey = rng.uniform(40, 210)

    def colour() -> Array:
        return skin.linear(tuple(np.clip(grey + rng.normal(0, 28) + rng.normal(0, 14, 3), 5, 250)))

    kind = rng.integers(3)
    grid = np.broadcast_to(colour(), (BACKDROP, BACKDROP, 3)).copy()
    if kind == 1:
        angle = rng.uniform(0, 2 * np.pi)
        rows, columns = np.mgrid[-1:1:24j, -1:1:24j]
        slope = 0.5 + 0.35 * (np.cos(angle) * columns + np.sin(angle) * rows)
        grid += slope[..., None] * (colour() - grid)
    elif kind == 2:
        palette = np.stack([colour() for _ in range(4)])
        blotches = palette[rng.integers(4, size=(BACKDROP, BACKDROP))]
        grid = gaussian_filter(blotches, (2.2, 2.2, 0))
        grid += 1.6 * (grid - grid.mean((0, 1)))
    return np.ascontiguousarray(np.clip(grid, 0.002, 1), np.float32)


def _thicken(vertices: Array, hair: Array, thickness: float) -> None:
    """Lift the scalp by ``thickness`` dm where hair grows, in place."""
    normal = np.empty_like(vertices)
    raster.normals(normal, vertices, load_head().triangles)
    lift = sample(hair) * (load_head().part == SKIN) * (1 - load_head().mask("ears"))
    vertices += (thickness * lift)[:, None] * normal


def _coordinates(vertices: Array) -> Array:
    """Texture coordinates of the skin, direction from the centre for the eyes, teeth counted."""
    head = load_head()
    found = vertex_coordinates().copy()
    for part, width in ((UPPER_TEETH, 0.085), (LOWER_TEETH, 0.06)):
        found[head.part == part, 0] = head.vertices[head.part == part, 0] / width
    for part in (LEFT_EYE, RIGHT_EYE):
        eye = head.part == part
        ball = vertices[eye]
        middle = (ball.min(0) + ball.max(0)) / 2
        away = ball - middle
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        # behind the equator the direction must not come back to the pupil
        away[:, :2] *= np.where(away[:, 2:] < 0, 3.0, 1.0)
        found[eye] = away[:, :2]
    return np.ascontiguousarray(found, np.float32)


@lru_cache(maxsize=8)
def make_identity(identity: int) -> Identity:
    """The person with number ``identity`` (0 or more); the last few are kept.

    Raises:
        UserError: ``identity`` is negative.
    """
    if identity < 0:
        raise UserError(f"identity = {identity!r}: must be 0 or more")
    rng = Generator(PCG64([0xFACE, identity]))
    age, male, ancestry = _person(rng)
    vertices = rest(shape_head(rng, age=age, male=male, ancestry=ancestry))
    brow = brow_path(vertices, arch=float(rng.uniform(0.02, 0.065 - 0.03 * male)),
                     tilt=float(rng.uniform(-0.02, 0.015)))  # fmt: skip
    look = _look(rng, brow, age, male, ancestry)
    coordinates = _coordinates(vertices)
    texture, hair = skin.paint_texture(look, rng)
    marks = landmarks(vertices)
    unit = 1 / (marks.eyes[1] - marks.chin[1])
    scale = fit_shapes(vertices) * unit
    _thicken(vertices, hair, float(rng.uniform(0.02, 0.10)) * look.cover)
    gain = rng.uniform(0.75, 1.25, len(creases.CREASES)) * (0.85 + 0.3 * age)
    iris = skin.IRIS_TONES[
        rng.integers(0, 2) if ancestry[0] + ancestry[1] > 0.5 else rng.integers(1, 6)
    ]
    white = np.array([0.80, 0.76, 0.73]) * rng.uniform(0.85, 1.0)
    luminance = float(skin.skin_colour(look.melanin) @ np.array([0.25, 0.6, 0.15]))
    return Identity(
        vertices=np.ascontiguousarray((vertices - marks.eyes) * unit, np.float32),
        shape_scale=scale.astype(np.float32),
        colour=skin.vertex_colour(look, rng),
        sky=skin.vertex_sky(),
        gloss=skin.vertex_gloss(look, hair),
        coordinates=coordinates,
        texture=texture,
        crease_rest=(0.8 * creases.AGE * age**1.5).astype(np.float32),
        crease_gain=gain.astype(np.float32),
        long_hair=bool(male < 0.5 and look.cover > 0.5 and rng.random() < 0.6),
        eyes=np.concatenate([1.2 * skin.linear(iris), white]).astype(np.float32),
        pupil=float(rng.uniform(0.16, 0.24)),
        backdrop=_backdrop(rng),
        exposure=float((0.40 / luminance) ** 0.4),
    )
