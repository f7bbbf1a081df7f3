"""Nothing of a bank on disk is trusted: neither its index, nor its array, nor its frames."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.commands.cli import main
from rdfer.data.bank import FrameBank
from rdfer.data.features import FeatureBank
from rdfer.data.stored import Layout, Stored, sealed

sys.path.insert(0, str(Path(__file__).parents[1]))

from bank_sources import sources

CLIPS = sources([5, 1, 9])


def build(path, clips=CLIPS):
    return FrameBank.build(path, clips, size=4, frames=4, workers=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return build(tmp_path_factory.mktemp("made") / "bank")


@pytest.fixture
def bank(made, tmp_path):
    """A copy to spoil."""
    return FrameBank(shutil.copytree(made.path, tmp_path / "bank"))


def flip(file, place, bit=0):
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << bit
    file.write_bytes(content)


def edit(path, change):
    """Change the index and seal it again, as only who means to would."""
    index = json.loads((path / "index.json").read_text())
    changed = change(index) or index
    (path / "index.json").write_text(
        json.dumps(sealed(changed) if isinstance(changed, dict) else changed)
    )


def video(**values):
    return lambda index: index["videos"][1].update(values)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda index: [index], "not a JSON object"),
        (lambda index: index.update(format=1), "not an index of format 3"),
        (lambda index: index.update(file="../x.npy"), "not an index of format 3"),
        (lambda index: index.update(shape=None), "shape = None: must be tuple"),
        (lambda index: index.update(shape=[3, 4, 4, 4]), "must be 5 numbers"),
        (lambda index: index.update(shape=[3, 4, 4, 4, "3"]), r"shape\[4\] = '3': must be int"),
        (lambda index: index.update(shape=[3, 4, 4, 4, -3]), "must be 5 numbers"),
        (lambda index: index.update(shape=[3, 4, 4, 4, True]), "= True: must be int"),
        (lambda index: index.update(shape=[3, 4, 4, 4, 10**30]), "beyond 64 bits"),
        (lambda index: index.update(shape=[4, 4, 4, 4, 3]), r"frames\.npy: 704 bytes where"),
        (lambda index: index.update(shape=[3, 4, 2, 8, 3]), "checksum"),
        (lambda index: index.update(dtype="O"), "dtype = 'O': must be uint8"),
        (lambda index: index.update(dtype="float64"), "dtype = 'float64': must be uint8"),
        (lambda index: index.update(dtype=["uint8"]), "dtype = .* must be str"),
        (lambda index: index.update(checksum="0" * 64), "checksum = '0000"),
        (lambda index: index.update(checksum=None), "checksum = None: must be text"),
        (lambda index: index.update(videos=[]), "at least one"),
        (lambda index: index.update(videos={"0": 1}), "videos = .* must be a list"),
        (lambda index: index.update(videos=["x" * 999]), r"videos\[0\] = 'x.{,90}: must be id"),
        (lambda index: index.update(videos=index["videos"][:2]), "checksum"),
        (video(id=7), r"videos\[1\]: id = 7: must be str"),
        (video(id="clip0"), "id = 'clip0': occurs 2 times"),
        (video(id="other"), "checksum"),
        (video(place=2), "place = 2: occurs 2 times"),
        (video(place=3), r"place = 3: must be 0\.\.2"),
        (video(place=-1), r"'clip1': place = -1: must be 0\.\.2"),
        (video(place=1.0), r"videos\[1\]"),
        (video(total=0), "total = 0: must be 1"),
        (video(total=10**12), "total = 1000000000000: must be 1"),
        (video(digest="0" * 32), "checksum"),
        (video(digest="x" * 32), "must be 32 hex digits"),
        (video(note=None), r"videos\[1\]"),
        (video(more=1), r"videos\[1\]"),
    ],
)
def test_an_index_that_says_what_cannot_be_is_one_clear_line(bank, change, told):
    edit(bank.path, change)
    with pytest.raises(UserError, match=told) as error:
        FrameBank.open(bank.path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_what_a_spoilt_index_should_have_said_is_found_out_again(bank):
    edit(bank.path, video(id="other"))
    assert build(bank.path).checksum == bank.checksum


@pytest.mark.parametrize("old", ['"total": 5', '"unreadable": {}', '"key": "', '"note": "'])
def test_a_value_that_no_rule_forbids_is_seen_as_changed(bank, old):
    index = bank.path / "index.json"
    text = index.read_text()
    new = old.replace("5", "6").replace("{}", '{"a": "b"}') + ("x" if old.endswith('"') else "")
    assert old in text
    index.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=r"index\.json: is not as it was written; build again"):
        FrameBank(bank.path)


def test_frames_are_square_and_have_three_colours(bank):
    layout = Layout(bank.key, "frames.npy", (3, 4, 2, 8, 3), "uint8")
    np.save(bank.path / "frames.npy", np.zeros(layout.shape, np.uint8))
    index = json.loads((bank.path / "index.json").read_text())
    checksum = layout.checksum([Stored(**values) for values in index["videos"]])
    edit(bank.path, lambda index: index.update(shape=list(layout.shape), checksum=checksum))
    with pytest.raises(UserError, match=r"shape = \[2, 8, 3\]: frames must be square"):
        FrameBank.open(bank.path)


def test_an_array_of_objects_runs_nothing(bank):
    content = (bank.path / "frames.npy").read_bytes()
    (bank.path / "frames.npy").write_bytes(content.replace(b"'|u1'", b"'|O8'", 1))
    with pytest.raises(UserError, match="its head is not that of uint8"):
        FrameBank.open(bank.path)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_a_flipped_bit_anywhere_is_found(data, made, tmp_path_factory):
    path = shutil.copytree(made.path, tmp_path_factory.mktemp("flip") / "bank")
    name = data.draw(st.sampled_from(["frames.npy", "index.json"]))
    place = data.draw(st.integers(0, (path / name).stat().st_size - 1))
    flip(path / name, place, data.draw(st.integers(0, 7)))
    try:
        opened = FrameBank.open(path)
        frames = opened.gather([0, 1, 2], [range(4)] * 3)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        # in the index is more than the frames: names of keys, notes, counts at the source
        assert name == "index.json" and opened.checksum == made.checksum
        np.testing.assert_array_equal(frames, made.gather([0, 1, 2], [range(4)] * 3))


def test_a_damaged_video_costs_itself_and_a_second_build_mends_it(tmp_path):
    log = tmp_path / "log"
    bank = build(tmp_path / "bank", sources([5, 1, 9], log=str(log)))
    log.unlink()
    flip(bank.path / "frames.npy", -1)
    opened = FrameBank.open(bank.path)
    opened.gather([0, 1], [[0], [0]])
    with pytest.raises(UserError, match=r"frames\.npy: video 'clip2' is damaged"):
        opened.gather([0, 2], [[0], [0]])
    assert opened.damaged() == ["clip2"]
    mended = build(bank.path, sources([5, 1, 9], log=str(log)))
    assert mended.damaged() == [] and mended.checksum == bank.checksum
    assert log.read_text().split() == ["clip2"]  # the others are not loaded again


def test_a_video_is_compared_once(bank, monkeypatch):
    compared = []
    whole = FrameBank._is_whole
    monkeypatch.setattr(
        FrameBank, "_is_whole", lambda self, number: compared.append(number) or whole(self, number)
    )
    for _ in range(3):
        bank.gather([2, 0, 2], [[0], [1], [2]])
    assert sorted(compared) == [0, 2]


def test_features_are_checked_alike(bank, tmp_path):
    features = FeatureBank.build(tmp_path / "f", bank, lambda x: x.flatten(1), key="a")
    whole = features.checksum
    flip(features.path / "features.npy", -1)
    with pytest.raises(UserError, match=r"features\.npy: video 'clip2' is damaged"):
        FeatureBank.open(features.path).gather([2], [[0]])
    again = FeatureBank.build(features.path, bank, lambda x: x.flatten(1), key="a")
    assert again.checksum == whole and again.damaged() == []
    edit(features.path, lambda index: index.update(dtype="object"))
    with pytest.raises(UserError, match="dtype = 'object': must be float16 or float32"):
        FeatureBank.open(features.path)


def test_the_command_names_damaged_videos(bank, tmp_path, capsys):
    assert main(["check", "--bank", str(bank.path)]) == 0
    assert "all 3 videos are whole" in capsys.readouterr().out
    flip(bank.path / "frames.npy", 128)
    assert main(["check", "--bank", str(bank.path)]) == 1
    told = capsys.readouterr().err
    assert "damaged: clip0" in told and "1 of 3 videos are damaged" in told
    assert main(["check", "--bank", str(tmp_path)]) == 2
    assert main(["check", "dfew", "x", "--bank", str(bank.path)]) == 2
    assert main(["check"]) == 2
