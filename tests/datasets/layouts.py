"""The layouts of the archives, as their readers know them, and what each has of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rdfer.data.manifest import CLASSES
from rdfer.datasets.afew import CLASSES as AFEW_CLASSES
from rdfer.datasets.cremad import CLASSES as CREMAD_CLASSES
from rdfer.datasets.mafw import CLASSES as MAFW_CLASSES
from rdfer.datasets.ravdess import CLASSES as RAVDESS_CLASSES
from tests.datasets import trees
from tests.datasets.faces_trees import Item, Layout


def _two_parts(classes: Sequence[str]) -> list[tuple[str, str, str]]:
    """Label, split and what is amiss: a clip a class in both parts, and those that are amiss."""
    whole = [(name, split, "") for split in ("test", "train") for name in classes]
    amiss = zip(
        ("train", "train", "test", "train"),
        ("short", "promising", "no bytes", "broken"),
        strict=True,
    )
    return whole + [(classes[0], split, what) for split, what in amiss]


def _by_split(items: Sequence[Item], value: Callable[[Item], Any]) -> dict[int, dict[int, Any]]:
    """Values by number of the test part of either fold."""
    return {
        fold: {i.names["n"]: value(i) for i in items if i.split == split}
        for fold, split in ((1, "test"), (2, "train"))
    }


def cast_dfew(root: Path) -> list[Item]:
    """Gaps in the ids; lists with CRLF, as editors leave them."""
    parts = _two_parts(CLASSES)
    items = [
        Item(f"{n:05d}", label, split, names={"n": n}, amiss=amiss)
        for n, (label, split, amiss) in zip(range(3, 99, 4), parts, strict=False)
    ]
    trees.write_dfew(root, _by_split(items, lambda i: CLASSES.index(i.label) + 1), newline="\r\n")
    return items


def cast_single_label(root: Path) -> list[Item]:
    """The other layout of DFEW: the same lists under other names."""
    items = cast_dfew(root)
    old = root / "EmoLabel_DataSplit"
    for split in ("train", "test"):
        for k in (1, 2):
            text = (old / f"{split}(single-labeled)" / f"set_{k}.csv").read_text()
            trees.write(root / f"single_label/label/single_{split}set_{k}.csv", text)
    old.rename(root / "of the other layout")
    return items


def cast_ferv39k(root: Path) -> list[Item]:
    """No header; the same numbers in two scenes, and gaps."""
    items, numbers = [], {"test": 0, "train": 0}
    for label, split, amiss in _two_parts(CLASSES):
        numbers[split] += 3
        scene, n = {"test": "Crime", "train": "DailyLife"}[split], numbers[split]
        names = {"n": n, "scene": scene, "label": label}
        items.append(Item(f"{scene}/{label}/{n:04d}", label, split, scene, None, names, amiss))
    for split in ("train", "test"):
        lines = [f"{item.id} {item.label}\n" for item in items if item.split == split]
        trees.write(root / f"4_setups/All_scenes/{split}_All.csv", "".join(lines))
    return items


def cast_mafw(root: Path, *, captions: bool = False) -> list[Item]:
    """Gaps in the ids; CRLF, and captions in GBK."""
    parts = _two_parts(MAFW_CLASSES)
    items = [
        Item(f"{n:05d}", label, split, names={"n": n}, amiss=amiss)
        for n, (label, split, amiss) in zip(range(25, 199, 3), parts, strict=False)
    ]
    words = dict(zip(MAFW_CLASSES, trees.MAFW_WORDS, strict=True))
    trees.write_mafw(root, _by_split(items, lambda i: words[i.label]), captions=captions)
    return items


def cast_with_captions(root: Path) -> list[Item]:
    """MAFW whose lists have captions."""
    return cast_mafw(root, captions=True)


def cast_cremad(root: Path) -> list[Item]:
    """Five actors, one with more clips than the others; a name that ends with one X.

    A clip has no votes; the table tells votes on the voice too.
    """
    codes = dict(zip(CREMAD_CLASSES, ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"), strict=True))
    found = [
        (f"{actor}_IEO_{codes[name]}_HI", name, "")
        for actor in range(1001, 1006)
        for name in CREMAD_CLASSES
    ]
    found += [("1002_ITH_SAD_X", "Sad", "short"), ("1001_DFA_ANG_XX", "Angry", "no bytes")]
    found += [("1003_DFA_ANG_LO", "Angry", "broken")]
    # not all actors have as many
    found += [("1003_TIE_HAP_XX", "Happy", ""), ("1003_TIE_NEU_XX", "Neutral", "")]
    seen = {id: tuple(7 * (c == n) + k % 3 for c in CREMAD_CLASSES)
            for k, (id, n, _) in enumerate(found[1:])}  # fmt: skip
    lines = ['"","A","D","F","H","N","S","fileName","numResponses"']
    for kind in (1, 2, 3):
        for n, (id, votes) in enumerate(seen.items(), start=1):
            cells = votes if kind == 2 else votes[::-1]
            lines.append(f'"{kind}{n:05d}",{",".join(map(str, cells))},"{id}",{sum(votes)}')
    trees.write(root / "processedResults/tabulatedVotes.csv", "\n".join(lines) + "\n")
    return [Item(i, n, "", i[:4], seen.get(i), {"id": i}, amiss) for i, n, amiss in found]


def cast_ravdess(root: Path) -> list[Item]:
    """Five actors; without sound the footage of the first again, and a song."""
    found = [
        (f"01-01-{c:02d}-01-01-01-{actor:02d}", name, "")
        for actor in range(1, 6)
        for c, name in enumerate(RAVDESS_CLASSES, start=1)
    ]
    amiss = ("no bytes", "short", "broken", "promising")
    found += [(f"01-01-03-02-01-01-{k:02d}", "Happy", what) for k, what in enumerate(amiss, 1)]
    trees.touch(root / "Video_Speech_Actor_01", ["02-01-03-01-01-01-01.mp4"])
    trees.touch(root / "Video_Song_Actor_01", ["01-02-03-01-01-01-01.mp4"])
    return [
        Item(id, name, "", id[-2:], None, {"id": id, "actor": id[-2:]}, amiss)
        for id, name, amiss in found
    ]


def cast_afew(root: Path) -> list[Item]:
    """Both parts have the same numbers, of other films."""
    items, numbers = [], {"test": 46279, "train": 46279}
    for label, split, amiss in _two_parts(AFEW_CLASSES):
        numbers[split] += 1
        names = {"n": numbers[split], "label": label, "part": "Val" if split == "test" else "Train"}
        names["inner"] = "_Val" if split == "test" else ""
        id = f"{split}/{label}/{numbers[split]:09d}"
        items.append(Item(id, label, split, names=names, amiss=amiss))
    return items


BAD, TWO_BAD = {"videos that cannot be read": "1"}, {"videos that cannot be read": "2"}
PICTURES = {"frames that are no pictures": "1"}
#: Of folders of frames one is short, one holds a file that is no picture, one is empty.
FRAMES = {**BAD, **PICTURES, "videos under 16 frames": "1"}
ALL_16 = {"16 frames in every video": "17", "frames named 1, 2, .. 10": "17"}
FACES = "AlignedFaces_LBPTOP_Points{inner}/Faces"

LAYOUTS: dict[str, Layout] = {
    "dfew original": Layout(
        *("dfew", "Clip/original/{n}.mp4", cast_dfew), {**BAD, "names without leading zeros": "18"}
    ),
    "dfew avi": Layout("dfew", "Clip/clip_224x224_avi/{n:05d}.avi", cast_dfew, BAD),
    "dfew frames": Layout(
        *("dfew", "Clip/clip_224x224/{n:05d}/{n:05d}_{tt}.jpg", cast_dfew),
        {**FRAMES, "pixels of frames": "256 x 256"},
        side=256,
    ),
    "dfew 16 frames": Layout(
        *("dfew", "Clip/clip_224x224_16f/{n:05d}/{t}.jpg", cast_dfew),
        {**BAD, **PICTURES, **ALL_16},
        short=16,
        side=224,
    ),
    "dfew single_label": Layout(
        "dfew", "single_label/data/{n:05d}/{n:05d}_{tt}.jpg", cast_single_label, FRAMES
    ),
    "ferv39k crops": Layout(
        *("ferv39k", "2_ClipsforFaceCrop/{scene}/{label}/{n:04d}/{tt}.jpg", cast_ferv39k),
        FRAMES,
        short=8,
    ),
    "ferv39k raw": Layout(
        "ferv39k", "0_7_labelClips/{scene}/{label}/{n:04d}.mp4", cast_ferv39k, BAD
    ),
    "mafw frames": Layout("mafw", "data/frames/{n:05d}/{tt}.png", cast_mafw, FRAMES),
    "mafw clips": Layout("mafw", "data/clips/{n:05d}.mp4", cast_with_captions, BAD),
    "cremad": Layout("cremad", "VideoFlash/{id}.flv", cast_cremad, {**TWO_BAD, "note": ""}),
    "cremad mp4": Layout(
        *("cremad", "VideoMP4/{id}.mp4", cast_cremad, {**BAD, "note": ""}), {"clips": "VideoMP4"}
    ),
    "ravdess": Layout(
        "ravdess", "Video_Speech_Actor_{actor}/{id}.mp4", cast_ravdess, {**BAD, "note": ""}
    ),
    "ravdess unpacked": Layout(
        *("ravdess", "Video_Speech_Actor_{actor}/Actor_{actor}/{id}.mp4", cast_ravdess),
        {**BAD, "note": ""},
    ),
    "afew frames": Layout("afew", "{part}_AFEW/{label}/{n:09d}/{tt}.png", cast_afew, FRAMES),
    "afew faces": Layout(
        *("afew", "{part}_AFEW/" + FACES + "/{label}/{n:09d}/{n:09d}-{tt}.jpg", cast_afew), FRAMES
    ),
    "afew avi": Layout("afew", "{part}_AFEW/{label}/{n:09d}.avi", cast_afew, BAD),
}
