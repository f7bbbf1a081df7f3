"""DFEW as its archive unpacks (https://dfew-dataset.github.io): five folds of seven classes.

::

    EmoLabel_DataSplit/train(single-labeled)/set_1.csv .. set_5.csv   header, labels 1..7
    EmoLabel_DataSplit/test(single-labeled)/set_1.csv .. set_5.csv
    Clip/original/1.mp4                    names are not padded
    Clip/clip_224x224_avi/00001.avi
    Clip/clip_224x224/00001/00001_00001.jpg
    Clip/clip_224x224_16f/00001/1.jpg      sorts as a number: 2 before 10

Files of the same name with labels 0..6 or without the header are in circulation. Read as the
official ones they shift every class by one, or lose a clip, without a sign: both are refused.
"""

from pathlib import Path

from rdfer.errors import UserError
from rdfer.manifest import CLASSES, Clip, Manifest
from rdfer.video import VIDEO_SUFFIXES

FOLDS = (1, 2, 3, 4, 5)
HEADER = "video_name,label"
SPLITS = {"train": "train(single-labeled)", "test": "test(single-labeled)"}


def read_dfew(
    root: str | Path, *, fold: int = 1, clips: str | None = None, zero_based: bool = False
) -> Manifest:
    """One fold of DFEW.

    Args:
        root: folder that holds ``Clip`` and ``EmoLabel_DataSplit``.
        fold: 1 to 5; the test clips of fold k are those of ``set_k.csv``.
        clips: which folder of ``Clip`` to take the videos from; ``None`` takes the only one.
        zero_based: the split files have labels 0..6 in the same order of classes.

    Returns:
        Clips with five-digit ids, splits ``train`` and ``test``. A test clip's label is the
        official one, since scores are computed against it; a training clip has only a given
        label, since nobody knows the true one. Lengths are not known before decoding.

    Raises:
        UserError: a file or clip is missing, a split file is not what it should be, or a clip is
            in both splits.
    """
    root = Path(root)
    if fold not in FOLDS:
        raise UserError(f"fold = {fold!r}: DFEW has folds 1 to 5")
    videos = _clip_files(_clip_folder(root, clips))
    rows: list[Clip] = []
    for split, folder in SPLITS.items():
        file = root / "EmoLabel_DataSplit" / folder / f"set_{fold}.csv"
        labels = read_split(file, zero_based=zero_based)
        missing = [number for number in labels if number not in videos]
        if missing:
            raise UserError(
                f"{file}: clip {missing[0]} has no video ({len(missing)} of {len(labels)} have "
                "none); unpack all clips"
            )
        rows += [
            Clip(
                id=f"{number:05d}",
                path=str(videos[number]),
                label=name if split == "test" else "",
                given=name,
                split=split,
                fold=fold,
            )
            for number, name in labels.items()
        ]
    _check_disjoint(rows, fold)
    return Manifest(clips=tuple(rows), classes=CLASSES, name=f"DFEW, fold {fold}")


def read_split(file: Path, *, zero_based: bool = False) -> dict[int, str]:
    """Class names by clip number from a split file, in the order of its lines.

    Args:
        file: ``set_k.csv``.
        zero_based: labels are 0..6 instead of the official 1..7.

    Raises:
        UserError: no such file, no header, a line that is not ``number,label``, a clip given
            twice, or labels that start at another number than expected.
    """
    if not file.is_file():
        raise UserError(f"{file}: no such split file")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not text; lines of number,label are needed") from None
    if not lines or [cell.strip() for cell in lines[0].split(",")] != HEADER.split(","):
        first = lines[0] if lines else ""
        raise UserError(
            f"{file}: first line = {first!r}: must be {HEADER!r}; a file without it is not an "
            "official one, and taking the first clip for a header would lose it"
        )
    numbers: dict[int, int] = {}
    for count, line in enumerate(lines[1:], start=2):
        if line.strip():
            clip, label = _parse(file, count, line)
            if clip in numbers:
                raise UserError(f"{file}, line {count}: clip {clip} is given a second time")
            numbers[clip] = label
    first_label = 0 if zero_based else 1
    _check_labels(file, set(numbers.values()), zero_based=zero_based)
    return {clip: CLASSES[label - first_label] for clip, label in numbers.items()}


def _parse(file: Path, count: int, line: str) -> tuple[int, int]:
    """``00012.mp4,3`` -> (12, 3)."""
    cells = [cell.strip() for cell in line.split(",")]
    name = cells[0].removesuffix(Path(cells[0]).suffix)
    # isdecimal alone admits digits of other scripts
    if len(cells) != 2 or not all(cell.isascii() and cell.isdecimal() for cell in (name, cells[1])):
        raise UserError(f"{file}, line {count} = {line!r}: must be a clip's number and a label")
    return int(name), int(cells[1])


def _check_labels(file: Path, labels: set[int], *, zero_based: bool) -> None:
    low, high = (0, 6) if zero_based else (1, 7)
    if not labels:
        raise UserError(f"{file}: names no clips; at least one is needed")
    if min(labels) >= low and max(labels) <= high:
        return
    if not zero_based and labels <= set(range(7)):
        raise UserError(
            f"{file}: labels = {min(labels)}..{max(labels)}: the official ones are 1..7, so this "
            "is a re-numbered copy; take the official file or ask for zero_based labels"
        )
    raise UserError(f"{file}: labels = {min(labels)}..{max(labels)}: must be {low}..{high}")


def _clip_folder(root: Path, name: str | None) -> Path:
    """The folder of ``Clip`` that holds the videos."""
    parent = root / "Clip"
    there = sorted(f.name for f in parent.iterdir() if f.is_dir()) if parent.is_dir() else []
    if not there:
        raise UserError(f"{parent}: no folder of clips there; unpack DFEW's Clip archive")
    if name is None and len(there) > 1:
        raise UserError(f"clips = None: {parent} holds {', '.join(there)}; name the one to take")
    if name is not None and name not in there:
        raise UserError(f"clips = {name!r}: {parent} holds {', '.join(there)}")
    return parent / (name or there[0])


def _clip_files(folder: Path) -> dict[int, Path]:
    """Video files and frame folders by their number, padded or not."""
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        is_video = path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES
        if is_video and path.stem.isascii() and path.stem.isdecimal():
            number = int(path.stem)
            if number in found:
                raise UserError(f"{path}: is clip {number} a second time, beside {found[number]}")
            found[number] = path
    return found


def _check_disjoint(rows: list[Clip], fold: int) -> None:
    split_of: dict[str, str] = {}
    for clip in rows:
        if split_of.setdefault(clip.id, clip.split) != clip.split:
            raise UserError(
                f"clip {clip.id}: is in the training and the test file of fold {fold}; "
                "no clip may be in both"
            )
