import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from rdfer.base.errors import UserError
from rdfer.method.transforms import MEAN, STD, augment, evaluate, mean_grey, normalise

PLAIN = {"scale": (1.0, 1.0), "ratio": (1.0, 1.0), "flip": 0.0, "jitter": 0.0}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def videos(b=3, t=4, h=20, w=20, seed=0):
    return torch.randint(0, 256, (b, t, h, w, 3), generator=seeded(seed), dtype=torch.uint8)


def pixels(images):
    """Normalised images back to 0..255, [..., H, W, 3]."""
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    return ((images * std + mean) * 255).movedim(-3, -1)


def test_normalise_is_imagenets():
    image = torch.tensor([0.485, 0.5, 0.406 + 0.225]).view(3, 1, 1)
    expected = torch.tensor([0.0, (0.5 - 0.456) / 0.224, 1.0]).view(3, 1, 1)
    torch.testing.assert_close(normalise(image), expected)


def test_evaluate_only_normalises_frames_of_the_size():
    frames = videos()
    result = evaluate(frames, size=20)
    assert result.shape == (3, 4, 3, 20, 20) and result.dtype == torch.float32
    torch.testing.assert_close(pixels(result), frames.float(), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("h", "w"), [(40, 40), (40, 60), (60, 40)])
def test_evaluate_resizes_the_short_side_and_takes_the_middle(h, w):
    frame = videos(1, 1, h, w)[0, 0]
    result = pixels(evaluate(frame, size=20))
    image = Image.fromarray(frame.numpy()).resize((w // 2, h // 2), Image.Resampling.BILINEAR)
    top, left = (h // 2 - 20) // 2, (w // 2 - 20) // 2
    expected = np.asarray(image)[top : top + 20, left : left + 20].astype(np.float32)
    np.testing.assert_allclose(result.numpy(), expected, atol=1.5)


def test_augment_with_nothing_to_draw_is_evaluate():
    frames = videos()
    result = augment(frames, size=20, generator=seeded(), **PLAIN)
    torch.testing.assert_close(result, evaluate(frames, size=20), atol=1e-4, rtol=0)


def test_augment_mirrors_whole_videos():
    frames = videos(b=64, t=2, h=4, w=4)
    result = augment(frames, size=4, generator=seeded(), **{**PLAIN, "flip": 0.5})
    as_is = evaluate(frames, size=4)
    mirrored = torch.isclose(result, as_is.flip(-1), atol=1e-4).flatten(1).all(1)
    kept = torch.isclose(result, as_is, atol=1e-4).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert 16 < mirrored.sum() < 48


def test_every_frame_of_a_video_gets_the_same():
    still = videos(b=5, t=1).expand(5, 6, 20, 20, 3)
    result = augment(still, size=16, generator=seeded())
    for frame in range(1, 6):
        torch.testing.assert_close(result[:, frame], result[:, 0])
    one_picture = still[:1].expand(5, 6, 20, 20, 3)
    differing = augment(one_picture, size=16, generator=seeded())
    assert len({float(video.sum()) for video in differing}) == 5


def test_a_crop_is_a_part_of_the_picture_of_the_drawn_area():
    # colours that tell their place: red grows to the right, green downwards
    ramp = torch.arange(200, dtype=torch.uint8)
    frame = torch.stack([ramp.expand(200, 200), ramp.expand(200, 200).T, ramp.expand(200, 200)], -1)
    frames = frame.expand(200, 1, 200, 200, 3)
    settings = {"flip": 0.0, "jitter": 0.0, "scale": (0.5, 0.9)}
    result = pixels(augment(frames, size=50, generator=seeded(), **settings))[:, 0]
    # a sample stands in the middle of 1/50 of the crop's side
    width = (result[:, 0, -1, 0] - result[:, 0, 0, 0]) * 50 / 49
    height = (result[:, -1, 0, 1] - result[:, 0, 0, 1]) * 50 / 49
    area = width * height / 200**2
    inside = (width < 198) & (height < 198)
    assert 0.495 < area.min() and area[inside].max() < 0.905
    aspect = (width / height)[inside]
    assert 0.74 < aspect.min() < 0.85 and 1.18 < aspect.max() < 1.35
    assert result.min() >= 0 and result.max() <= 199.001
    # crops are all over the picture
    assert (result[:, 0, 0, 0] < 5).any() and (result[:, 0, -1, 0] > 194).any()


def test_jitter_multiplies_brightness_contrast_and_saturation():
    frames = videos(b=1, t=3)
    jitter = 0.4
    result = pixels(augment(frames, size=20, generator=seeded(5), **{**PLAIN, "jitter": jitter}))
    draws = torch.rand((1, 8), generator=seeded(5))[0, 5:].double().numpy()
    brightness, contrast, saturation = 1 + jitter * (2 * draws - 1)
    luma = np.array([0.299, 0.587, 0.114])
    expected = np.clip(frames[0].double().numpy() / 255 * brightness, 0, 1)
    middle = (expected @ luma).mean()
    expected = np.clip(middle + (expected - middle) * contrast, 0, 1)
    grey = (expected @ luma)[..., None]
    expected = np.clip(grey + (expected - grey) * saturation, 0, 1)
    np.testing.assert_allclose(result[0].numpy(), expected * 255, atol=1e-2)


def test_the_generator_alone_decides():
    frames = videos()
    torch.manual_seed(1)
    first = augment(frames, size=16, generator=seeded(7))
    torch.manual_seed(2)
    second = augment(frames, size=16, generator=seeded(7))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.equal(first, augment(frames, size=16, generator=seeded(8)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_cpu_generator_gives_the_same_crops_on_a_gpu():
    frames = videos()
    here = augment(frames, size=16, generator=seeded())
    there = augment(frames.cuda(), size=16, generator=seeded())
    assert there.is_cuda
    torch.testing.assert_close(there.cpu(), here, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"scale": (0.0, 1.0)}, "scale = "),
        ({"scale": (0.9, 0.8)}, "scale = "),
        ({"scale": (0.9, 1.2)}, "scale = "),
        ({"ratio": (0.0, 1.0)}, "ratio = "),
        ({"flip": 1.1}, r"flip = 1\.1"),
        ({"jitter": -0.1}, r"jitter = -0\.1"),
    ],
)
def test_bad_parameters_are_named(more, message):
    with pytest.raises(UserError, match=message):
        augment(videos(), size=16, generator=seeded(), **more)


@pytest.mark.parametrize("frames", [videos().float(), videos()[..., :2], videos()[0]])
def test_bad_frames_are_named(frames):
    with pytest.raises(UserError, match="frames of shape"):
        augment(frames, size=16, generator=seeded())


def test_clips_of_one_video_look_alike_however_they_are_cut() -> None:
    g = torch.Generator().manual_seed(0)
    video = torch.randint(0, 256, (2, 8, 24, 24, 3), generator=g, dtype=torch.uint8)
    video[:, 4:] //= 3  # it becomes dark: the mean of a part is not that of the whole
    grey = mean_grey(video)

    def seen(frames: Tensor) -> Tensor:
        return augment(frames, size=16, generator=torch.Generator().manual_seed(5), grey=grey)

    whole = seen(video)
    torch.testing.assert_close(seen(video[:, 4:]), whole[:, 4:])
    torch.testing.assert_close(seen(video[:, :2]), whole[:, :2])
    weights = torch.tensor([0.299, 0.587, 0.114])
    torch.testing.assert_close(grey, (video.float() / 255 * weights).sum(-1).mean((1, 2, 3)))
