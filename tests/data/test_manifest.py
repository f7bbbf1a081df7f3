"""Tests of the manifest."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.base.files import record
from rdfer.data.manifest import CLASSES, Distractor, Manifest, Truth, Video

TRUTH = Truth(
    label="Fear",
    variant="startle",
    key=(10, 30),
    onset=6,
    apex=18,
    offset=40,
    intensity=640,
    distractor=Distractor(label="Sad", variant="plain", start=36, end=60, intensity=300),
    degradations=(("blur", 200), ("light", 100)),
    speech=True,
    identity=4711,
    hard=True,
    reasons=("distractor",),
    strengths=(500,),
    difficulty=300,
    ambiguous=False,
)


def make(n: int = 7) -> Manifest:
    names = [CLASSES[i % 7] for i in range(n)]
    videos = (
        Video(id=f"c{i}", path=f"{i}.mp4", label=c, given=c, split="train", fold=1 + i % 5)
        for i, c in enumerate(names)
    )
    return Manifest(videos=tuple(videos), name="toy")


def test_order_of_classes_is_that_of_dfew() -> None:
    assert CLASSES == ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")


def test_labels_and_given() -> None:
    manifest = make(14)
    videos = list(manifest.videos)
    videos[0] = replace(videos[0], given="Fear")
    videos[1] = replace(videos[1], label="")
    manifest = replace(manifest, videos=tuple(videos))
    np.testing.assert_array_equal(manifest.labels(), [0, -1, *range(2, 7), *range(7)])
    np.testing.assert_array_equal(manifest.given(), [6, *range(1, 7), *range(7)])
    assert manifest.labels().dtype == np.int64
    assert [video.noisy for video in manifest.videos[:3]] == [True, False, False]


def test_round_trip_keeps_truth_and_votes(tmp_path: Path) -> None:
    manifest = make()
    fear = replace(manifest.videos[6], truth=TRUTH, votes=(0, 0, 1, 0, 2, 0, 7))
    manifest = replace(manifest, videos=(*manifest.videos[:6], fear))
    manifest.save(tmp_path / "m.json")
    assert Manifest.load(tmp_path / "m.json") == manifest
    assert fear.hard and not manifest.videos[0].hard


def test_truth_row_survives_json() -> None:
    assert record(Truth, json.loads(json.dumps(TRUTH.to_row())), "") == TRUTH
    neutral = replace(TRUTH, label="Neutral", key=None, distractor=None)
    assert record(Truth, json.loads(json.dumps(neutral.to_row())), "") == neutral


def test_select() -> None:
    manifest = make(14)
    test = tuple(replace(video, id=f"t{video.id}", split="test") for video in manifest.videos[:3])
    manifest = replace(manifest, videos=manifest.videos + test)
    assert [video.id for video in manifest.select(split="test").videos] == ["tc0", "tc1", "tc2"]
    assert len(manifest.select(split=("train", "test"))) == 17
    assert {video.fold for video in manifest.select(split="test", fold=2).videos} == {2}
    assert [video.id for video in manifest.select(split="test", ids=["tc1"]).videos] == ["tc1"]
    assert len(manifest.select(ids=["c0"])) == 1, "a selection may lack classes"
    with pytest.raises(UserError, match="no video"):
        manifest.select(split="val")
    with pytest.raises(UserError, match="'zz'"):
        manifest.select(ids=["zz"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "c0"}, "occurs twice"),
        ({"given": ""}, "given label"),
        ({"label": "happy"}, "label of"),
        ({"split": "dev"}, "split of"),
        ({"votes": (1, 2)}, "votes of"),
        ({"given": "Happy"}, "no training video"),
    ],
)
def test_refuses(change: dict[str, object], message: str) -> None:
    manifest = make()
    broken = replace(manifest.videos[3], **change)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=message):
        replace(manifest, videos=(*manifest.videos[:3], broken, *manifest.videos[4:]))


def test_refuses_classes_that_occur_twice() -> None:
    with pytest.raises(UserError, match="classes"):
        Manifest(videos=(), classes=("a", "a"))


def test_load_refuses_what_is_not_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        Manifest.load(tmp_path / "absent.json")
    path = tmp_path / "m.json"
    path.write_text("[]")
    with pytest.raises(UserError, match="not a JSON object"):
        Manifest.load(path)
    make().save(path)
    value = json.loads(path.read_text())
    del value["videos"][0]["votes"]
    path.write_text(json.dumps(value))
    with pytest.raises(UserError, match=r"videos\[0\]: key 'votes' is missing"):
        Manifest.load(path)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=40))
def test_labels_follow_the_classes(names: list[str]) -> None:
    videos = tuple(
        Video(id=str(i), path="x", label=name, given=name, split="test")
        for i, name in enumerate(names)
    )
    manifest = Manifest(videos=videos)
    assert [CLASSES[i] for i in manifest.labels()] == names
