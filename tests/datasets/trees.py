"""Trees in the official layouts: lists of full size or small, and clips as files of one byte.

Full-size lists have the published counts of every part and class, and ids with gaps.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from openpyxl import Workbook

from rdfer.data.manifest import CLASSES
from rdfer.datasets import DATASETS, ferv39k
from rdfer.datasets.cremad import CLASSES as CREMAD_CLASSES
from rdfer.datasets.dataset import DataSet, Known
from rdfer.datasets.mafw import CLASSES as MAFW_CLASSES

DFEW_TESTS = (2341, 2341, 2340, 2339, 2336)
DFEW_CLASSES = (2445, 1894, 2669, 2173, 1469, 145, 902)
MAFW_TESTS = (1839, 1837, 1833, 1832, 1831)
MAFW_WORDS = (
    *("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
    *("contempt", "anxiety", "helplessness", "disappointment"),
)
FERV39K_TRAIN = (5854, 5523, 7790, 5906, 2502, 1833, 1680)
FERV39K_TEST = 7847


def write(path: Path, text: str, *, encoding: str = "utf-8", newline: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.replace("\n", newline).encode(encoding))
    return path


# of an MPEG program stream, which does not say how long it is
BEGINNING = b"\0\0\1\xba"


def touch(folder: Path, names: Iterable[str]) -> Path:
    """Files that begin as videos do, or folders of one such frame where a name ends in a slash."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name.endswith("/"):
            (folder / name).mkdir(parents=True)
            name += "1.jpg"
        (folder / name).write_bytes(BEGINNING)
    return folder


# DFEW


def dfew_folds() -> dict[int, dict[int, int]]:
    """Label 1..7 by clip of the test part of each fold: 29 of Disgust in each, as published."""
    rng = np.random.default_rng(0)
    clips = np.sort(rng.choice(np.arange(1, 16373), 11697, replace=False))
    rng.shuffle(clips)
    other = np.repeat([1, 2, 3, 4, 5, 7], [n for c, n in enumerate(DFEW_CLASSES) if c != 5])
    rng.shuffle(other)
    labels, start = iter(other.tolist()), 0
    folds: dict[int, dict[int, int]] = {}
    for k, size in enumerate(DFEW_TESTS, start=1):
        part = clips[start : start + size].tolist()
        folds[k] = {c: 6 if i < 29 else next(labels) for i, c in enumerate(part)}
        start += size
    return folds


def write_dfew(
    root: Path,
    folds: Mapping[int, Mapping[int, int]],
    *,
    first: int = 1,
    newline: str = "\n",
) -> Path:
    """The split files of test parts that cover all clips; labels start at ``first``."""
    for k, test in folds.items():
        train = {c: n for j, part in folds.items() if j != k for c, n in part.items()}
        for split, part in (("train", train), ("test", test)):
            lines = ["video_name,label", *(f"{c},{n - 1 + first}" for c, n in sorted(part.items()))]
            file = root / "EmoLabel_DataSplit" / f"{split}(single-labeled)" / f"set_{k}.csv"
            write(file, "\n".join(lines) + "\n", newline=newline)
    return root


def small_folds() -> dict[int, dict[int, int]]:
    """Two clips a class in each of five test parts; ids have gaps."""
    return {k: {1000 * k + 3 * n: n % 7 + 1 for n in range(1, 15)} for k in range(1, 6)}


def small_dfew(folds: Mapping[int, Mapping[int, int]]) -> DataSet:
    """DFEW as if its published counts were those of these test parts, which cover all clips."""
    labels = [label for part in folds.values() for label in part.values()]
    counts = {name: labels.count(label) for label, name in enumerate(CLASSES, start=1)}
    rare = {k: {"Disgust": list(part.values()).count(6)} for k, part in folds.items()}
    known = [
        *(Known("train", k, len(labels) - len(part)) for k, part in folds.items()),
        *(Known("test", k, len(part), rare[k]) for k, part in folds.items()),
        Known("all", 0, len(labels), counts),
    ]
    return dataclasses.replace(DATASETS["dfew"], known=tuple(known))


def write_lists(folder: Path, folds: Mapping[int, Mapping[int, int]], *, frames: int = 70) -> Path:
    """Lists of the peers, ``path n_frames label`` with labels from 0, of another machine."""
    for k, test in folds.items():
        train = {c: n for j, part in folds.items() if j != k for c, n in part.items()}
        for split, part in (("train", train), ("test", test)):
            lines = [f"/home/x/DFEW/clip_224x224/{c:05d} {frames} {n - 1}" for c, n in part.items()]
            write(folder / f"DFEW_set_{k}_{split}.txt", "\n".join(lines) + "\n")
    return folder


def write_workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """An xlsx file as spreadsheets write it: texts shared, numbers in the cells, None left out."""
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def write_votes(root: Path, folds: Mapping[int, Mapping[int, int]]) -> Path:
    """annotation.xlsx: seven of ten votes for the label, and a clip without a single label."""
    head = [*(f"{c}{name.lower()}" for c, name in enumerate(CLASSES, start=1)), "order", "label"]
    rows: list[list[object]] = [head, [2, 2, 2, 2, 2, 0, 0, 16373, 0]]
    for part in folds.values():
        for clip, label in part.items():
            votes = [0] * 7
            votes[label - 1], votes[label % 7] = 7, 3
            rows.append([*votes, clip, label])
    return write_workbook(root / "Annotation/annotation.xlsx", rows)


# FERV39k


def ferv39k_rows() -> dict[str, list[tuple[str, str]]]:
    """Path and class of each clip, with the published counts of the training part."""
    counts = {
        "train": dict(zip(CLASSES, FERV39K_TRAIN, strict=True)),
        "test": dict(zip(CLASSES, [FERV39K_TEST - 6 * 900, *[900] * 6], strict=True)),
    }
    number = 0
    rows: dict[str, list[tuple[str, str]]] = {}
    for split, of_class in counts.items():
        rows[split] = []
        for name, count in of_class.items():
            for _ in range(count):
                number += 1
                scene = ferv39k.SCENES[number % 22]
                rows[split].append((f"{scene}/{name}/{number:04d}", name))
    return rows


def write_ferv39k(root: Path, rows: Mapping[str, Sequence[tuple[str, str]]]) -> Path:
    for split, part in rows.items():
        lines = [f"{path} {name}\n" for path, name in part]
        write(root / f"4_setups/All_scenes/{split}_All.csv", "".join(lines))
    (root / "2_ClipsforFaceCrop").mkdir(exist_ok=True)
    return root


# MAFW


def mafw_folds() -> dict[int, dict[int, str]]:
    """Class word by clip of each test part, published sizes."""
    clips = iter(range(25, 25 + 9172))
    return {
        k: {c: MAFW_WORDS[c % 11] for _, c in zip(range(size), clips, strict=False)}
        for k, size in enumerate(MAFW_TESTS, start=1)
    }


def write_mafw(
    root: Path, folds: Mapping[int, Mapping[int, str]], *, captions: bool = False
) -> Path:
    """CRLF lists; with captions: tabs, and Chinese in GBK."""
    kind = "with_caption" if captions else "no_caption"
    for k, test in folds.items():
        train = {c: n for j, part in folds.items() if j != k for c, n in part.items()}
        for split, part in (("train", train), ("test", test)):
            form = (
                "{:05d}.mp4\t{}\t一个男人 皱眉。\tA man frowns, twice.\n"
                if captions
                else "{:05d}.mp4 {}\n"
            )
            text = "".join(form.format(c, n) for c, n in part.items())
            file = root / "split/single" / kind / f"set_{k}" / f"{split}.txt"
            write(file, text, encoding="gbk", newline="\r\n")
    return root


def small_mafw() -> dict[int, dict[int, str]]:
    return {k: {100 * k + 2 * n: word for n, word in enumerate(MAFW_WORDS)} for k in range(1, 6)}


assert len(MAFW_WORDS) == len(MAFW_CLASSES)

# CREMA-D and RAVDESS


def cremad_clips() -> list[str]:
    """Names of 7,442 clips of 91 actors: 1,271 a class, 1,087 of Neutral."""
    sentences = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
    names = []
    for code, name in zip(("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"), CREMAD_CLASSES, strict=True):
        count = 1087 if name == "Neutral" else 1271
        # 91 actors say up to 12 sentences, the first at three levels
        every = [
            f"{actor}_{sentence}_{code}_{level}"
            for sentence in sentences
            for level in (("LO", "MD", "HI") if sentence == "IEO" else ("XX",))
            for actor in range(1001, 1092)
        ]
        names += every[:count]
    return names


def write_cremad(root: Path, clips: Sequence[str], *, votes: bool = True) -> Path:
    touch(root / "VideoFlash", (f"{clip}.flv" for clip in clips))
    touch(root / "AudioMP3", ["1001_DFA_ANG_XX.mp3"])
    if votes:
        head = '"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote"'
        lines = [head]
        for kind in (1, 2, 3):  # voice, face, both
            for n, clip in enumerate(clips, start=1):
                cells = [kind, 0, 0, 7 - kind, 0, 2]
                row = ",".join(map(str, cells))
                lines.append(f'"{100000 * kind + n}",{row},"{clip}",9,0.5,"A:H"')
        write(root / "processedResults/tabulatedVotes.csv", "\n".join(lines) + "\n")
    return root


def ravdess_clips(modality: int = 1) -> dict[str, list[str]]:
    """Names of 1,440 speech clips by actor's folder; neutral has no strong intensity."""
    clips = {}
    for actor in range(1, 25):
        clips[f"Video_Speech_Actor_{actor:02d}"] = [
            f"{modality:02d}-01-{emotion:02d}-{strength:02d}-{said:02d}-{again:02d}-{actor:02d}.mp4"
            for emotion in range(1, 9)
            for strength in ((1,) if emotion == 1 else (1, 2))
            for said in (1, 2)
            for again in (1, 2)
        ]
    return clips


def write_ravdess(root: Path, clips: Mapping[str, Sequence[str]]) -> Path:
    for folder, names in clips.items():
        touch(root / folder, names)
    return root


# AFEW


def write_afew(root: Path, *, inner: str = "", of_class: Mapping[str, int] | None = None) -> Path:
    for part in ("Train_AFEW", "Val_AFEW"):
        faces = inner and (f"{inner}_Val/Faces" if part[0] == "V" else f"{inner}/Faces")
        for name, count in (of_class or dict.fromkeys(CLASSES, 2)).items():
            touch(root / part / faces / name, (f"{n:09d}/" for n in range(40, 40 + count)))
    return root
