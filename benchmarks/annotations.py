"""How long the readers take for lists of full size: ``python annotations.py -h``.

Writes each data set's lists with the published counts, and a file or folder for every video, then
prints the seconds that reading takes (the first, and the median of some more), of all folds, and of
one check.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rdfer.datasets import DATASETS, read
from rdfer.datasets.check import check
from tests.datasets import trees

#: What one reading is allowed to take.
LIMIT_S = 2.0


def write_dfew(root: Path) -> None:
    folds = trees.dfew_folds()
    trees.write_dfew(root, folds)
    trees.write_votes(root, folds)
    clips = (f"{clip:05d}/" for part in folds.values() for clip in part)
    trees.touch(root / "Clip/clip_224x224", clips)


def write_ferv39k(root: Path) -> None:
    rows = trees.ferv39k_rows()
    trees.write_ferv39k(root, rows)
    clips = (f"{path}/" for part in rows.values() for path, _ in part)
    trees.touch(root / "2_ClipsforFaceCrop", clips)


def write_mafw(root: Path) -> None:
    folds = trees.mafw_folds()
    trees.write_mafw(root, folds)
    trees.touch(root / "data/frames", (f"{clip:05d}/" for part in folds.values() for clip in part))


def write_cremad(root: Path) -> None:
    trees.write_cremad(root, trees.cremad_clips())


def write_ravdess(root: Path) -> None:
    trees.write_ravdess(root, trees.ravdess_clips())


WRITERS: dict[str, Callable[[Path], None]] = {
    "dfew": write_dfew,
    "ferv39k": write_ferv39k,
    "mafw": write_mafw,
    "cremad": write_cremad,
    "ravdess": write_ravdess,
}


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(name: str, root: Path, *, repeats: int) -> None:
    """Print one line of the table."""
    folds = DATASETS[name].folds
    videos = 0

    def once() -> None:
        nonlocal videos
        videos = len(read(name, root))

    def every() -> None:
        for fold in folds:
            read(name, root, fold=fold)

    first = seconds(once)
    again = float(np.median([seconds(once) for _ in range(repeats)]))
    whole = float(np.median([seconds(every) for _ in range(repeats)]))
    checked = seconds(lambda: check(name, root))
    mark = f"   over {LIMIT_S:g} s" if max(first, again, whole) >= LIMIT_S else ""
    print(
        f"{name:9}{videos:7}{first:10.2f}{again:10.2f}{len(folds):7}{whole:14.2f}{checked:10.2f}"
        f"{mark}",
        flush=True,
    )


def main() -> None:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{'':9}{'videos':>7}{'first, s':>10}{'again, s':>10}{'folds':>7}", end="")
    print(f"{'all folds, s':>14}{'check, s':>10}")
    for name, write in WRITERS.items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder))
            measure(name, Path(folder), repeats=repeats)


if __name__ == "__main__":
    main()
