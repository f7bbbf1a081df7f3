"""Paint of an identity: skin tone, brows, hair, beard, freckles, lips, eyes (linear light)."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from rdfer.faces.head import (
    LASHES,
    LEFT_EYE,
    LONG_HAIR,
    LOWER_TEETH,
    RIGHT_EYE,
    SKIN,
    TONGUE,
    UPPER_TEETH,
    load_head,
)
from rdfer.faces.texture import (
    HEIGHT,
    WIDTH,
    Path,
    along,
    blob,
    position_map,
    ramp,
    sample,
    unwrap,
)

Array = NDArray[np.float32]

# sRGB anchors; how real skin, hair and irises spread over them is by eye, not measured
SKIN_TONES = ((243, 208, 188), (231, 186, 160), (208, 158, 126), (172, 120, 88), (128, 84, 60),
              (88, 58, 44))  # fmt: skip
HAIR_TONES = ((28, 24, 24), (46, 32, 26), (74, 50, 36), (108, 72, 46), (136, 98, 58),
              (128, 62, 34))  # fmt: skip
GREY_HAIR = (178, 174, 170)
IRIS_TONES = ((46, 30, 22), (72, 46, 28), (98, 74, 42), (84, 98, 62), (74, 104, 134),
              (96, 116, 126))  # fmt: skip


def linear(srgb: tuple[float, ...]) -> Array:
    """Linear light of an sRGB triple 0..255."""
    return ((np.asarray(srgb, np.float32) / 255) ** 2.2).astype(np.float32)


@dataclass(frozen=True)
class Look:
    """What the paint needs to know. All shares are 0..1."""

    melanin: float  #: 0 palest to 1 darkest skin
    redness: float  #: share of blush
    hair: Array  #: linear hair colour [3]
    age: float  #: 0 young to 1 old
    male: float  #: share of male features
    beard: float  #: 0 none, 0.3 stubble, 1 full beard
    freckles: float  #: share of freckled skin
    lip: float  #: strength of the lip colour; above 0.7 it is make-up
    brow: Path  #: where the left brow is painted, (x, y) on the base mesh from the nose outwards
    brow_width: float  #: half thickness of the brows, dm
    hairline: float  #: height of the hairline at the middle, dm on the base mesh
    cover: float  #: 0 bald to 1 thick hair


def _noise(rng: Generator, rows: int, columns: int) -> Array:
    """Smooth noise [HEIGHT, WIDTH] of unit scale from a coarse grid."""
    grid = rng.standard_normal((rows, columns)).astype(np.float32)
    return zoom(grid, (HEIGHT / rows, WIDTH / columns), order=1, grid_mode=True, mode="nearest")


def skin_colour(melanin: float) -> Array:
    """Linear skin colour between the anchors of :data:`SKIN_TONES`."""
    place = melanin * (len(SKIN_TONES) - 1)
    low = min(int(place), len(SKIN_TONES) - 2)
    mix = place - low
    return (1 - mix) * linear(SKIN_TONES[low]) + mix * linear(SKIN_TONES[low + 1])


def hair_mask(look: Look, rng: Generator) -> Array:
    """Share of scalp hair per texel [HEIGHT, WIDTH]: above the hairline, behind the temples."""
    x, y, z = np.moveaxis(position_map(), 2, 0)
    ragged = 0.012 * _noise(rng, 34, 96) + 0.015 * _noise(rng, 8, 24)
    across = np.abs(x)
    recess = 0.10 * look.male * np.exp(-(((across - 0.42) / 0.11) ** 2))
    edge = look.hairline - 0.12 * (across / 0.5) ** 2 + recess
    edge = np.where(across > 0.58, edge - 2.6 * (across - 0.58), edge)
    top = ramp(y + ragged - edge, -0.05, 0.06)
    side = ramp(0.62 - z + ragged, -0.06, 0.10) * ramp(y, 6.95, 7.2)
    bare = 1 - np.clip(1.5 * unwrap(load_head().mask("ears")), 0, 1)
    grown = np.maximum(top, side) * bare * min(1.0, 1.3 * look.cover)
    return grown.astype(np.float32)


def brow_mask(look: Look, rng: Generator, side: int) -> Array:
    """Share of brow hair per texel: a band of oblique strokes, thinner at the outer end."""
    distance, place = along(look.brow, side=side)
    width = look.brow_width * (1.0 - 0.6 * place**2) * ramp(place, -0.25, 0.12)
    band = ramp(np.abs(distance) / (width + 1e-6), 1.3, 0.6)
    strokes = np.sin(75 * place + 160 * distance * side + 1.5 * _noise(rng, 34, 48))
    return band * np.clip(0.92 + 0.08 * strokes, 0, 1)


def _beard_mask(rng: Generator) -> Array:
    """Where a beard grows: jaw, chin and upper lip."""
    x, y, _ = np.moveaxis(position_map(), 2, 0)
    across = np.abs(x)
    line = 6.52 + 0.75 * np.clip(across - 0.28, 0, 1) ** 1.3 + 0.02 * _noise(rng, 16, 32)
    jaw = ramp(line - y, -0.03, 0.10) * ramp(y, 5.85, 6.1)
    goatee = blob(0.0, 6.38, 0.17, 0.12)
    moustache = blob(0.0, 6.76, 0.16, 0.035) + blob(0.2, 6.70, 0.06, 0.05)
    grain = 0.8 + 0.25 * rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    return np.clip(np.maximum(jaw, np.maximum(goatee, moustache)) * grain, 0, 1)


def paint_texture(look: Look, rng: Generator) -> tuple[Array, Array]:
    """The skin texture and the scalp-hair share.

    Returns:
        texture: float32 [HEIGHT * WIDTH, 3], linear light.
        hair: float32 [HEIGHT, WIDTH], 0..1.
    """
    base = skin_colour(look.melanin)
    tone = 1 + 0.035 * _noise(rng, 10, 14) + 0.03 * _noise(rng, 60, 84)
    tone += 0.02 * rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    picture = base * tone[..., None]
    blush = blob(0.42, 6.95, 0.17, 0.16) + 0.8 * blob(0.0, 6.97, 0.10, 0.12)
    picture *= 1 - look.redness * blush[..., None] * np.array([0.02, 0.24, 0.20], np.float32)
    hollow = blob(0.29, 7.14, 0.14, 0.05) * (0.10 + 0.16 * look.age)
    hollow += 0.08 * blob(0.29, 7.33, 0.2, 0.06)
    picture *= 1 - hollow[..., None] * np.array([0.8, 1.0, 0.9], np.float32)
    grain = rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    spots = ramp(gaussian_filter(grain, 0.6), 0.75, 1.0)
    freckled = look.freckles * spots * (blob(0.3, 7.0, 0.28, 0.2) + 0.3)
    picture *= 1 - 0.28 * freckled[..., None] * np.array([0.5, 0.8, 1.0], np.float32)
    if look.beard > 0:
        share = look.beard * _beard_mask(rng)
        cover = min(0.9, 0.25 + 0.7 * look.beard) * share[..., None]
        picture = picture * (1 - cover) + look.hair * cover
    brow_hair = 0.55 * look.hair
    for side in (1, -1):
        mask = 0.93 * brow_mask(look, rng, side)[..., None]
        picture = picture * (1 - mask) + brow_hair * mask
    hair = hair_mask(look, rng)
    strands = np.exp(0.22 * _noise(rng, 12, 190) + 0.15 * _noise(rng, 40, 380))
    picture = picture * (1 - hair[..., None]) + look.hair * strands[..., None] * hair[..., None]
    return np.ascontiguousarray(picture.reshape(-1, 3), np.float32), hair


def vertex_colour(look: Look, rng: Generator) -> Array:
    """Colour per vertex [V, 3]: a factor on the texture for skin, the colour itself elsewhere."""
    head = load_head()
    base = skin_colour(look.melanin)
    colour = np.ones_like(head.vertices)
    natural = base * np.array([0.82, 0.50, 0.52], np.float32) + np.array([0.05, 0.0, 0.005])
    makeup = linear((170, 40, 60)) if rng.random() < 0.5 else linear((190, 80, 90))
    paint = max(0.0, (look.lip - 0.7) / 0.3)
    lip = (natural * (1 - paint) + makeup * paint) / base
    share = head.mask("lips")[:, None] * min(1.0, 0.55 + 0.45 * look.lip)
    colour = colour * (1 - share) + lip * share
    dark = 0.75 * _lip_line()[:, None]
    colour *= 1 - dark
    inner = head.mask("mouth")[:, None] * (1 - head.mask("lips")[:, None])
    flesh = np.array([0.16, 0.035, 0.035], np.float32) / base
    colour = colour * (1 - inner) + flesh * inner
    lash = head.mask("lash")[:, None] * (0.92 - 0.35 * look.male)
    colour *= 1 - lash * np.array([0.8, 0.85, 0.85], np.float32)
    cloth = linear(tuple(np.clip(rng.uniform(25, 200) + rng.normal(0, 20, 3), 8, 250)))
    dressed = ramp(head.vertices[:, 1] - 0.4 * np.abs(head.vertices[:, 0]), 5.76, 5.70)
    dressed = (dressed * (head.part == SKIN))[:, None]
    colour = colour * (1 - dressed) + dressed * cloth / base
    colour[head.part == LEFT_EYE] = colour[head.part == RIGHT_EYE] = 1.0
    depth = head.vertices[:, 2:3]
    ivory = np.array([0.78, 0.72, 0.60], np.float32) * (1 - 0.15 * look.age)
    tongue = np.array([0.52, 0.15, 0.15], np.float32) * np.clip((depth - 0.95) / 0.4, 0.12, 1)
    teeth = ivory * np.clip((depth - 1.05) / 0.35, 0.05, 1)
    for part in (UPPER_TEETH, LOWER_TEETH):
        colour[head.part == part] = teeth[head.part == part]
    colour[head.part == TONGUE] = tongue[head.part == TONGUE]
    colour[head.part == LASHES] = 0.012
    locks = np.exp(0.25 * rng.standard_normal((len(colour), 1)))
    colour = np.where((head.part == LONG_HAIR)[:, None], look.hair * locks, colour)
    return np.ascontiguousarray(colour, np.float32)


def _lip_line() -> Array:
    """Closeness to where the resting lips meet, 1 at the mouth corners, float32 [V]."""
    head = load_head()
    x, y, _ = head.vertices.T
    corner = np.hypot(np.abs(x) - 0.249, y - 6.611) / 0.016
    contact = np.abs(y - 6.607) / 0.010 + 9.0 * (np.abs(x) > 0.245)
    near = np.maximum(np.exp(-(corner**2)), 0.8 * np.exp(-(contact**2)) * head.mask("lips"))
    return (near * (head.part == SKIN)).astype(np.float32)


def vertex_sky() -> Array:
    """Share of the sky per vertex, with the parts that move out of the dark lifted by hand."""
    head = load_head()
    sky = 0.25 + 0.75 * head.mask("open") ** 0.8
    sky = np.where(head.mask("mouth") > 0.5, 0.10 + 0.6 * head.mask("lips"), sky)
    by_part = {LEFT_EYE: 0.85, RIGHT_EYE: 0.85, UPPER_TEETH: 0.75, LOWER_TEETH: 0.65,
               TONGUE: 0.5, LASHES: 0.6, LONG_HAIR: 0.75}  # fmt: skip
    for part, value in by_part.items():
        sky = np.where(head.part == part, value, sky)
    return sky.astype(np.float32)


def vertex_gloss(look: Look, hair: Array) -> Array:
    """Strength of the highlights per vertex: skin little, lips more, wet parts most."""
    head = load_head()
    gloss = np.where(head.part == SKIN, 0.09, 0.0) + 0.12 * head.mask("lips") * look.lip
    return (gloss * (1 - 0.6 * sample(hair))).astype(np.float32)
