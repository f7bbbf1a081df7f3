import dataclasses
import errno
import json
import multiprocessing
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.data import bank as module
from rdfer.data import filling, workers
from rdfer.data.bank import FrameBank
from rdfer.method.sampling import stored_indices

sys.path.insert(0, str(Path(__file__).parents[1]))

from bank_sources import Counting, sources

SIZE, FRAMES = 4, 4
BYTES = FRAMES * SIZE * SIZE * 3  # of a video
HEADER = 128  # of the array's file


def build(path, clips, **more):
    more = {"size": SIZE, "frames": FRAMES, "workers": 0} | more
    return FrameBank.build(path, clips, **more)


def loaded_since(log):
    names = Path(log).read_text().split() if Path(log).exists() else []
    Path(log).unlink(missing_ok=True)
    return names


def partial(path):
    return path.with_name(f".{path.name}.part")


def assert_holds(bank, clips):
    assert bank.ids == tuple(clip.id for clip in clips)
    for video, clip in enumerate(clips):
        kept = stored_indices(clip.length, bank.frames)
        frames = np.arange(bank.frames)[None]
        np.testing.assert_array_equal(
            bank.gather([video], frames)[0], clip.load(SIZE, FRAMES)[kept]
        )


def test_holds_what_the_sources_give(tmp_path):
    clips = sources([5, 1, 9])
    bank = build(tmp_path / "bank", clips)
    assert len(bank) == 3 and bank.size == SIZE
    assert bank.lengths.tolist() == [4, 4, 4] and bank.lengths.dtype == np.int64
    assert bank.counts.tolist() == [5, 1, 9]
    assert_holds(bank, clips)
    assert sorted(p.name for p in bank.path.iterdir()) == ["frames.npy", "index.json"]
    array = np.load(bank.path / "frames.npy", mmap_mode="r")
    assert array.shape == (3, FRAMES, SIZE, SIZE, 3)
    np.testing.assert_array_equal(array[1], bank.gather([1], [range(FRAMES)])[0])


def test_it_needs_neither_torch_nor_settings():
    code = (
        "import sys, rdfer.data.bank, rdfer.data.manifest, rdfer.data.ingest\n"
        "assert not {'torch', 'rdfer.settings', 'pandas', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_gather_takes_any_shape_of_frames(tmp_path):
    clips = sources([4, 4])
    bank = build(tmp_path / "bank", clips)
    frames = np.array([[[0, 3], [2, 2]], [[2, 1], [0, 0]]])
    gathered = bank.gather(np.array([0, 1]), frames)
    assert gathered.shape == (2, 2, 2, SIZE, SIZE, 3) and gathered.dtype == np.uint8
    for b in range(2):
        np.testing.assert_array_equal(gathered[b], clips[b].load(SIZE, FRAMES)[frames[b]])


@pytest.mark.parametrize(
    ("videos", "frames"),
    [([2], [[0]]), ([-1], [[0]]), ([1], [[4]]), ([0], [[-1]]), ([0, 1], [[0]])],
)
def test_gather_refuses_what_is_not_there(tmp_path, videos, frames):
    bank = build(tmp_path / "bank", sources([5, 3]))
    with pytest.raises(IndexError):
        bank.gather(videos, frames)


def test_processes_give_the_same_bank(tmp_path):
    clips = sources([5, 1, 9, 4, 2])
    here = build(tmp_path / "here", clips)
    there = build(tmp_path / "there", clips, workers=2)
    assert here.checksum == there.checksum
    assert_holds(there, clips)


def test_short_videos_are_counted_and_told(tmp_path, capsys):
    bank = build(tmp_path / "bank", sources([16, 15, 40, 2]), frames=16)
    assert bank.counts.tolist() == [16, 15, 40, 2] and bank.lengths.tolist() == [16] * 4
    assert "2 of 4 videos have fewer than 16 frames" in capsys.readouterr().err


def test_another_number_of_frames_is_another_bank(tmp_path):
    clips = sources([10, 3])
    build(tmp_path / "bank", clips)
    bank = build(tmp_path / "bank", clips, frames=6)
    assert bank.frames == 6
    assert_holds(bank, clips)


def test_a_finished_bank_is_left_alone(tmp_path):
    log = str(tmp_path / "log")
    clips = sources([5, 3], log=log)
    build(tmp_path / "bank", clips)
    assert loaded_since(log) == ["clip0", "clip1"]
    build(tmp_path / "bank", clips)
    assert loaded_since(log) == []


def test_other_sources_replace_the_bank_when_they_are_whole(tmp_path):
    path = tmp_path / "bank"
    old = build(path, sources([5, 3]))
    changed = sources([6, 3], key="v2")
    with pytest.raises(UserError):
        build(path, [*changed, Counting("bad", 1, fault="unreadable")])
    assert FrameBank.open(path).checksum == old.checksum
    assert_holds(build(path, changed), changed)
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == ["bank"]


def test_checksum_tells_contents_apart(tmp_path):
    sums = {
        build(tmp_path / name, clips).checksum
        for name, clips in {
            "a": sources([5, 3]),
            "b": sources([5, 2]),
            "c": sources([5, 3])[::-1],
        }.items()
    }
    assert len(sums) == 3


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_resumes_wherever_the_writing_was_cut_off(data, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("cut")
    log = str(tmp_path / "log")
    clips = sources([5, 1, 9, 4], log=log)
    whole = build(tmp_path / "whole", clips)
    loaded_since(log)

    path = tmp_path / "bank"
    done = data.draw(st.integers(0, 4), label="clips written")
    last = Counting("stop", 1, fault="unreadable")
    with pytest.raises(UserError):
        build(path, [*clips[:done], last])
    loaded_since(log)
    # the same key as the whole bank, as if this had been its own writing
    journal = partial(path) / filling.JOURNAL
    header, *lines = journal.read_text().splitlines(keepends=True)
    layout = json.loads(header)
    layout["key"] = module.bank_key(clips, size=SIZE, frames=FRAMES)
    layout["shape"][0] = len(clips)
    text = "".join([json.dumps(layout) + "\n", *lines])
    header_end = text.index("\n") + 1
    cut = data.draw(st.integers(0, len(text)), label="journal bytes")
    journal.write_text(text[:cut])
    frames = partial(path) / "frames.npy"
    kept = data.draw(st.integers(0, frames.stat().st_size), label="frame bytes")
    os.truncate(frames, kept)
    garbage = data.draw(st.binary(max_size=20), label="garbage")
    frames.write_bytes(frames.read_bytes() + garbage)

    again = build(path, clips)
    assert again.checksum == whole.checksum
    assert_holds(again, [dataclasses.replace(clip, log="") for clip in clips])
    # what was written and noted in full is not loaded again
    ends = HEADER + BYTES * np.arange(1, len(clips) + 1)
    noted = text[:cut].count("\n") - 1 if cut >= header_end else 0
    intact = sum(1 for i in range(noted) if ends[i] <= kept)
    assert len(loaded_since(log)) <= len(clips) - intact


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from rdfer.data import bank
from bank_sources import sources

write_frames = bank.write_frames
def dying(file, offset, frames):
    if offset > 500:   # some of its bytes reach the file, and no line the journal
        with open(file, "r+b") as target:
            target.seek(offset)
            target.write(frames.tobytes()[:50])
        os.kill(os.getpid(), signal.SIGKILL)
    write_frames(file, offset, frames)
bank.write_frames = dying
bank.FrameBank.build(sys.argv[1], sources([5, 1, 9, 4]), size=4, frames=4, workers=0)
"""

KILLED_WITH_WORKERS = """
import os, signal, sys
if __name__ == "__main__":
    sys.path.insert(0, sys.argv[2])
    from rdfer.data.bank import FrameBank
    from rdfer.data.filling import Filling
    from bank_sources import sources

    note = Filling.note
    def dying(self, video):
        if len(self.done) == int(sys.argv[3]):   # written, but not noted
            os.kill(os.getpid(), signal.SIGKILL)
        note(self, video)
    Filling.note = dying
    FrameBank.build(sys.argv[1], sources([5, 1, 9, 4, 2, 6]), size=4, frames=4, workers=2)
"""


def test_a_killed_building_is_resumed(tmp_path):
    path = tmp_path / "bank"
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(Path(__file__).parents[1])], check=False
    )
    assert run.returncode == -9
    assert not path.exists()
    with pytest.raises(UserError, match=r"index\.json is missing"):
        FrameBank.open(path)
    log = str(tmp_path / "log")
    bank = build(path, sources([5, 1, 9, 4], log=log))
    assert loaded_since(log) == ["clip2", "clip3"]
    assert bank.checksum == build(tmp_path / "whole", sources([5, 1, 9, 4])).checksum


@pytest.mark.parametrize("done", [0, 3, 5])
def test_a_killed_building_with_workers_is_resumed(tmp_path, done):
    path, script = tmp_path / "bank", tmp_path / "script.py"
    script.write_text(KILLED_WITH_WORKERS)
    arguments = [str(script), str(path), str(Path(__file__).parents[1]), str(done)]
    # returns when nobody holds the pipe any more: the workers have ended as well
    run = subprocess.run([sys.executable, *arguments], check=False, stdout=subprocess.PIPE)
    assert run.returncode == -9 and not path.exists()
    log = str(tmp_path / "log")
    bank = build(path, sources([5, 1, 9, 4, 2, 6], log=log))
    assert len(loaded_since(log)) == 6 - done
    assert bank.checksum == build(tmp_path / "whole", sources([5, 1, 9, 4, 2, 6])).checksum
    assert_holds(bank, sources([5, 1, 9, 4, 2, 6]))


@pytest.mark.parametrize("size", [0, 1, HEADER + BYTES, HEADER + 2 * BYTES + 1])
def test_a_cut_off_finished_bank_is_detected_and_mended(tmp_path, size):
    path = tmp_path / "bank"
    log = str(tmp_path / "log")
    clips = sources([1, 2, 3], log=log)
    checksum = build(path, clips).checksum
    loaded_since(log)
    os.truncate(path / "frames.npy", size)
    with pytest.raises(UserError, match=r"frames\.npy: .* bytes where the index says 704"):
        FrameBank.open(path)
    assert build(path, clips).checksum == checksum
    assert loaded_since(log) == ["clip0", "clip1", "clip2"][max(0, size - HEADER) // BYTES :]
    assert_holds(FrameBank.open(path), sources([1, 2, 3]))


@pytest.mark.parametrize("workers", [0, 1])
def test_unreadable_clips_give_one_error_and_cost_only_themselves(tmp_path, workers):
    log = str(tmp_path / "log")
    clips = sources([5, 1, 9, 4], log=log)
    bad = list(clips)
    bad[1] = dataclasses.replace(clips[1], fault="unreadable")
    bad[2] = dataclasses.replace(clips[2], fault="shape")
    with pytest.raises(UserError, match=r"^clip1\.mp4: is empty \(1 more cannot be read\)$"):
        build(tmp_path / "bank", bad, workers=workers)
    assert not (tmp_path / "bank").exists()
    loaded_since(log)
    build(tmp_path / "bank", clips)
    assert loaded_since(log) == ["clip1", "clip2"]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_unreadable_clips_can_be_left_out_and_are_listed(tmp_path, workers):
    clips = sources([5, 1, 9, 4])
    bad = list(clips)
    bad[1] = dataclasses.replace(clips[1], fault="unreadable")
    bad[2] = dataclasses.replace(clips[2], fault="shape")
    bank = build(tmp_path / "bank", bad, workers=workers, skip_unreadable=True)
    assert_holds(bank, [clips[0], clips[3]])
    assert list(bank.unreadable) == ["clip1", "clip2"]
    assert bank.unreadable["clip1"] == "clip1.mp4: is empty"
    assert bank.unreadable["clip2"].startswith("clip2: gave uint8 (9, 4, 4, 4)")
    # what cannot be read stays told
    again = build(tmp_path / "bank", bad, skip_unreadable=True)
    assert again.unreadable == bank.unreadable
    assert again.checksum == build(tmp_path / "two", [clips[0], clips[3]]).checksum


def test_a_bank_that_lacks_clips_does_not_pass_for_a_whole_one(tmp_path):
    bad = [*sources([5]), Counting("bad", 1, fault="unreadable")]
    build(tmp_path / "bank", bad, skip_unreadable=True)
    with pytest.raises(UserError, match=r"^bad\.mp4: is empty$"):
        build(tmp_path / "bank", bad)


def test_a_bank_without_any_readable_clip_is_refused(tmp_path):
    bad = [Counting(name, 1, fault="unreadable") for name in "ab"]
    with pytest.raises(UserError, match=r"^a\.mp4: is empty \(1 more cannot be read\)$"):
        build(tmp_path / "bank", bad, skip_unreadable=True)
    assert not (tmp_path / "bank").exists()


def test_unreadable_clips_are_tried_again_by_a_call_that_goes_on(tmp_path, monkeypatch):
    path, log = tmp_path / "bank", str(tmp_path / "log")
    clips = sources([5, 1, 9, 4], log=log)
    clips[1] = dataclasses.replace(clips[1], fault="unreadable")
    whole = build(tmp_path / "whole", clips, skip_unreadable=True)
    loaded_since(log)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(filling.Filling, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            build(path, clips, skip_unreadable=True)
    loaded_since(log)
    again = build(path, clips, skip_unreadable=True)
    assert loaded_since(log) == ["clip1"]
    assert (again.checksum, again.unreadable) == (whole.checksum, whole.unreadable)


def test_sources_can_tell_how_much_they_leave_out_and_what_is_unusual(tmp_path):
    clips = [Counting("few", 4), Counting("picked", 4, of=9, note="odd"), Counting("more", 7)]
    bank = build(tmp_path / "bank", clips, workers=1)
    assert bank.counts.tolist() == [4, 9, 7] and bank.notes == {"picked": "odd"}


def test_what_may_not_be_replaced_is_left_alone(tmp_path):
    path = tmp_path / "bank"
    path.mkdir()
    built = build(path, sources([5]), replace=False)  # an empty directory is no loss
    assert build(path, sources([5]), replace=False).checksum == built.checksum
    with pytest.raises(UserError, match="holds a bank of other videos or settings"):
        build(path, sources([5], key="v2"), replace=False)
    assert FrameBank.open(path).checksum == built.checksum
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(UserError, match=r"other: exists and holds no bank"):
        build(tmp_path / "other", sources([5]), replace=False)
    assert (tmp_path / "other" / "thesis.tex").exists()


def test_an_error_in_the_account_leaves_no_process(tmp_path, monkeypatch):
    def full(self, entry):
        raise UserError("no space left")

    monkeypatch.setattr(filling.Filling, "note", full)
    with pytest.raises(UserError, match="no space left") as held:
        build(tmp_path / "bank", sources([3] * 9), workers=1)
    # also while the exception, and with it every frame of the calls, is kept
    assert held.value and multiprocessing.active_children() == []


def write_from_a_worker(file):
    loading = module.Loading(SIZE, FRAMES, file)
    missing = [module.Missing(sources([3])[0], 0, HEADER)]
    return list(workers.work(loading, missing, workers=1, timeout=60.0))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_device_is_told_by_a_worker():
    with pytest.raises(UserError, match=r"/dev/full: no space left on the device"):
        write_from_a_worker(Path("/dev/full"))


def test_a_missing_file_is_told_by_a_worker(tmp_path):
    with pytest.raises(UserError, match=r"gone: cannot be written \(No such file"):
        write_from_a_worker(tmp_path / "gone")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("crash", r"crashed \(exit status 3\)"),
        ("signal", r"crashed \(SIGSEGV\)"),
        ("hang", r"took more than 0\.2 s"),
    ],
)
def test_a_clip_that_takes_its_worker_down_is_named(tmp_path, fault, told):
    # no other clip is there that could run out of its time on a slow machine
    with pytest.raises(UserError, match=rf"^bad: its loading {told}; "):
        build(tmp_path / "bank", [Counting("bad", 1, fault=fault)], workers=1, timeout=0.2)
    assert not (tmp_path / "bank").exists()


def test_processes_that_cannot_import_a_source_are_one_clear_error(tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Hidden(Counting):
        pass

    Hidden.__qualname__ = "Hidden"
    Hidden.__module__ = "nowhere"
    module = types.ModuleType("nowhere")
    module.Hidden = Hidden
    sys.modules["nowhere"] = module
    try:
        with pytest.raises(UserError, match="No module named 'nowhere'"):
            build(tmp_path / "bank", [Hidden("a", 1)], workers=1)
    finally:
        del sys.modules["nowhere"]


def test_clips_beside_one_that_crashes_are_kept(tmp_path):
    log = str(tmp_path / "log")
    clips = sources([5, 1, 9], log=log)
    bad = dataclasses.replace(clips[1], fault="crash")
    with pytest.raises(UserError, match=r"^clip1: its loading crashed"):
        build(tmp_path / "bank", [clips[0], bad, clips[2]], workers=1)
    loaded_since(log)
    bank = build(tmp_path / "bank", clips)
    assert loaded_since(log) == ["clip1"]
    assert_holds(bank, sources([5, 1, 9]))


def test_a_full_device_is_an_error_and_what_fits_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "bank"
    log = str(tmp_path / "log")
    clips = sources([5, 1, 9], log=log)
    dumps = filling.json.dumps

    def full(value, **more):
        if isinstance(value, dict) and value.get("id") == "clip1":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return dumps(value, **more)

    with monkeypatch.context() as patch:
        patch.setattr(filling.json, "dumps", full)
        with pytest.raises(UserError, match=r"frames\.npy: no space left on the device"):
            build(path, clips)
    assert not path.exists()
    loaded_since(log)
    bank = build(path, clips)
    assert loaded_since(log) == ["clip1", "clip2"]
    assert_holds(bank, sources([5, 1, 9]))


@pytest.mark.parametrize(
    ("clips", "more", "message"),
    [
        ([], {}, "needs at least one"),
        (sources([1]) * 2, {}, "'clip0': occurs twice"),
        (sources([0]), {}, "clip0: has no frames"),
        (sources([1]), {"size": 0}, "size = 0"),
        (sources([1]), {"frames": 0}, "frames = 0"),
        (sources([1]), {"workers": -1}, "workers = -1"),
        (sources([1]), {"timeout": 0.0}, "timeout = 0.0"),
        (sources([1]), {"timeout": float("inf")}, "timeout = inf"),
    ],
)
def test_bad_input_is_named(tmp_path, clips, more, message):
    with pytest.raises(UserError, match=message):
        build(tmp_path / "bank", clips, **more)
