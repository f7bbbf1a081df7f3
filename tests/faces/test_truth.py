"""Tests of the truth and of the manifest of a pool."""

import json
from collections import Counter
from pathlib import Path

from rdfer.base.files import read_json, record
from rdfer.data.manifest import Manifest, Truth
from rdfer.faces.sample import Sample
from rdfer.faces.scenario import make_split
from rdfer.faces.truth import (
    build_manifest,
    digest,
    pool_samples,
    rows,
    save_rows,
    truth,
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
    loaded = read_json(tmp_path / "truth.json")["videos"]
    for row, sample in zip(loaded, some, strict=True):
        known = {name: row[name] for name in truth(sample).to_row()}
        assert record(Truth, known, "") == truth(sample)
    assert loaded == json.loads(json.dumps(rows(some)))


def test_neutral_has_no_key(samples: tuple[Sample, ...]) -> None:
    for sample in samples:
        row = truth(sample)
        assert (row.key is None) == (row.apex is None) == (row.label == "Neutral")
        if row.distractor is not None:
            assert 0 <= row.distractor.start < row.distractor.end <= 64


def test_manifest_of_a_pool(tmp_path: Path) -> None:
    manifest = build_manifest(pool_samples("development", 70, 35, 42))
    assert not any(video.noisy for video in manifest.videos)
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
