"""Pictures: same bytes again, every muscle where it belongs, tight crop, refusals."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.faces import render
from rdfer.faces.head import BLENDSHAPES
from rdfer.faces.identity import make_identity
from rdfer.faces.render import Light, Renderer, make_light, settle

SIZE = 64
PEOPLE = (3, 7, 11)


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(SIZE)


def weights(**shapes: float) -> NDArray[np.float32]:
    """One frame of weights [52]; a name without side means both sides."""
    out = np.zeros(52, np.float32)
    for name, weight in shapes.items():
        for end in ("",) if name in BLENDSHAPES else ("Left", "Right"):
            out[BLENDSHAPES.index(name + end)] = weight
    return out


def draw(
    renderer: Renderer, person: int, *frames: NDArray[np.float32], light: Light | None = None
) -> NDArray[np.int16]:
    stack = np.stack(frames)
    pose = np.zeros((len(stack), 6), np.float32)
    made = renderer.render(make_identity(person), stack, pose, light or Light())
    return made.astype(np.int16)


def coverage(renderer: Renderer) -> NDArray[np.float32]:
    """Share of every pixel that the last drawn frame's head covers [SIZE, SIZE]."""
    return renderer._linear[..., 3].reshape(SIZE, 2, SIZE, 2).mean((1, 3))


def change(a: NDArray[np.int16], b: NDArray[np.int16], top: float, low: float) -> float:
    """Mean absolute difference of the rows between two shares of the height."""
    rows = slice(int(top * SIZE), int(low * SIZE))
    return float(np.abs(a - b)[rows].mean())


def test_shapes_types_and_determinism(renderer: Renderer) -> None:
    frames = np.stack([weights(), weights(jawOpen=0.5), weights(mouthSmile=1)])
    pose = np.zeros((3, 6), np.float32)
    first = renderer.render(make_identity(3), frames, pose, make_light(1))
    assert first.shape == (3, SIZE, SIZE, 3) and first.dtype == np.uint8
    make_identity.cache_clear()
    again = Renderer(SIZE).render(make_identity(3), frames, pose, make_light(1))
    np.testing.assert_array_equal(first, again)
    # what was drawn before leaves no trace: frame 2 alone is frame 2 of the clip
    alone = renderer.render(make_identity(3), frames[2:], pose[2:], make_light(1))
    np.testing.assert_array_equal(alone[0], first[2])


@pytest.mark.parametrize("person", PEOPLE)
def test_jaw_opens_the_mouth_and_leaves_the_forehead(renderer: Renderer, person: int) -> None:
    rest, opened = draw(renderer, person, weights(), weights(jawOpen=0.8))
    assert change(rest, opened, 0.0, 0.35) < 0.5
    assert change(rest, opened, 0.65, 1.0) > 5


@pytest.mark.parametrize("person", PEOPLE)
def test_blink_covers_the_whites(renderer: Renderer, person: int) -> None:
    rest, closed = draw(renderer, person, weights(), weights(eyeBlink=1))
    rows = slice(int(0.36 * SIZE), int(0.46 * SIZE))
    # eyeballs are bluer than skin: the least red-blue difference is far higher with closed lids
    colour = [np.sort((f[..., 0] - f[..., 2])[rows, 16:48].ravel())[:12].mean() for f in
              (rest, closed)]  # fmt: skip
    assert colour[1] > colour[0] + 4
    assert change(rest, closed, 0.6, 1.0) < 0.5


def iris_column(frame: NDArray[np.int16]) -> float:
    """Centre of darkness of the two eyes, in pixels."""
    rows = frame[int(0.37 * SIZE) : int(0.45 * SIZE)].sum(2)
    dark = np.clip(np.quantile(rows, 0.3) - rows, 0, None).sum(0)
    return float((dark * np.arange(SIZE)).sum() / dark.sum())


@pytest.mark.parametrize("person", PEOPLE)
def test_gaze_moves_the_iris(renderer: Renderer, person: int) -> None:
    left, right = draw(
        renderer, person,
        weights(eyeLookOutLeft=1, eyeLookInRight=1), weights(eyeLookOutRight=1, eyeLookInLeft=1),
    )  # fmt: skip
    # the person's left is the picture's right
    assert iris_column(left) > iris_column(right) + 0.5


def test_raised_brows_change_the_upper_face_only(renderer: Renderer) -> None:
    rest, raised = draw(renderer, 3, weights(), weights(browInnerUp=1, browOuterUp=1))
    assert change(rest, raised, 0.1, 0.4) > 1.5
    assert change(rest, raised, 0.65, 1.0) < 0.2


def test_people_look_different(renderer: Renderer) -> None:
    a, b, c = (draw(renderer, person, weights())[0] for person in PEOPLE)
    assert min(np.abs(a - b).mean(), np.abs(a - c).mean(), np.abs(b - c).mean()) > 8


@pytest.mark.parametrize("person", PEOPLE)
def test_crop_is_tight(renderer: Renderer, person: int) -> None:
    draw(renderer, person, weights())
    cover = coverage(renderer)
    assert cover.mean() > 0.6
    middle = cover[:, SIZE // 2 - 4 : SIZE // 2 + 4]
    assert middle[4:].min() > 0.99
    assert cover[SIZE // 2, :2].max() < 0.5 or cover[SIZE // 2, -2:].max() < 0.5


def test_pose_turns_shifts_and_scales(renderer: Renderer) -> None:
    person, still = make_identity(3), weights()[None]

    def cover(*pose: float) -> NDArray[np.float32]:
        renderer.render(person, still, np.array([pose], np.float32), Light())
        return coverage(renderer)

    rest = cover(0, 0, 0, 0, 0, 0)
    columns = np.arange(SIZE)
    assert cover(0, 0, 0, 0, 0, -0.3).sum() < rest.sum()
    centre = [(c.sum(0) * columns).sum() / c.sum() for c in (rest, cover(0, 0, 0, 0.1, 0, -0.2))]
    assert centre[1] > centre[0] + 2
    tilted = cover(0, 0, 0.3, 0, 0, 0)
    assert (tilted[:8].sum(0) * columns).sum() / tilted[:8].sum() > SIZE / 2 + 2


def test_light_direction_shows(renderer: Renderer) -> None:
    left = draw(renderer, 3, weights(), light=Light(direction=(-0.8, 0.0, 0.6)))[0]
    right = draw(renderer, 3, weights(), light=Light(direction=(0.8, 0.0, 0.6)))[0]
    half = SIZE // 2
    assert left[:, :half].mean() > right[:, :half].mean() + 5
    assert make_light(4) == make_light(4) != make_light(5)


def test_settle_keeps_lids_and_lips_apart() -> None:
    hard = settle(np.ones((1, 52), np.float32))[0]
    by_name = dict(zip(BLENDSHAPES, hard, strict=True))
    assert by_name["eyeBlinkLeft"] < 0.5 and by_name["eyeWideLeft"] == 0
    closed = settle(weights(mouthClose=1, jawOpen=0.3)[None])[0]
    assert closed[BLENDSHAPES.index("mouthClose")] == np.float32(0.3)
    single = weights(mouthSmile=0.7)
    np.testing.assert_array_equal(settle(single[None])[0], single)


def test_full_strength_of_everything_draws(renderer: Renderer) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 2, (6, 52)).astype(np.float32)
    made = draw(renderer, 7, *frames)
    assert made.std() > 10


def test_rotation_is_orthonormal() -> None:
    matrix = render.rotation(0.3, -0.2, 0.1)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
    nose = matrix @ np.array([0, 0, 1], np.float32)
    assert nose[0] > 0.2 and nose[1] < -0.1


@pytest.mark.parametrize("size", [0, 15, 513])
def test_bad_size(size: int) -> None:
    with pytest.raises(UserError, match=f"size = {size}"):
        Renderer(size)


def test_bad_arrays(renderer: Renderer) -> None:
    person, pose = make_identity(3), np.zeros((2, 6), np.float32)
    good = np.zeros((2, 52), np.float32)
    for bad, at, rule in (
        (good[:, :51], pose, "weights.shape"),
        (good[0], pose, "weights.shape"),
        (good, pose[:1], "pose.shape"),
        (good * np.nan, pose, "not finite"),
    ):
        with pytest.raises(UserError, match=rule):
            renderer.render(person, bad, at, Light())
    with pytest.raises(UserError, match="seed = -1"):
        make_light(-1)
