"""Videos and folders of frames that are damaged or made to mislead: frames, or one line of why not.

`benchmarks/hostile.py` goes through more of them, by the commands.
"""

import multiprocessing

import numpy as np

from rdfer.data.bank import FrameBank
from tests.corpus.media import good, misleading, shapes, write_hostile, write_video

COUNT = 150


def contents(folder):
    return {path: path.is_file() and path.read_bytes() for path in sorted(folder.rglob("*"))}


def test_frames_or_one_line_of_why_not(tmp_path, capfd):
    root, outside, made = (tmp_path / name for name in ("root", "outside", "made"))
    for folder in (root, outside, made):
        folder.mkdir()
    # what nothing here may show: a plain picture
    plain = np.full_like(shapes(), (255, 0, 255))
    write_video(outside / "secret.mp4", plain)
    (outside / "secret.png").write_bytes(b"")
    whole, lies = good(made), misleading(outside)
    paths = [write_hostile(root, number, 0, whole, lies) for number in range(COUNT)]
    paths += [made / name for name in whole if not name.startswith("1.")]
    before = contents(root), contents(outside)

    bank = FrameBank.build(
        tmp_path / "bank", paths, size=16, frames=4, workers=2, skip_unreadable=True
    )
    assert not multiprocessing.active_children()
    assert (contents(root), contents(outside)) == before  # nothing was written
    assert {path.name for path in tmp_path.iterdir()} == {
        *("root", "outside", "made", "bank", ".bank.lock")
    }
    assert set(bank.ids) | set(bank.unreadable) == set(map(str, paths))
    assert COUNT // 8 < len(bank.unreadable) < COUNT
    assert not set(bank.unreadable) & {str(made / name) for name in whole}
    for name, told in bank.unreadable.items():
        assert told.startswith(name) and told.isprintable(), told
        assert 10 < len(told.replace(str(tmp_path), "")) < 400, told
    frames = bank.gather(range(len(bank)), [range(4)] * len(bank)).reshape(len(bank), -1, 3)
    for name, shown in zip(bank.ids, frames.astype(int), strict=True):
        assert np.abs(shown - (255, 0, 255)).mean() > 20, f"{name} shows another file"
    # decoders' own lines are not shown
    assert all(line.startswith("frames: ") for line in capfd.readouterr().err.splitlines())
