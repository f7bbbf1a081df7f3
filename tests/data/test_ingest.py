import csv
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rdfer.base.errors import UserError
from rdfer.commands.cli import main
from rdfer.data import decoding
from rdfer.data.bank import FrameBank
from rdfer.data.ingest import ingest
from rdfer.data.manifest import Manifest, Video
from rdfer.data.video import n_frames, read_frames
from rdfer.faces.export import write_video
from rdfer.method.sampling import stored_indices
from tests.datasets.clips import write_video as write_clip

SIZE, FRAMES = 16, 8


def pictures(n, h=32, w=32):
    y, x = np.mgrid[:h, :w]
    waves = [
        127 + 100 * np.sin((x + 2 * t) / 9 + c) * np.cos(y / 7) for t in range(n) for c in range(3)
    ]
    return np.stack(waves).reshape(n, 3, h, w).transpose(0, 2, 3, 1).astype(np.uint8)


def write_folder(folder, frames, name="{}.png"):
    folder.mkdir()
    for i, frame in enumerate(frames, start=1):
        Image.fromarray(frame).save(folder / name.format(i))
    return folder


def manifest_of(*paths):
    videos = (
        Video(id=path.stem, path=str(path), label="Fear", given="Fear", split="test", n_frames=99)
        for path in paths
    )
    return Manifest(videos=tuple(videos), name="tests")


def take(manifest, out, **more):
    return ingest(manifest, out, **({"size": SIZE, "frames": FRAMES, "workers": 0} | more))


@pytest.fixture
def good(tmp_path):
    """A long and a short video, and a folder of frames."""
    root = tmp_path / "root"
    root.mkdir()
    write_video(root / "long.mp4", pictures(30), fps=25)
    write_video(root / "short.mp4", pictures(3, 48, 32), fps=25)
    return root / "long.mp4", root / "short.mp4", write_folder(root / "folder", pictures(11))


def test_holds_the_frames_and_tells_how_many_there_were(tmp_path, good):
    done = take(manifest_of(*good), tmp_path / "bank")
    bank = FrameBank.open(tmp_path / "bank")
    assert bank.ids == ("folder", "long", "short") and bank.size == SIZE
    for path, total in zip(good, (30, 3, 11), strict=True):
        rows = bank.gather([bank.ids.index(path.stem)], [np.arange(FRAMES)])[0]
        expected = read_frames(path, stored_indices(total, FRAMES), size=SIZE)
        np.testing.assert_array_equal(rows, expected)
    assert [video.n_frames for video in done.manifest.videos] == [30, 3, 11]
    assert Manifest.load(tmp_path / "bank" / "manifest.json") == done.manifest
    assert not (tmp_path / "bank" / "unreadable.csv").exists()
    assert done.lines() == [
        f"{bank.path}: 3 videos of 8 frames, 16 px, checksum {bank.checksum[:16]}"
    ]


def test_only_the_frames_that_are_kept_are_converted(tmp_path, good, monkeypatch):
    converted = []

    def counting(frame, *more):
        converted.append(round(frame.time * 25))
        return convert(frame, *more)

    convert = decoding._converted
    monkeypatch.setattr(decoding, "_converted", counting)
    take(manifest_of(good[0]), tmp_path / "bank", size=32)
    assert converted == stored_indices(30, FRAMES).tolist()


def test_unreadable_clips_are_listed_and_counted(tmp_path, good):
    root = good[0].parent
    (root / "zero.mp4").touch()
    (root / "cut.mp4").write_bytes(good[0].read_bytes()[:-200])
    (root / "none").mkdir()
    damaged = write_folder(root / "damaged", pictures(3), name="{}.jpg")
    (damaged / "2.jpg").write_bytes((damaged / "2.jpg").read_bytes()[:300])
    (root / "text.avi").write_text("no video")
    reasons = {
        "zero": "is empty (0 bytes)",
        "cut": "is cut off",
        "none": "holds no frames",
        "damaged": "2.jpg: cannot be read",
        "text": "cannot be decoded",
        "gone": "no such video",
    }
    paths = [root / name for name in ("zero.mp4", "cut.mp4", "none", "damaged", "text.avi", "gone")]
    manifest = manifest_of(good[0], *paths, *good[1:])
    done = take(manifest, tmp_path / "bank")
    assert done.bank.ids == ("folder", "long", "short")
    assert done.bank.unreadable.keys() == reasons.keys()
    for name, reason in reasons.items():
        assert reason in done.bank.unreadable[name] and "\n" not in done.bank.unreadable[name]
    with open(tmp_path / "bank" / "unreadable.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"]: (row["path"], row["reason"]) for row in rows} == {
        path.stem: (str(path), done.bank.unreadable[path.stem]) for path in paths
    }
    lines = done.lines()
    assert lines[0].startswith("6 of 9 videos cannot be read: ")
    assert lines[6] == "  and 1 more" and len(lines) == 8
    # the manifest still asks for every clip: a test clip that cannot be read counts as wrong
    assert [video.id for video in done.manifest.videos] == [video.id for video in manifest.videos]
    assert [video.n_frames for video in done.manifest.videos] == [30, 0, 0, 0, 0, 0, 0, 3, 11]
    assert done.bank.checksum == take(manifest_of(*good), tmp_path / "other").bank.checksum


def test_frames_of_different_sizes_are_scaled_and_told(tmp_path):
    folder = write_folder(tmp_path / "mixed", pictures(2))
    Image.new("RGB", (64, 48)).save(folder / "3.png")
    done = take(manifest_of(folder), tmp_path / "bank")
    assert done.lines()[:2] == [
        "unusual, but read: 1 of 1 videos",
        f"  {folder}: frames of different sizes (32 x 32, 64 x 48); each was scaled on its own",
    ]
    assert take(manifest_of(folder), tmp_path / "bank").lines() == done.lines()


def test_what_a_container_promises_and_does_not_hold_is_no_frame_and_told(tmp_path):
    over = write_clip(tmp_path / "over.avi", pictures(60), promised=400)
    little = write_clip(tmp_path / "little.mp4", pictures(20), promised=26)
    still = pictures(20)
    still[12:] = still[12]
    write_video(tmp_path / "still.mp4", still, fps=25)
    assert n_frames(over) == 60
    done = take(manifest_of(over, little, tmp_path / "still.mp4"), tmp_path / "bank", frames=64)
    assert dict(zip(done.bank.ids, done.bank.counts.tolist(), strict=True)) == {
        "over": 60,
        "little": 20,
        "still": 20,
    }
    assert done.bank.notes == {
        "over": f"{over}: its container promises 400 frames; it holds 60",
        "little": f"{little}: its container promises 26 frames; it holds 20",
    }
    assert done.bank.unreadable == {}


def test_a_picture_that_cannot_be_read_costs_the_video_or_by_an_option_itself(tmp_path):
    frames = pictures(10)
    folder = write_folder(tmp_path / "folder", frames)
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:60])
    (folder / "6.png").unlink()
    (folder / "6.png").symlink_to("nowhere.png")
    whole = write_folder(tmp_path / "whole", frames)
    manifest = manifest_of(folder, whole)
    done = take(manifest, tmp_path / "strict")
    assert done.bank.ids == ("whole",) and "png: cannot be read" in done.bank.unreadable["folder"]
    done = take(manifest, tmp_path / "bank", skip_frames=True, size=32, frames=4)
    assert done.bank.ids == ("folder", "whole") and done.bank.counts.tolist() == [8, 10]
    left = np.delete(frames, [2, 5], 0)
    np.testing.assert_array_equal(done.bank.gather([0], [range(4)])[0], left[stored_indices(8, 4)])
    assert done.bank.notes == {"folder": f"{folder}: left out, as they cannot be read: 3.png 6.png"}
    assert done.bank.key != take(manifest, tmp_path / "strict").bank.key


def test_the_order_of_the_clips_does_not_matter(tmp_path, good):
    first = take(manifest_of(*good), tmp_path / "bank")
    frames = tmp_path / "bank" / "frames.npy"
    before = frames.stat().st_mtime_ns
    manifest = manifest_of(*reversed(good))
    other = replace(
        manifest, videos=tuple(replace(c, split="train") for c in manifest.videos), whole=False
    )
    second = take(other, tmp_path / "bank")
    assert second.bank.checksum == first.bank.checksum and frames.stat().st_mtime_ns == before
    assert Manifest.load(tmp_path / "bank" / "manifest.json").videos[0].id == "folder"


def test_what_stands_at_the_place_is_never_replaced(tmp_path, good):
    checksum = take(manifest_of(*good), tmp_path / "bank").bank.checksum
    for change in ({"size": 24}, {"frames": 5}):
        with pytest.raises(UserError, match="bank: holds a bank of other videos or settings"):
            take(manifest_of(*good), tmp_path / "bank", **change)
    with pytest.raises(UserError, match="root: exists and holds no bank"):
        take(manifest_of(*good), good[0].parent)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: exists and holds no bank"):
        take(manifest_of(*good), tmp_path / "file")
    assert FrameBank.open(tmp_path / "bank").checksum == checksum and good[0].exists()


KILLED = """
import os, signal, sys
if __name__ == "__main__":
    from rdfer.data import ingest
    from rdfer.data.filling import Filling
    from rdfer.data.manifest import Manifest

    finish, note = Filling.finish, Filling.note
    def dying(call, when):
        def maybe(self, *args, **more):
            if len(self.done) == when:
                os.kill(os.getpid(), signal.SIGKILL)
            call(self, *args, **more)
        return maybe
    noted = int(sys.argv[3])
    Filling.note = dying(note, noted)
    Filling.finish = dying(finish, noted)
    manifest = Manifest.load(sys.argv[1])
    ingest.ingest(manifest, sys.argv[2], size=16, frames=8, workers=2)
"""


@pytest.mark.parametrize("noted", [1, 3])  # in the middle, and when every clip is there
def test_killed_at_any_point_it_goes_on(tmp_path, good, noted):
    (good[0].parent / "zero.mp4").touch()
    manifest = manifest_of(*good, good[0].parent / "zero.mp4")
    manifest.save(tmp_path / "manifest.json")
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    out = tmp_path / "bank"
    arguments = [str(script), str(tmp_path / "manifest.json"), str(out), str(noted)]
    # returns when nobody holds the pipe any more: the workers have ended as well
    run = subprocess.run([sys.executable, *arguments], check=False, stdout=subprocess.PIPE)
    assert run.returncode == -9 and not out.exists()
    done, whole = take(manifest, out), take(manifest, tmp_path / "whole")
    assert done.bank.checksum == whole.bank.checksum
    assert done.bank.unreadable == whole.bank.unreadable


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for number, name in enumerate(("Angry", "Happy") * 5):
        path = root / name / f"{number}.mp4"
        write_video(path, pictures(4 + number), fps=25)
    return root


def test_the_command_reads_a_data_set(tmp_path, tree, capsys):
    (tree / "Happy" / "bad.mp4").touch()
    out = tmp_path / "bank"
    argv = ["ingest", "folders", str(tree), "--out", str(out), "--size", "16", "--frames", "5"]
    assert main([*argv, "--workers", "0"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert f"1 of 11 videos cannot be read: {out / 'unreadable.csv'}" in told
    assert told[-1].startswith(f"{out}: 10 videos of 5 frames, 16 px, checksum ")
    splits = {c.id: c.split for c in Manifest.load(out / "manifest.json").videos}
    # another fold has other splits and the same bank
    assert main([*argv, "--workers", "0", "--fold", "2"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == told[-1]
    assert splits != {c.id: c.split for c in Manifest.load(out / "manifest.json").videos}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--size", "0"], "'0': must be a whole number from 1 on"),
        (["--frames", "x"], "'x': must be a whole number from 1 on"),
        (["--timeout", "0"], "'0': must be a number of seconds above 0"),
        (["--timeout", "soon"], "'soon': must be a number of seconds above 0"),
        (["--fold", "9"], "fold = 9"),
    ],
)
def test_bad_numbers_are_one_line(tmp_path, tree, capsys, more, told):
    try:
        status = main(["ingest", "folders", str(tree), "--out", str(tmp_path / "bank"), *more])
    except SystemExit as stop:
        status = stop.code
    lines = capsys.readouterr().err.splitlines()
    assert status == 2 and len(lines) == 1 and told in lines[0]
    assert not (tmp_path / "bank").exists()


def test_no_readable_clip_is_an_error(tmp_path):
    (tmp_path / "zero.mp4").touch()
    with pytest.raises(UserError, match=r"zero\.mp4: is empty"):
        take(manifest_of(tmp_path / "zero.mp4"), tmp_path / "bank")
    assert not (tmp_path / "bank").exists()
