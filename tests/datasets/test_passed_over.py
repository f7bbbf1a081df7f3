"""What is no video is passed over, what looks like one is told, and what cannot be read costs one.

Names as systems and archivers write them, links to nothing, pipes.
"""

import os
import socket
import unicodedata

import pytest

from rdfer.commands import cli
from rdfer.datasets import read, scan
from rdfer.datasets.check import check
from tests.datasets import trees


@pytest.fixture
def root(tmp_path):
    """Fifteen videos of two classes each."""
    for name in ("Happy", "Sad"):
        trees.touch(tmp_path / "D" / name, (f"{k}.mp4" for k in range(15)))
    return tmp_path / "D"


def shown(root, capsys):
    """What ``rdfer check`` says, and its status."""
    status = cli.main(["check", "folders", str(root)])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_what_systems_leave_is_passed_over_in_silence(root, capsys):
    left = ["._0.mp4", ".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir/", "__MACOSX/", ".x.mp4"]
    before = shown(root, capsys)
    trees.touch(root / "Sad", [*left, "notes.txt"])
    trees.touch(root, left)
    assert shown(root, capsys) == before
    assert len(read("folders", root)) == 30


def test_what_looks_like_a_video_and_is_not_read_is_told(root, capsys):
    trees.touch(root / "Sad", ["a.swf", "b.SWF", "c.heic", "d.jpg"])
    trees.touch(root, ["loose.mp4", "cover.PNG"])
    (note,) = scan("folders", root).notes
    assert note.startswith("6 passed over: .heic .jpg .mp4 .png .swf (")
    status, told = shown(root, capsys)
    assert status == 0 and note in told
    assert cli.main(["ingest", "folders", str(root), "--out", str(root.parent / "B")]) == 2
    assert note in capsys.readouterr().err


def test_videos_of_other_names_are_told(tmp_path):
    trees.write_ravdess(tmp_path, trees.ravdess_clips())
    trees.touch(tmp_path, ["trailer.mp4"])
    (note,) = (n for n in scan("ravdess", tmp_path).notes if "passed over" in n)
    assert note == f"1 passed over: .mp4 ({tmp_path / 'trailer.mp4'} for one)"


def test_pictures_beside_frames_are_told(tmp_path):
    for name in ("Happy", "Sad"):
        for k in range(10):
            trees.touch(tmp_path / name / f"{k}", ["1.jpg", "2.jpg", "._1.jpg"])
    trees.touch(tmp_path / "Sad/3", ["3.tif", "thumb.gif"])
    (finding,) = (f for f in check("folders", tmp_path).findings if "folders of frames" in f.what)
    assert finding.advice.startswith("2 passed over: .gif .tif")


def test_frames_that_are_no_files_cost_no_more_than_themselves(tmp_path):
    for name in ("Happy", "Sad"):
        for k in range(15):
            trees.touch(tmp_path / name / f"{k}", ["1.jpg", "2.jpg"])
    (tmp_path / "Sad/3/2.jpg").unlink()
    (tmp_path / "Sad/3/2.jpg").symlink_to("nowhere")
    (tmp_path / "Sad/4/1.jpg").unlink()
    os.mkfifo(tmp_path / "Sad/4/1.jpg")
    assert check("folders", tmp_path).lines()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_are_the_same_however_they_are_written(tmp_path, form):
    other = "NFD" if form == "NFC" else "NFC"
    for name in ("fröhlich", "müde"):
        folder = tmp_path / "D" / unicodedata.normalize(form, name)
        trees.touch(folder, (unicodedata.normalize(form, f"Zoë{k}.mp4") for k in range(10)))
    lines = [f"fröhlich/Zoë{k},{'test' if k else 'train'}" for k in range(10)]
    lines += [f"müde/Zoë{k}.mp4,{'test' if k else 'train'}" for k in range(10)]
    text = "clip,split\n" + "\n".join(lines)
    split = trees.write(tmp_path / "s.csv", unicodedata.normalize(other, text))
    manifest = read("folders", tmp_path / "D", split=split, order=("müde", "fröhlich"))
    assert len(manifest) == 20 and manifest.videos[0].id == "fröhlich/Zoë0"
    assert all(os.path.exists(video.path) for video in manifest.videos)


def test_names_in_gbk_and_in_no_encoding(tmp_path):
    for name in (b"Happy", b"Sad"):
        folder = os.path.join(os.fsencode(tmp_path), b"D", name)
        os.makedirs(folder)
        for k in range(9):
            open(os.path.join(folder, "生气".encode("gbk") + b"%d.mp4" % k), "wb").write(b"x")
        open(os.path.join(folder, b"\xff.mp4"), "wb").write(b"x")
    split = tmp_path / "s.csv"
    rows = "".join(
        f"{c}/生气{k},{p}\n" for c in ("Happy", "Sad") for k, p in ((0, "train"), (1, "test"))
    )
    split.write_bytes(b"clip,split\n" + rows.encode("gbk"))
    assert [video.id for video in read("folders", tmp_path / "D", split=split).videos] == [
        *("Happy/生气0", "Happy/生气1", "Sad/生气0", "Sad/生气1")
    ]
    manifest = read("folders", tmp_path / "D")
    assert len(manifest) == 20
    manifest.save(tmp_path / "m.json")
    assert type(manifest).load(tmp_path / "m.json") == manifest
    assert check("folders", tmp_path / "D").lines()


def test_what_is_no_file_costs_that_one(root, capsys):
    sad = root / "Sad"
    (sad / "link.mp4").symlink_to("nowhere.mp4")
    (sad / "loop.mp4").symlink_to("loop.mp4")
    os.mkfifo(sad / "pipe.mp4")
    (sad / "zero.mp4").symlink_to("/dev/zero")
    (root / "self").symlink_to("self")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(sad / "socket.mp4"))
    status, told = shown(root, capsys)
    assert status == 0
    assert f"{sad}/link.mp4 is a link to nothing: not fetched" in told
    assert "videos that cannot be read" in told and " 5 " in told


def test_a_folder_that_may_not_be_looked_into_costs_that_one(root, monkeypatch, capsys):
    trees.touch(root / "Sad/frames", ["1.jpg"])
    trees.touch(root / "Happy/frames", ["1.jpg"])
    for video in root.glob("*/*.mp4"):
        video.unlink()
        trees.touch(video.with_suffix(""), ["1.jpg"])
    trees.touch(root, ["Fear/1/"])
    listing = os.scandir

    def deny(path):
        if str(path).endswith("Fear"):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", deny)
    assert scan("folders", root).notes == (
        f"{root / 'Fear'} cannot be looked into (Permission denied)",
    )
