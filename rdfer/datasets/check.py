"""Whether a folder holds what a protocol needs: counts against the known ones, and traps.

Nothing is decoded. What is wrong would change the numbers, so that they could not be compared;
what is noted is read rightly here, or counted as wrong when it is tested, but has misled others.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rdfer.datasets.reading import check_fold, check_options, fold_numbers, scan
from rdfer.datasets.survey import Video, frame_sizes, survey
from rdfer.datasets.table import DataSet, Known, get_dataset
from rdfer.datasets.tree import Tree, WrongRoot
from rdfer.errors import UserError
from rdfer.manifest import SPLITS, Clip

State = Literal["right", "note", "wrong"]

#: Frames that the usual clip takes of a video.
CLIP_FRAMES = 16


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: is looked at.
        found: in this folder.
        known: what it should be, "" where nothing is known.
        state: right, a note, or wrong: the protocol cannot be run.
        advice: what it means and what to do.
    """

    what: str
    found: str
    known: str = ""
    state: State = "right"
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """All findings about one folder."""

    title: str
    folder: str
    findings: tuple[Finding, ...]

    @property
    def runnable(self) -> bool:
        """Whether the protocol can be run."""
        return all(finding.state != "wrong" for finding in self.findings)

    def lines(self) -> list[str]:
        """The report as a table, with what to do below the first line that needs it."""
        cells = [("", "found", "known", "")]
        cells += [(f.what, f.found, f.known, f.state) for f in self.findings]
        wide = [max(len(row[k]) for row in cells) for k in range(3)]
        text = [f"{self.title} in {self.folder}", ""]
        said = {""}
        for row, finding in zip(cells, (None, *self.findings), strict=True):
            what, found, known, state = row
            text.append(
                f"{what:{wide[0]}}  {found:>{wide[1]}}  {known:>{wide[2]}}  {state}".rstrip()
            )
            if finding is not None and finding.advice not in said:
                said.add(finding.advice)
                text.append(f"    {finding.advice}")
        return text


def check(name: str, root: str | Path, *, fold: int | None = None, **options: Any) -> Report:
    """Compare a folder with what is known of a data set.

    Args:
        name: of the data set.
        root: the folder that its archive unpacks to.
        fold: look at this fold alone; ``None`` at all of them.
        options: as for :func:`rdfer.datasets.read`.

    Raises:
        UserError: unknown data set, fold or option, or not a folder of this data set at all.
    """
    dataset = get_dataset(name)
    check_options(dataset, options)
    trees: dict[int, Tree] = {}
    findings: list[Finding] = []
    grouped = bool(options.get("grouped"))
    folds = fold_numbers(dataset, grouped=grouped)
    if fold is not None:
        check_fold(dataset, fold, grouped=grouped)
    for k in folds if fold is None else (fold,):
        try:
            trees[k] = scan(name, root, fold=k, **options)
        except WrongRoot:
            raise
        except UserError as error:
            findings.append(Finding(f"fold {k}", "unreadable", "", "wrong", str(error)))
    if trees:
        findings += _parts(dataset, trees, official=not grouped)
        findings += _folds(dataset, trees, whole=set(trees) == set(folds))
        findings += _clips(dataset, trees)
    folder = next(iter(trees.values())).folder if trees else str(root)
    return Report(dataset.title, folder, tuple(findings))


def _parts(dataset: DataSet, trees: Mapping[int, Tree], *, official: bool) -> Iterable[Finding]:
    """Clips of each part and class, against the known ones where the split is the official one."""
    known = [k for k in dataset.known if k.split == "all" or (official and k.fold in trees)]
    for part in known:
        tree = trees.get(part.fold, next(iter(trees.values())))
        clips = [clip for clip in tree.clips if part.split in ("all", clip.split)]
        yield from _part(part, clips)
    told = {(part.split, part.fold) for part in known}
    for k, tree in trees.items():
        found = Counter(clip.split for clip in tree.clips)
        for split in SPLITS:
            if found[split] and (split, k) not in told:
                yield Finding(f"fold {k}, {split}", str(found[split]))


def _part(known: Known, clips: Sequence[Clip]) -> Iterable[Finding]:
    what = "all folds" if known.split == "all" else f"fold {known.fold}, {known.split}"
    found = Counter(clip.given for clip in clips)
    yield _count(what, len(clips), known.clips, _fewer(len(clips), known.clips))
    differ = {name for name, count in known.classes.items() if found[name] != count}
    # the same counts under other names: nobody draws such numbers twice
    moved = Counter(known.classes.values()) == Counter(found[name] for name in known.classes)
    advice = "the numbers of another class: labels are in another order" if moved else ""
    for name, count in known.classes.items():
        yield _count(f"  {name}", found[name], count, advice if name in differ else "")


def _count(what: str, found: int, known: int, advice: str) -> Finding:
    right = found == known
    return Finding(
        what, str(found), str(known), "right" if right else "wrong", "" if right else advice
    )


def _fewer(found: int, known: int) -> str:
    if found == known - 1:
        return (
            "one fewer: the first line of a list without header was taken for one, or one was "
            "deleted; take the official list"
        )
    if found < known:
        return "not the whole set: take the official lists and unpack all clips"
    return "more than the set has: take the official lists"


def _folds(dataset: DataSet, trees: Mapping[int, Tree], *, whole: bool) -> Iterable[Finding]:
    """Whether every clip is tested exactly once over the folds."""
    if whole and len(trees) > 1:
        tested = Counter(c.id for t in trees.values() for c in t.clips if c.split == "test")
        every = {clip.id for tree in trees.values() for clip in tree.clips}
        once = sum(count == 1 for count in tested.values())
        yield _count(
            "tested exactly once",
            once,
            len(every),
            "the test parts overlap or leave clips out: they are not the folds of one division",
        )
    shared = [_shared(tree) for tree in trees.values()]
    if any(shared):
        yield Finding(
            "groups in both parts",
            str(max(shared)),
            "",
            "note",
            "train and test share them (--grouped makes folds that do not)",
        )
    for tree in list(trees.values())[:1]:
        groups = len({clip.group for clip in tree.clips} - {""})
        if dataset.groups and groups:
            yield _count("groups", groups, dataset.groups, "actors or scenes are missing")
        votes = sum(clip.votes is not None for clip in tree.clips)
        if votes:
            yield Finding("clips with votes", str(votes))
        for note in tree.notes:
            yield Finding("note", "", "", "note", note)


def _shared(tree: Tree) -> int:
    """How many groups are both in the training and in the test part."""
    train, test = ({c.group for c in tree.clips if c.split == s} for s in ("train", "test"))
    return len((train & test) - {""})


def _clips(dataset: DataSet, trees: Mapping[int, Tree]) -> Iterable[Finding]:
    """Whether every clip has a video, and what these look like."""
    clips = {clip.id: clip for tree in trees.values() for clip in tree.clips}
    missing = [clip.id for clip in clips.values() if not clip.path]
    example = f", {missing[0]} for one" if missing else ""
    yield _count(
        "clips without a video",
        len(missing),
        0,
        f"unpack all clips, or take another folder{example}",
    )
    videos = survey(list(clips.values()))
    bad = [video for video in videos if video.problem]
    if videos and len(bad) == len(videos):
        yield Finding("videos that can be read", "0", str(len(videos)), "wrong", _example(bad))
    elif bad:
        advice = f"listed and counted as wrong, never replaced: {_example(bad)}"
        yield Finding("videos that cannot be read", str(len(bad)), "0", "note", advice)
    plain = [v.clip for v in videos if _unpadded(v.clip)]
    if plain:
        advice = f"matched by number here; as text, {Path(plain[0].path).name} is not {plain[0].id}"
        yield Finding("names without leading zeros", str(len(plain)), "", "note", advice)
    yield from _frames(videos)


def _unpadded(clip: Clip) -> bool:
    """Whether the id is the padded form of a name such as 1.mp4."""
    stem = Path(clip.path).stem
    return clip.id != stem and clip.id.rpartition("/")[2] == stem.zfill(5) != stem


def _example(videos: Sequence[Video]) -> str:
    shown = "; ".join(f"{v.clip.path} {v.problem}" for v in videos[:3])
    return shown + (f"; and {len(videos) - 3} more" if len(videos) > 3 else "")


def _frames(videos: Sequence[Video]) -> Iterable[Finding]:
    """What folders of frames show; video files would have to be decoded."""

    def seen(what: str, holds: Callable[[Video], bool], advice: str) -> Iterable[Finding]:
        found = [video for video in folders if holds(video)]
        if found:
            text = advice.format(id=found[0].clip.id)
            yield Finding(what, str(len(found)), "", "note", text)

    folders = [video for video in videos if video.n_frames]
    if not folders:
        return
    counts = sorted(video.n_frames for video in folders)
    median = counts[len(counts) // 2]
    yield Finding("frames a clip", f"{counts[0]}..{counts[-1]}, median {median}")
    if counts[0] == counts[-1] == CLIP_FRAMES:
        yield Finding(
            "16 frames in every clip", str(len(counts)), "", "note",
            "resampled to 16 frames, not the whole clips: results differ from those on clips of "
            "full length",
        )  # fmt: skip
    yield from seen(
        f"clips under {CLIP_FRAMES} frames",
        lambda v: v.n_frames < CLIP_FRAMES,
        "frames are repeated to fill a clip ({id} for one)",
    )
    yield from seen(
        "frames named 1, 2, .. 10",
        lambda v: v.unpadded,
        "sorted as numbers here; as text, 10 comes before 2 and time is jumbled ({id} for one)",
    )
    yield from seen(
        "lists say more frames",
        lambda v: v.clip.n_frames > v.n_frames,
        "the list is of other folders of frames; what is there is taken ({id} for one)",
    )
    sizes = frame_sizes(folders)
    wrong = [size for size in sizes if "224x224" in sizes[size] and size != (224, 224)]
    if wrong or len(sizes) > 1:
        shown = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
        advice = "of a sample; all are scaled alike" + (", though named 224x224" if wrong else "")
        yield Finding("pixels of frames", shown, "", "note", advice)
