"""Every layout with real clips of the project's own faces, from the folder to the bank."""

import csv
from pathlib import Path

import numpy as np
import pytest

from rdfer.data.ingest import ingest
from rdfer.data.manifest import CLASSES
from rdfer.data.video import read_frames
from rdfer.datasets import DATASETS, read
from rdfer.datasets.check import check
from tests.datasets import trees
from tests.datasets.faces_trees import LENGTH, SIZE, as_whole, plant
from tests.datasets.layouts import LAYOUTS


@pytest.fixture(scope="module", params=LAYOUTS)
def planted(request, tmp_path_factory):
    """Root, layout and clips of a tree."""
    root = tmp_path_factory.mktemp("archive") / "root"
    layout = LAYOUTS[request.param]
    return root, layout, plant(root, layout)


@pytest.fixture
def tree(planted, monkeypatch):
    """The same, and the small set counts as whole."""
    _, layout, items = planted
    monkeypatch.setitem(DATASETS, layout.dataset, as_whole(layout, items))
    return planted


def manifests(tree):
    root, layout, _ = tree
    folds = DATASETS[layout.dataset].folds
    return {k: read(layout.dataset, root, fold=k, **layout.options) for k in folds}


def test_clips_come_with_their_classes_groups_votes_and_paths(tree):
    _, layout, items = tree
    wanted = {i.id: (i.path, i.label, i.group, i.votes) for i in items}
    for manifest in manifests(tree).values():
        found = {c.id: (c.path, c.given, c.group, c.votes) for c in manifest.videos}
        assert found == wanted
        assert manifest.classes == DATASETS[layout.dataset].classes
        assert all(c.label == (c.given if c.split == "test" else "") for c in manifest.videos)


def test_every_clip_is_in_the_part_that_it_should_be(tree):
    _, _, items = tree
    parts = {k: {c.id: c.split for c in m.videos} for k, m in manifests(tree).items()}
    if items[0].split:
        assert parts[1] == {item.id: item.split for item in items}
        assert 2 not in parts or all(parts[2][id] != split for id, split in parts[1].items())
        return
    # drawn by actor: each is tested once, and nobody is in both parts
    actors = {item.id: item.group for item in items}
    tested = [{actors[id] for id, split in p.items() if split == "test"} for p in parts.values()]
    assert sorted(actor for part in tested for actor in part) == sorted(set(actors.values()))
    for part, held in zip(parts.values(), tested, strict=True):
        assert not held & {actors[id] for id, split in part.items() if split == "train"}


def test_frames_are_those_that_were_rendered(tree):
    _, layout, items = tree
    shown = [item for item in items if item.count]
    for item in shown:
        frames = read_frames(item.path, size=SIZE)
        assert frames.shape == (item.count, SIZE, SIZE, 3)
        length = len(item.frames)
        frames = frames[:length].astype(int)
        if layout.path.endswith(".png"):
            np.testing.assert_array_equal(frames, item.frames)
        # no other clip is nearer, nor is this one in another order of time
        others = [other.frames[:length] for other in shown if other is not item]
        backwards, as_text = range(length)[::-1], sorted(range(length), key=lambda t: str(t + 1))
        others += [item.frames[list(o)] for o in (backwards, as_text) if [*o] != [*range(length)]]
        off = np.abs(frames - item.frames).mean()
        near = min(np.abs(frames[: len(other)] - other).mean() for other in others)
        assert off < min(6, near)


def test_the_check_notes_what_is_amiss_and_finds_nothing_wrong(tree):
    root, layout, items = tree
    report = check(layout.dataset, root, **layout.options)
    assert [f.line for f in report.findings if f.state == "wrong"] == []
    notes = {f.what: f for f in report.findings if f.state == "note"}
    assert {what: finding.found for what, finding in notes.items()} == dict(layout.notes)
    # of a folder of frames it is the empty one, of files the one without bytes
    (lost,) = (i for i in items if i.amiss == ("no bytes" if layout.kind else "broken"))
    assert lost.path in notes["videos that cannot be read"].advice
    counts = [f.found for f in report.findings if f.what == "frames a video"]
    assert counts == ([] if layout.kind else [f"{layout.short}..{LENGTH}, median {LENGTH}"])


def test_ingesting_lists_and_counts_what_cannot_be_read(tree, tmp_path):
    _, layout, items = tree
    first, *others = manifests(tree).values()
    out = tmp_path / "bank"
    done = ingest(first, out, size=SIZE, frames=LENGTH * 2, workers=0)
    lost = {item.id: item for item in items if not item.count}
    assert len(lost) == 2 and set(done.bank.unreadable) == set(lost)
    for id, item in lost.items():
        assert layout.reasons[item.amiss] in done.bank.unreadable[id]
    with open(out / "unreadable.csv", newline="") as file:
        rows = [(row["id"], row["path"]) for row in csv.DictReader(file)]
    assert sorted(rows) == sorted((id, item.path) for id, item in lost.items())
    assert done.lines()[0].startswith(f"2 of {len(items)} videos cannot be read: ")
    counts = {video.id: video.n_frames for video in done.manifest.videos}
    assert counts == {item.id: item.count for item in items}
    # another fold has the same bank
    for manifest in others:
        assert ingest(manifest, out, size=SIZE, frames=LENGTH * 2, workers=0).bank.checksum == (
            done.bank.checksum
        )


def test_lists_that_tell_more_frames_than_there_are(tmp_path, monkeypatch):
    """The lists of peers count the frames of another release of the folders."""
    layout = LAYOUTS["dfew frames"]
    items = plant(tmp_path / "root", layout)
    monkeypatch.setitem(DATASETS, "dfew", as_whole(layout, items))
    parts = {"test": {}, "train": {}}
    for item in items:
        parts[item.split][item.names["n"]] = CLASSES.index(item.label) + 1
    lists = trees.write_lists(tmp_path / "lists", {1: parts["test"], 2: parts["train"]}, frames=70)
    options = {"lists": lists, "order": CLASSES}
    notes = {f.what: f.found for f in check("dfew", tmp_path / "root", **options).findings}
    there = [item for item in items if item.amiss != "broken"]
    assert notes["lists say more frames"] == str(len(there))
    told, counted = (read("dfew", tmp_path / "root", lengths=n, **options) for n in (False, True))
    assert {video.n_frames for video in told.videos} == {70}
    counts = {video.id: video.n_frames for video in counted.videos}
    assert {i.id: counts[i.id] for i in there} == {i.id: len(read_images(i)) for i in there}


def read_images(item):
    return sorted(Path(item.path).glob("*.jpg"))
