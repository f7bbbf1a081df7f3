"""A bank of any size is built in bounded memory: none of its frames are kept by who builds it.

What Python and numpy allocate is counted exactly, so nothing here depends on the machine.
"""

import dataclasses
import tracemalloc

import numpy as np
import pytest

import rdfer.data.bank
from rdfer.data.bank import FrameBank
from rdfer.data.ingest import ingest
from rdfer.data.manifest import Manifest, Video
from rdfer.data.video import Decoded
from tests.bank_sources import Counting, sources

SIZE, FRAMES = 48, 16
SMALL = {"size": SIZE, "frames": FRAMES}
FEW, MANY = 20, 120
BYTES = FRAMES * SIZE * SIZE * 3  # of a clip
# what is noted of a clip (id, place, digest), and room for much of it
NOTE = 0.1 * BYTES


def peak_of(work, *arguments):
    """The most bytes that the work holds at once, beyond what was held before."""
    tracemalloc.start()
    try:
        work(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def growth(work):
    """By how many bytes the peak rises for each clip more."""
    work(1)  # what is imported and cached on the way counts for neither
    return (peak_of(work, MANY) - peak_of(work, FEW)) / (MANY - FEW)


@pytest.fixture
def fake_decode(monkeypatch):
    """Videos that need no file."""

    def decode(path, indices, *, size, skip_frames):
        return Decoded(np.zeros((len(indices(99)), size, size, 3), np.uint8), 99)

    monkeypatch.setattr(rdfer.data.bank, "decode", decode)


def test_ingesting_more_clips_takes_no_more_memory(tmp_path, fake_decode):
    def work(n):
        clips = tuple(Video(f"{k:05d}", f"/{k}.mp4", "", "Fear", "train") for k in range(n))
        manifest = Manifest(clips, name="tests", whole=False)
        ingest(manifest, tmp_path / f"{n}", size=SIZE, frames=FRAMES, workers=0)

    assert growth(work) < NOTE


def test_frames_of_worker_processes_never_reach_the_one_that_leads(tmp_path):
    def work(n):
        FrameBank.build(tmp_path / f"{n}", sources([FRAMES] * n), **SMALL, workers=1)

    assert growth(work) < NOTE


@dataclasses.dataclass(frozen=True)
class Hoarding(Counting):
    """A source that keeps its frames, as a builder must not."""

    kept: list = dataclasses.field(default_factory=list, compare=False)

    def load(self, size, frames):
        self.kept.append(super().load(size, frames))
        return self.kept[-1]


def test_frames_that_are_kept_would_be_seen(tmp_path):
    def work(n):
        hoard = [Hoarding(f"clip{k}", FRAMES) for k in range(n)]
        FrameBank.build(tmp_path / f"{n}", hoard, **SMALL, workers=0)

    assert growth(work) > BYTES
