"""People from integers: the same for the same number, different otherwise, calm at rest."""

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.faces import anatomy, creases, skin, texture
from rdfer.faces.head import BLENDSHAPES, load_head
from rdfer.faces.identity import _person, make_identity

NUMBERS = range(40, 52)


def test_the_same_number_is_the_same_person() -> None:
    first = make_identity(5)
    make_identity.cache_clear()
    again = make_identity(5)
    assert first is not again
    for name in ("vertices", "texture", "colour", "eyes", "backdrop", "shape_scale"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_different_numbers_are_different_people() -> None:
    people = [make_identity(n) for n in NUMBERS]
    for k, one in enumerate(people):
        for other in people[k + 1 :]:
            assert np.abs(one.vertices - other.vertices).max() > 0.02
            assert np.abs(one.texture - other.texture).mean() > 0.005


def test_negative_number_is_refused() -> None:
    with pytest.raises(UserError, match="identity = -1"):
        make_identity(-1)


def test_people_differ_in_age_sex_and_ancestry() -> None:
    people = [_person(np.random.default_rng(n)) for n in range(60)]
    ages, males, origins = zip(*people, strict=True)
    assert min(ages) < 0.15 and max(ages) > 0.7
    assert min(males) < 0.2 and max(males) > 0.8
    assert {int(np.argmax(shares)) for shares in origins} == {0, 1, 2}
    assert all(abs(sum(shares) - 1) < 1e-6 for shares in origins)


@pytest.mark.parametrize("number", NUMBERS)
def test_nobody_smiles_or_frowns_at_rest(number: int) -> None:
    vertices = make_identity(number).vertices
    marks = anatomy.landmarks(vertices)
    corners = (marks.left_corner[1] + marks.right_corner[1]) / 2
    assert abs(corners - marks.middle[1] - anatomy.MOUTH_TILT) < 0.012
    # eyes at the origin, chin one unit below
    assert abs(marks.eyes[1]) < 1e-4 and abs(marks.chin[1] + 1) < 0.03


def test_brows_are_painted_level_whatever_the_head() -> None:
    rng = np.random.default_rng(0)
    head = load_head()
    for male in (0.0, 1.0):
        shape = anatomy.shape_head(rng, age=0.3, male=male, ancestry=(0.0, 1.0, 0.0))
        path = anatomy.brow_path(shape, arch=0.03, tilt=0.0)
        index = anatomy._brow_vertices().mean(0)
        assert len(path) == len(index) == len(anatomy.BROW)
        left = anatomy._brow_vertices()[0]
        painted = np.array([y for _, y in path]) + shape[left, 1] - head.vertices[left, 1]
        assert abs(painted[-1] - painted[0]) < 0.05


def test_lids_meet_at_full_blink() -> None:
    for number in NUMBERS:
        person = make_identity(number)
        closed = person.vertices.copy()
        for end in ("Left", "Right"):
            scale = person.shape_scale[BLENDSHAPES.index(f"eyeBlink{end}")]
            load_head().shapes.add(closed, f"eyeBlink{end}", float(scale))
        for side in (1, -1):
            assert anatomy._opening(closed, side) < 0.12
            assert 0.6 < anatomy._opening(person.vertices, side) < 0.9


def test_texture_positions_match_vertices() -> None:
    head = load_head()
    nose = int(np.argmax(np.where(head.part == 0, head.vertices[:, 2], -9)))
    found = texture.sample(texture.position_map())[nose]
    np.testing.assert_allclose(found, head.vertices[nose], atol=0.03)


def test_strokes_lie_where_they_are_drawn() -> None:
    left = texture.line(((0.2, 7.0), (0.4, 7.0)), 0.02, side=1)
    right = texture.line(((0.2, 7.0), (0.4, 7.0)), 0.02, side=-1)
    place = texture.position_map()
    for picture, sign in ((left, 1), (right, -1)):
        drawn = place[picture > 0.5]
        assert np.all(drawn[:, 0] * sign > 0.15) and np.all(np.abs(drawn[:, 1] - 7) < 0.04)


def test_skin_colour_darkens_with_melanin() -> None:
    levels = [float(skin.skin_colour(m).sum()) for m in np.linspace(0, 1, 9)]
    assert levels == sorted(levels, reverse=True)


def test_creases_name_real_blendshapes_and_are_symmetric() -> None:
    table = creases.drivers()
    assert table.shape == (len(creases.CREASES), 52) and (table.sum(1) > 0).all()
    texel, dark = creases.strokes()
    assert dark.shape == (len(texel), len(creases.CREASES))
    assert 0 < dark.max() <= 1 and len(np.unique(texel)) == len(texel)
