import re

import pytest
from PIL import Image

from rdfer.datasets.survey import count_frames, sample_frames, survey
from rdfer.datasets.tree import make_video
from tests.datasets import trees


def look(path):
    (video,) = survey([make_video("c", str(path), "Happy", "train")])
    return video


def test_whole_videos(tmp_path):
    trees.touch(tmp_path, ["a.mp4"])
    assert look(tmp_path / "a.mp4").problem == ""
    assert survey([make_video("c", "", "Happy", "train")]) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"RIFF\xff\xff\x00\x00AVI ....", "is cut off after"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of git lfs.*git lfs pull"),
    ],
)
def test_what_is_no_video(tmp_path, content, problem):
    (tmp_path / "a.avi").write_bytes(content)
    assert re.search(problem, look(tmp_path / "a.avi").problem)


@pytest.mark.parametrize(
    ("names", "unpadded"),
    [
        ([f"{n}.jpg" for n in range(1, 17)], True),
        ([f"{n:05d}.jpg" for n in range(1, 12)], False),
        ([f"00001_{n:05d}.jpg" for n in range(1, 12)], False),
        ([f"{n}.jpg" for n in range(1, 10)], False),
    ],
)
def test_folders_of_frames(tmp_path, names, unpadded):
    trees.touch(tmp_path / "00001", [*names, "notes.txt"])
    video = look(tmp_path / "00001")
    assert (video.n_frames, video.unpadded, video.problem) == (len(names), unpadded, "")
    assert count_frames(str(tmp_path / "00001")) == len(names)
    assert count_frames(str(tmp_path / "00001" / names[0])) == 0


def test_a_folder_without_frames(tmp_path):
    (tmp_path / "00001").mkdir()
    assert look(tmp_path / "00001").problem == "holds no frames"


def test_sizes_by_the_heads_of_files(tmp_path):
    for name, side in (("00001", 224), ("00002", 256), ("00003", 224)):
        (tmp_path / name).mkdir()
        for n in (1, 2, 10):
            Image.new("RGB", (side, side)).save(tmp_path / name / f"{n}.jpg")
    trees.touch(tmp_path, ["00004/"])  # its frame is no picture
    clips = [make_video(f"{n}", str(tmp_path / f"{n:05d}"), "Sad", "train") for n in (1, 2, 3, 4)]
    sizes, broken = sample_frames([look for look in survey(clips) if look.n_frames])
    assert broken == [str(tmp_path / "00004/1.jpg")] * 2
    assert sizes == {
        (224, 224): str(tmp_path / "00001/1.jpg"),
        (256, 256): str(tmp_path / "00002/1.jpg"),
    }
