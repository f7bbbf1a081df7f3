"""Paint of an identity: skin tone, brows, hair, beard, freckles, lips, eyes (linear light)."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from rdfer.faces.head import LASHES, LEFT_EYE, LOWER_TEETH, RIGHT_EYE, SKIN, TONGUE, load_head
from rdfer.faces.texture import HEIGHT, WIDTH, Path, along, blob, position_map, ramp, sample

Array = NDArray[np.float32]

# sRGB anchors; how real skin, hair and irises spread over them is by eye, not measured
SKIN_TONES = ((243, 208, 188), (231, 186, 160), (208, 158, 126), (172, 120, 88), (128, 84, 60),
              (88, 58, 44))  # fmt: skip
HAIR_TONES = ((28, 24, 24), (46, 32, 26), (74, 50, 36), (108, 72, 46), (158, 118, 72),
              (128, 62, 34))  # fmt: skip
GREY_HAIR = (178, 174, 170)
IRIS_TONES = ((46, 30, 22), (72, 46, 28), (98, 74, 42), (84, 98, 62), (74, 104, 134),
              (96, 116, 126))  # fmt: skip
#: Where the brows lie on the base mesh, from the nose outwards.
BROW: Path = ((0.085, 7.445), (0.17, 7.475), (0.28, 7.505), (0.39, 7.515), (0.47, 7.485),
              (0.53, 7.435))  # fmt: skip


def linear(srgb: tuple[float, ...]) -> Array:
    """Linear light of an sRGB triple 0..255."""
    return ((np.asarray(srgb, np.float32) / 255) ** 2.2).astype(np.float32)


@dataclass(frozen=True)
class Look:
    """What the paint needs to know. All shares are 0..1.

    Attributes:
        melanin: 0 palest to 1 darkest skin.
        redness: share of blush.
        hair: linear hair colour [3].
        age: 0 young to 1 old.
        male: share of male features.
        beard: 0 none, 0.3 stubble, 1 full beard.
        freckles: share of freckled skin.
        lip: strength of the lip colour; above 0.7 it is make-up.
        brow_tilt: rise of the outer end of the painted brow, dm.
        brow_width: half thickness of the brows, dm.
        brow_arch: height of the arch, dm.
        hairline: height of the hairline at the middle, dm on the base mesh.
        cover: 0 bald to 1 thick hair.
    """

    melanin: float
    redness: float
    hair: Array
    age: float
    male: float
    beard: float
    freckles: float
    lip: float
    brow_tilt: float
    brow_width: float
    brow_arch: float
    hairline: float
    cover: float


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
    ragged = 0.02 * _noise(rng, 34, 96) + 0.02 * _noise(rng, 8, 24)
    across = np.abs(x)
    edge = look.hairline - 0.10 * (across / 0.5) ** 2 + 0.16 * np.exp(-(((across - 0.45) / 0.12) ** 2)) * look.male
    edge = np.where(across > 0.6, edge - 2.2 * (across - 0.6), edge)
    side = ramp(0.75 - z, -0.08, 0.12) * ramp(y, 6.95, 7.15)
    top = ramp(y + ragged - edge, -0.03, 0.05)
    return (np.maximum(top, side * (y + ragged > 6.9)) * min(1.0, 1.3 * look.cover)).astype(np.float32)


def brow_mask(look: Look, rng: Generator, side: int) -> Array:
    """Share of brow hair per texel: a band of oblique strokes, thinner at the outer end."""
    steps = np.linspace(0, 1, len(BROW))
    path = tuple(
        (px, py + look.brow_tilt * (t - 0.35) + look.brow_arch * np.sin(np.pi * t) ** 2)
        for (px, py), t in zip(BROW, steps, strict=True)
    )
    distance, place = along(path, side=side)
    width = look.brow_width * (1.0 - 0.55 * place**2) * ramp(place, -0.15, 0.12)
    band = ramp(np.abs(distance) / (width + 1e-6), 1.25, 0.65)
    strokes = np.sin(150 * place + 900 * distance * side + 2.5 * _noise(rng, 68, 96))
    return band * np.clip(0.85 + 0.18 * strokes + 0.08 * _noise(rng, 136, 192), 0, 1)


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
    hollow = blob(0.29, 7.14, 0.14, 0.05) * (0.10 + 0.16 * look.age) + 0.08 * blob(0.29, 7.33, 0.2, 0.06)
    picture *= 1 - hollow[..., None] * np.array([0.8, 1.0, 0.9], np.float32)
    spots = ramp(gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32), 0.8), 0.55, 0.8)
    freckled = look.freckles * spots * (blob(0.3, 7.0, 0.28, 0.2) + 0.3)
    picture *= 1 - 0.45 * freckled[..., None] * np.array([0.5, 0.8, 1.0], np.float32)
    if look.beard > 0:
        share = look.beard * _beard_mask(rng)
        cover = min(0.9, 0.25 + 0.7 * look.beard) * share[..., None]
        picture = picture * (1 - cover) + look.hair * cover
    brow_hair = 0.8 * look.hair
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
    paint = np.clip((look.lip - 0.7) / 0.3, 0, 1)
    lip = (natural * (1 - paint) + makeup * paint) / base
    share = head.mask("lips")[:, None] * min(1.0, 0.55 + 0.45 * look.lip)
    colour = colour * (1 - share) + lip * share
    inner = head.mask("mouth")[:, None] * (1 - head.mask("lips")[:, None])
    flesh = np.array([0.16, 0.035, 0.035], np.float32) / base
    colour = colour * (1 - inner) + flesh * inner
    lash = head.mask("lash")[:, None] * (0.92 - 0.35 * look.male)
    colour *= 1 - lash * np.array([0.8, 0.85, 0.85], np.float32)
    colour[head.part == LEFT_EYE] = colour[head.part == RIGHT_EYE] = 1.0
    depth = head.vertices[:, 2:3]
    ivory = np.array([0.78, 0.72, 0.60], np.float32) * (1 - 0.15 * look.age)
    teeth = ivory * np.clip((depth - 1.05) / 0.35, 0.05, 1)
    for part in (LOWER_TEETH - 1, LOWER_TEETH):
        colour[head.part == part] = teeth[head.part == part]
    colour[head.part == TONGUE] = np.array([0.34, 0.09, 0.09])
    colour[head.part == LASHES] = 0.012
    return np.ascontiguousarray(colour, np.float32)


def vertex_sky(hair: Array) -> Array:
    """Share of the sky per vertex, with the parts that move out of the dark lifted by hand."""
    head = load_head()
    sky = 0.25 + 0.75 * head.mask("open") ** 0.8
    sky = np.where(head.mask("mouth") > 0.5, 0.10 + 0.6 * head.mask("lips"), sky)
    by_part = {LEFT_EYE: 0.85, RIGHT_EYE: 0.85, LOWER_TEETH - 1: 0.75, LOWER_TEETH: 0.65,
               TONGUE: 0.5, LASHES: 0.6}  # fmt: skip
    for part, value in by_part.items():
        sky = np.where(head.part == part, value, sky)
    return sky.astype(np.float32)


def vertex_gloss(look: Look, hair: Array) -> Array:
    """Strength of the highlights per vertex: skin little, lips more, wet parts most."""
    head = load_head()
    gloss = np.where(head.part == SKIN, 0.09, 0.12) + 0.12 * head.mask("lips") * look.lip
    return (gloss * (1 - 0.6 * sample(hair))).astype(np.float32)
