"""What spoils a picture: occlusion, light, low resolution, blur, noise.

Lengths are shares of the picture, so a degradation looks the same at every size. Pixels are
float arithmetic: the same on one machine, alike on others.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from rdfer.data.draws import Draws
from rdfer.faces.sample import Sample, frame_times
from rdfer.faces.tracks import wander

Frames = NDArray[np.uint8]
Floats = NDArray[np.float32]

#: What strength 1000 means.
BLUR_SIGMA = 0.026  # of the picture's side
FEWEST_PIXELS = 14  # side to which the picture is reduced
NOISE_SIGMA = 46.0  # grey levels of 255
DARKEST, BRIGHTEST = 0.22, 2.3  # factor of the exposure

#: Centre (x, y) and half size (x, y) of what occlusions cover at full strength: a hand or a scarf
#: at the mouth, a hand or dark glasses at the eyes, something at one side of the face.
_PLACES = ((0.5, 0.78, 0.42, 0.22), (0.5, 0.42, 0.48, 0.16), (0.22, 0.58, 0.30, 0.48),
           (0.78, 0.58, 0.30, 0.48))  # fmt: skip


def apply(frames: Frames, sample: Sample) -> Frames:
    """Spoil ``frames`` as ``sample`` says.

    Args:
        frames: uint8 [T, H, H, 3], left as they are.
        sample: its ``degradations`` tell what and how strongly; "pose" is not done here.

    Returns:
        uint8 [T, H, H, 3].
    """
    out = frames
    if strength := sample.strength("occlusion"):
        out = _occlude(out, Draws(sample.stream, "occlusion"), strength)
    if strength := sample.strength("light"):
        out = _relight(out, Draws(sample.stream, "exposure"), strength)
    if strength := sample.strength("resolution"):
        out = _reduce(out, strength)
    if strength := sample.strength("blur"):
        out = _blur(out, strength)
    if strength := sample.strength("noise"):
        out = _add_noise(out, Draws(sample.stream, "grain"), strength)
    return out


def _occlude(frames: Frames, draws: Draws, strength: int) -> Frames:
    """A soft-edged patch over part of the face that drifts and may come or go."""
    n, size = frames.shape[:2]
    x, y, width, height = draws.pick(_PLACES)
    grow = 0.55 + 0.45 * strength / 1000
    colour = np.array([draws.between(20, 210) for _ in range(3)], dtype=np.float32)
    times = frame_times(n)
    drift = [wander(draws, times, 40, (500, 1200)) / 1000 for _ in range(2)]
    # between half and all of the time, at the beginning or at the end
    shown = n * draws.between(500 + strength // 4, 1000) // 1000
    first = draws.pick((0, n - shown))
    grid = (np.arange(size, dtype=np.float32) + 0.5) / size
    grain = np.random.Generator(np.random.PCG64(draws.raw())).normal(0, 9, (size, size, 1))
    out = frames.copy()
    for t in range(first, first + shown):
        across = np.abs(grid - x - drift[0][t]) / (width * grow)
        down = np.abs(grid - y - drift[1][t]) / (height * grow)
        # a rounded box: inside where the fourth powers sum to less than 1
        inside = across[None, :] ** 4 + down[:, None] ** 4
        cover = np.clip((1.25 - inside) * 2.5, 0, 1).astype(np.float32)[..., None]
        patch = np.clip(colour + grain, 0, 255)
        out[t] = (frames[t] * (1 - cover) + patch * cover + 0.5).astype(np.uint8)
    return out


def _relight(frames: Frames, draws: Draws, strength: int) -> Frames:
    """Exposure too dark or too bright, a cast, and a fall-off over the picture."""
    share = strength / 1000
    end = DARKEST if draws.chance(600) else BRIGHTEST
    size = frames.shape[1]
    side = np.linspace(-1, 1, size, dtype=np.float32)
    a, b = draws.between(-1000, 1000) / 1000, draws.between(-1000, 1000) / 1000
    slope = 1 + 0.4 * share * (a * side[None, :] + b * side[:, None])
    cast = np.array([1 + share * draws.between(-120, 120) / 1000 for _ in range(3)])
    gain = end**share * np.clip(slope, 0.2, 2)[..., None] * cast
    return np.clip(frames * gain.astype(np.float32) + 0.5, 0, 255).astype(np.uint8)


def _reduce(frames: Frames, strength: int) -> Frames:
    """Fewer pixels, blown up again."""
    size = frames.shape[1]
    # equal steps of strength are equal factors of the number of pixels
    small = max(1, round(size * (FEWEST_PIXELS / size) ** (strength / 1000)))
    if small >= size:
        return frames
    out = np.empty_like(frames)
    for t, frame in enumerate(frames):
        tiny = Image.fromarray(frame).resize((small, small), Image.Resampling.BOX)
        out[t] = np.asarray(tiny.resize((size, size), Image.Resampling.BILINEAR))
    return out


def _blur(frames: Frames, strength: int) -> Frames:
    radius = BLUR_SIGMA * frames.shape[1] * strength / 1000
    out = np.empty_like(frames)
    for t, frame in enumerate(frames):
        out[t] = np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(radius)))
    return out


def _add_noise(frames: Frames, draws: Draws, strength: int) -> Frames:
    """Sensor grain: every frame its own, mostly grey."""
    rng = np.random.Generator(np.random.PCG64(draws.raw()))
    sigma = NOISE_SIGMA * strength / 1000
    grey = rng.standard_normal(frames.shape[:3], dtype=np.float32)[..., None]
    colour = rng.standard_normal(frames.shape, dtype=np.float32)
    noise = np.float32(sigma) * (0.85 * grey + 0.5 * colour)
    return np.clip(frames + noise + 0.5, 0, 255).astype(np.uint8)
