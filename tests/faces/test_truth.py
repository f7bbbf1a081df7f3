"""Tests of the truth and of the manifest of a pool."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest
from rdfer.faces.sample import Sample
from rdfer.faces.scenario import make_split
from rdfer.faces.truth import (
    build_manifest,
    digest,
    load_rows,
    pool_samples,
    rows,
    samples_of,
    save_rows,
    truth,
    truth_of_row,
)

GOLDEN_DEVELOPMENT = "291f9a7a33b1654276afd4d5a39dea207f87c4946da6eaaa76da6586bcb801fe"
GOLDEN_CONFIRMATION = "12473d54169772729e2f50abfe3dfa25552cd9a54ef3f4011874ce152dc01c20"


def test_golden_truth() -> None:
    """The truth is the same on every machine; a change of it needs a new version."""
    assert digest(make_split("development", "test", 42)) == GOLDEN_DEVELOPMENT
    assert digest(make_split("confirmation", "train", 42, seed=3)) == GOLDEN_CONFIRMATION


def test_rows_survive_a_file(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    some = samples[:80]
    save_rows(tmp_path / "truth.json", rows(some))
    loaded = load_rows(tmp_path / "truth.json")
    assert [truth_of_row(row) for row in loaded] == [truth(sample) for sample in some]
    assert loaded == json.loads(json.dumps(rows(some)))


def test_neutral_has_no_key(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        row = truth(sample)
        assert (row.key is None) == (row.apex is None) == (row.label == "Neutral")
        if row.distractor is not None:
            assert 0 <= row.distractor.start < row.distractor.end <= 64


def test_load_refuses(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text('{"videos": []}')
    with pytest.raises(UserError, match="truth file"):
        load_rows(tmp_path / "truth.json")
    with pytest.raises(UserError, match="'label' is missing"):
        truth_of_row({"id": "x"})


def test_manifest_of_a_pool(tmp_path: Path) -> None:
    manifest = build_manifest("development", 70, 35, 42, noise="symmetric", rate=0.2, noise_seed=1)
    noisy = Counter(video.split for video in manifest.videos if video.noisy)
    assert noisy == {"train": 14, "val": 7}
    assert Counter(video.split for video in manifest.videos) == {"train": 70, "val": 35, "test": 42}
    ids = [sample.id for sample in pool_samples("development", 70, 35, 42)]
    assert [video.id for video in manifest.videos] == ids
    groups = {
        split: {video.group for video in manifest.select(split=split).videos}
        for split in ("train", "val", "test")
    }
    assert not groups["train"] & groups["test"] and not groups["val"] & groups["test"]
    manifest.save(tmp_path / "m.json")
    assert Manifest.load(tmp_path / "m.json") == manifest


def test_noise_leaves_the_truth_alone() -> None:
    clean = build_manifest("development", 70, 14, 14)
    noisy = build_manifest("development", 70, 14, 14, noise="instance", rate=0.3)
    assert [c.truth for c in clean.videos] == [c.truth for c in noisy.videos]
    assert [c.label for c in clean.videos] == [c.label for c in noisy.videos]
    assert not any(c.noisy for c in clean.videos)


@pytest.mark.parametrize("balance", ["balanced", "dfew"])
def test_samples_of_a_manifest(balance: str) -> None:
    manifest = build_manifest("confirmation", 210, 14, 21, frames=32, seed=2, balance=balance)
    drawn = pool_samples("confirmation", 210, 14, 21, frames=32, seed=2, balance=balance)
    assert samples_of(manifest) == drawn
    part = manifest.select(ids=[manifest.videos[3].id, manifest.videos[220].id])
    assert samples_of(part) == (drawn[3], drawn[220])


def test_samples_of_refuses_what_it_did_not_draw() -> None:
    manifest = build_manifest("development", 7, 1, 1)
    real = replace(manifest.videos[0], path="clips/1.mp4")
    with pytest.raises(UserError, match="no clip of the embedded"):
        samples_of(Manifest(videos=(real,), whole=False))
    old = replace(manifest.videos[0], truth=manifest.videos[1].truth)
    with pytest.raises(UserError, match="another video"):
        samples_of(Manifest(videos=(old,), whole=False))
