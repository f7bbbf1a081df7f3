"""From stored frames to network input, a whole batch at once, on the device where it lies.

Every frame of one video gets the same crop, flip and colours: a face that jumped from frame to
frame would look like a movement. The drawing takes a ``torch.Generator`` and nothing else, so the
same generator state gives the same batch.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from rdfer.base.errors import UserError

# the statistics of ImageNet's training images, RGB in 0..1; timm's encoders expect them
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
# weights of red, green and blue in the brightness of a pixel (ITU-R BT.601)
LUMA = (0.299, 0.587, 0.114)


def evaluate(frames: Tensor, *, size: int) -> Tensor:
    """Resize so that the short side fits, cut out the middle square, normalise: nothing random.

    Args:
        frames: RGB frames in 0..255, uint8 ``[..., H, W, 3]``.
        size: side of the square wanted, in pixels.

    Returns:
        float32 ``[..., 3, size, size]`` on the device of ``frames``, each channel less ImageNet's
        mean and over its standard deviation. Frames that are ``size`` by ``size`` already are
        only normalised.
    """
    _check_frames(frames)
    leading = frames.shape[:-3]
    images = frames.reshape(-1, *frames.shape[-3:]).permute(0, 3, 1, 2).float()
    height, width = images.shape[-2:]
    short = min(height, width)
    if short != size:
        wanted = (round(height * size / short), round(width * size / short))
        images = functional.interpolate(
            images, wanted, mode="bilinear", align_corners=False, antialias=True
        )
        height, width = wanted
    top, left = (height - size) // 2, (width - size) // 2
    images = images[..., top : top + size, left : left + size]
    return normalise(images / 255).reshape(*leading, 3, size, size)


def augment(
    frames: Tensor,
    *,
    size: int,
    generator: torch.Generator,
    scale: tuple[float, float] = (0.8, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
    flip: float = 0.5,
    jitter: float = 0.4,
    grey: Tensor | None = None,
) -> Tensor:
    """Random resized crop, mirror and colour jitter, drawn once per video.

    Bilinear sampling without a low-pass filter: store the frames at about the size of the
    network's input (at most twice it), or fine texture turns into noise.

    Args:
        frames: RGB frames in 0..255, uint8 ``[B, T, H, W, 3]``.
        size: side of the square wanted, in pixels.
        generator: where everything is drawn; a CPU generator gives the same crops on every device.
        scale: least and greatest share of the picture's area that the crop keeps.
        ratio: least and greatest width : height of the crop, drawn evenly in its logarithm; a
            crop wider or higher than the picture is cut to it.
        flip: chance that a video is mirrored, left and right.
        jitter: brightness, contrast and saturation are each multiplied by a factor drawn from
            ``1 - jitter .. 1 + jitter``, in this order.
        grey: mean grey of each whole video in 0..1, ``[B]`` (:func:`mean_grey`), about which
            contrast is changed; without it that of the frames given. Clips of one video that
            are augmented apart look alike only with it.

    Returns:
        float32 ``[B, T, 3, size, size]`` on the device of ``frames``, normalised as by
        :func:`evaluate`.
    """
    if not 0 < scale[0] <= scale[1] <= 1:
        raise UserError(f"scale = {scale!r}: must be 0 < least <= greatest <= 1")
    if not 0 < ratio[0] <= ratio[1]:
        raise UserError(f"ratio = {ratio!r}: must be 0 < least <= greatest")
    for name, value in (("flip", flip), ("jitter", jitter)):
        if not 0 <= value <= 1:
            raise UserError(f"{name} = {value!r}: must be from 0 to 1")
    _check_frames(frames)
    if frames.ndim != 5:
        raise UserError(f"frames of shape {tuple(frames.shape)}: must be [B, T, H, W, 3]")
    videos, steps, height, width, _ = frames.shape
    draws = torch.rand((videos, 8), generator=generator, device=generator.device)
    draws = draws.to(frames.device)
    theta = _crop_matrices(draws, scale, ratio, flip)
    # all frames of a video are channels of one picture, so one grid serves them all
    stacked = frames.permute(0, 1, 4, 2, 3).reshape(videos, steps * 3, height, width)
    grid = functional.affine_grid(theta, [videos, 1, size, size], align_corners=False)
    cropped = functional.grid_sample(
        stacked.float() / 255, grid, padding_mode="border", align_corners=False
    )
    images = cropped.reshape(videos, steps, 3, size, size)
    factors = 1 + jitter * (2 * draws[:, 5:8] - 1)
    return normalise(_recolour(images, factors, grey))


def mean_grey(frames: Tensor) -> Tensor:
    """Mean grey of each video's frames, uint8 ``[B, T, H, W, 3]``: float32 ``[B]`` in 0..1."""
    _check_frames(frames)
    channels = frames.float().mean(dim=(1, 2, 3)) / 255
    return channels @ channels.new_tensor(LUMA)


def normalise(images: Tensor) -> Tensor:
    """Subtract ImageNet's mean and divide by its deviation: ``[..., 3, H, W]``, RGB in 0..1."""
    mean = images.new_tensor(MEAN).view(3, 1, 1)
    std = images.new_tensor(STD).view(3, 1, 1)
    return (images - mean) / std


def _crop_matrices(
    draws: Tensor, scale: tuple[float, float], ratio: tuple[float, float], flip: float
) -> Tensor:
    """Output square -> crop of the input, both in -1..1, as affine maps ``[B, 2, 3]``."""
    area = scale[0] + (scale[1] - scale[0]) * draws[:, 0]
    low, high = math.log(ratio[0]), math.log(ratio[1])
    aspect = torch.exp(low + (high - low) * draws[:, 1])
    width = torch.sqrt(area * aspect).clamp(max=1)
    height = torch.sqrt(area / aspect).clamp(max=1)
    theta = torch.zeros((len(draws), 2, 3), device=draws.device)
    theta[:, 0, 0] = torch.where(draws[:, 2] < flip, -width, width)
    theta[:, 1, 1] = height
    # the centre may move by what the crop leaves free
    theta[:, 0, 2] = (1 - width) * (2 * draws[:, 3] - 1)
    theta[:, 1, 2] = (1 - height) * (2 * draws[:, 4] - 1)
    return theta


def _recolour(images: Tensor, factors: Tensor, grey: Tensor | None) -> Tensor:
    """Brightness, contrast and saturation of ``[B, T, 3, H, W]`` times factors ``[B, 3]``."""
    brightness, contrast, saturation = (f.view(-1, 1, 1, 1, 1) for f in factors.unbind(1))
    images = (images * brightness).clamp(0, 1)
    # one mean for the video, not one per frame: light that changes in a video stays as it is
    if grey is None:
        mean = _grey(images).mean(dim=(1, 2, 3, 4), keepdim=True)
    else:
        mean = (grey.to(images.device).view(-1, 1, 1, 1, 1) * brightness).clamp(0, 1)
    images = (mean + (images - mean) * contrast).clamp(0, 1)
    shade = _grey(images)
    return (shade + (images - shade) * saturation).clamp(0, 1)


def _grey(images: Tensor) -> Tensor:
    weights = images.new_tensor(LUMA).view(3, 1, 1)
    return (images * weights).sum(dim=-3, keepdim=True)


def _check_frames(frames: Tensor) -> None:
    if frames.dtype != torch.uint8 or frames.ndim < 3 or frames.shape[-1] != 3:
        raise UserError(
            f"frames of shape {tuple(frames.shape)} and type {frames.dtype}: "
            "must be RGB, uint8 [..., H, W, 3]"
        )
