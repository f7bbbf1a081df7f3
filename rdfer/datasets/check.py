"""Whether a folder holds what a protocol needs: counts against the known ones, and traps.

Nothing is decoded. What is wrong would change the numbers, so that they could not be compared;
what is noted is read rightly here, or counted as wrong when it is tested, but has misled others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rdfer.base.errors import UserError
from rdfer.data.containers import UNFETCHED
from rdfer.data.manifest import SPLITS, Manifest, Video
from rdfer.datasets.dataset import DataSet, Known
from rdfer.datasets.reading import (
    check_fold,
    check_options,
    fold_numbers,
    get_dataset,
    scan,
)
from rdfer.datasets.splits import cut
from rdfer.datasets.survey import Surveyed, is_pointer, sample_frames, survey
from rdfer.datasets.tree import Tree, WrongRoot, passed_over
from rdfer.settings.schema import Data

State = Literal["right", "note", "wrong"]
#: What is found of a fold whose lists or videos cannot be read at all.
UNREADABLE = "unreadable"
#: Frames that the usual clip takes of a video.
CLIP_FRAMES = 16
VAL_SHARE = Data().val_share


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

    @property
    def line(self) -> str:
        """All of it in one line."""
        known = f", known {self.known}" if self.known else ""
        told = f"{self.what.strip()} {self.found}".strip() + known
        return f"{told}: {self.advice}" if self.advice else told


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


def compare(what: str, found: int, known: int, advice: str) -> Finding:
    """A count against the known one; ``advice`` is for when they differ."""
    if found == known:
        return Finding(what, str(found), str(known))
    return Finding(what, str(found), str(known), "wrong", advice)


def note(what: str, found: object, advice: str) -> Finding:
    """Something that has misled others, but does no harm here."""
    return Finding(what, str(found), "", "note", advice)


def check(
    name: str,
    root: str | Path,
    *,
    fold: int | None = None,
    val_share: float = VAL_SHARE,
    **options: Any,
) -> Report:
    """Compare a folder with what is known of a data set.

    Args:
        name: of the data set.
        root: the folder that its archive unpacks to.
        fold: look at this fold alone; ``None`` at all of them.
        val_share: of the training videos, that a run will cut a validation part from; 0: none.
        options: as for :func:`rdfer.datasets.read`.

    Raises:
        UserError: unknown data set, fold or option, or not a folder of this data set at all.
    """
    dataset = get_dataset(name)
    check_options(dataset, options)
    grouped = bool(options.get("grouped"))
    folds = fold_numbers(dataset, grouped=grouped)
    if fold is not None:
        check_fold(dataset, fold, grouped=grouped)
    trees: dict[int, Tree] = {}
    findings: list[Finding] = []
    for k in folds if fold is None else (fold,):
        try:
            trees[k] = scan(name, root, fold=k, **options)
        except WrongRoot:
            raise
        except UserError as error:
            findings.append(Finding(f"fold {k}", UNREADABLE, "", "wrong", str(error)))
        else:
            if trees[k].undivided:
                told = trees[k].undivided
                findings.append(Finding(f"fold {k}", UNREADABLE, "", "wrong", told))
            if not (dataset.known or trees[k].drawn or grouped):
                folds = (k,)  # the folder is divided already
                break
    if not trees:
        return Report(dataset.title, str(root), tuple(findings))
    if divided := {k: tree for k, tree in trees.items() if not tree.undivided}:
        findings += _parts(dataset, divided, official=not grouped)
        findings += _folds(divided, whole=set(trees) == set(folds))
        # a file of groups replaces those whose number is known
        findings += _groups(divided.values(), 0 if options.get("groups") else dataset.groups)
    first = next(iter(trees.values()))
    if votes := sum(video.votes is not None for video in first.videos):
        findings.append(Finding("videos with votes", str(votes)))
    notes = dict.fromkeys(text for tree in trees.values() for text in tree.notes)
    findings += [note("note", "", text) for text in notes]
    findings += _videos(trees, divided, val_share=0 if dataset.known else val_share)
    return Report(dataset.title, first.folder, tuple(findings))


def _videos(
    trees: Mapping[int, Tree], divided: Mapping[int, Tree], *, val_share: float
) -> Iterable[Finding]:
    """What the videos look like, and whether what can be read of them is enough."""
    videos = list({video.id: video for tree in trees.values() for video in tree.videos}.values())
    looks = survey(videos)
    yield from _about_videos(videos, looks)
    readable = {look.video.id for look in looks if not look.problem}
    if readable and divided:
        yield from _classes(divided, readable)
        if val_share:
            yield from _validation(divided, readable, val_share)


def _parts(dataset: DataSet, trees: Mapping[int, Tree], *, official: bool) -> Iterable[Finding]:
    """Videos of each part and class, against the known ones where the split is the official one."""
    known = [k for k in dataset.known if k.split == "all" or (official and k.fold in trees)]
    for part in known:
        tree = trees.get(part.fold, next(iter(trees.values())))
        videos = [video for video in tree.videos if part.split in ("all", video.split)]
        yield from _part(part, videos, listed="lists" in dataset.options)
    told = {(part.split, part.fold) for part in known}
    for k, tree in trees.items():
        found = Counter(video.split for video in tree.videos)
        for split in SPLITS:
            if found[split] and (split, k) not in told:
                yield Finding(f"fold {k}, {split}", str(found[split]))


def _part(known: Known, videos: Sequence[Video], *, listed: bool) -> Iterable[Finding]:
    what = "all folds" if known.split == "all" else f"fold {known.fold}, {known.split}"
    found = Counter(video.given for video in videos)
    yield compare(what, len(videos), known.videos, _other(len(videos), known.videos, listed=listed))
    # the same counts under other names: nobody draws such numbers twice
    moved = Counter(known.classes.values()) == Counter(found[name] for name in known.classes)
    advice = "the numbers of another class: labels are in another order" if moved else ""
    for name, count in known.classes.items():
        yield compare(f"  {name}", found[name], count, advice)


def _other(found: int, known: int, *, listed: bool) -> str:
    """What to do about another count, where videos are named by lists or by what lies there."""
    if not listed:
        fewer = "not the whole set: unpack all of it"
        return fewer if found < known else "more than the set has: move what is not of it elsewhere"
    if found == known - 1:
        return (
            "one fewer: the first line of a list without header was taken for one, or one was "
            "deleted; take the official list"
        )
    if found < known:
        return "not the whole set: take the official lists and unpack all videos"
    return "more than the set has: take the official lists"


def _folds(trees: Mapping[int, Tree], *, whole: bool) -> Iterable[Finding]:
    """Whether every video is tested exactly once over the folds, and each fold is a manifest."""
    if whole and len(trees) > 1:
        tested = Counter(c.id for t in trees.values() for c in t.videos if c.split == "test")
        every = {video.id for tree in trees.values() for video in tree.videos}
        once = sum(count == 1 for count in tested.values())
        advice = "the test parts overlap or leave videos out: they are no folds of one division"
        yield compare("tested exactly once", once, len(every), advice)
    for k, tree in trees.items():
        if not tree.missing:
            try:
                tree.manifest()
            except UserError as error:
                yield Finding(f"fold {k}", "no manifest", "", "wrong", str(error))


def _classes(trees: Mapping[int, Tree], readable: Set[str]) -> Iterable[Finding]:
    """The classes that a fold cannot learn, or not test, as no video of theirs can be read."""
    seen = {
        k: {(video.split, video.given) for video in tree.videos if video.id in readable}
        for k, tree in trees.items()
    }
    for split in ("train", "test"):
        for name in next(iter(trees.values())).classes:
            without = [str(k) for k, there in seen.items() if (split, name) not in there]
            if without:
                advice = (
                    f"no {split} video of {name} can be read in fold {', '.join(without)}, so "
                    "there are no scores; every class needs one in each part"
                )
                yield Finding(f"{name}, {split}", "0", "", "wrong", advice)


def _validation(trees: Mapping[int, Tree], readable: Set[str], share: float) -> Iterable[Finding]:
    """The folds that a run could not cut a validation part from."""
    for k, tree in trees.items():
        videos = tuple(video for video in tree.videos if video.id in readable)
        if not any(video.split == "val" for video in videos):
            try:
                cut(Manifest(videos, tree.classes, tree.name, whole=False), share)
            except UserError as error:
                yield Finding(f"fold {k}, val", "none", "", "wrong", str(error))


def _groups(trees: Iterable[Tree], known: int) -> Iterable[Finding]:
    """How many groups there are, and how many are both trained and tested on."""

    def in_split(tree: Tree, *splits: str) -> set[str]:
        return {video.group for video in tree.videos if video.split in splits} - {""}

    first, *_ = trees = list(trees)
    groups = in_split(first, *SPLITS)
    if known and groups:
        yield compare("groups", len(groups), known, "actors or scenes are missing")
    shared = max(len(in_split(tree, "train") & in_split(tree, "test")) for tree in trees)
    if shared:
        advice = "train and test share them (--grouped makes folds that do not)"
        yield note("groups in both parts", shared, advice)


def _about_videos(videos: Sequence[Video], looks: Sequence[Surveyed]) -> Iterable[Finding]:
    """Whether every video is there, and what they look like from outside."""
    missing = [video.id for video in videos if not video.path]
    example = f", {missing[0]} for one" if missing else ""
    advice = f"unpack all of them, or take another folder{example}"
    yield compare("missing videos", len(missing), 0, advice)
    bad = [look for look in looks if look.problem]
    pointers = [look for look in bad if look.problem == UNFETCHED]
    if pointers:
        advice = f"not all was fetched: {_examples(pointers)}"
        yield compare("pointers of git lfs", len(pointers), 0, advice)
    bad = [look for look in bad if look.problem != UNFETCHED]
    if looks and len(bad) == len(looks):
        yield compare("videos that can be read", 0, len(looks), _examples(bad))
    elif bad:
        advice = f"listed and counted as wrong, never replaced: {_examples(bad)}"
        yield note("videos that cannot be read", len(bad), advice)
    plain = [look.video for look in looks if _unpadded(look.video)]
    if plain:
        advice = f"matched by number here; as text, {Path(plain[0].path).name} is not {plain[0].id}"
        yield note("names without leading zeros", len(plain), advice)
    for text in passed_over([file for look in looks for file in look.passed]):
        yield note("in folders of frames", "", text)
    folders = [look for look in looks if look.n_frames]
    if folders:
        yield from _about_frames(folders)
        yield from _about_pixels(folders)


def _unpadded(video: Video) -> bool:
    """Whether the id is the padded form of a name such as 1.mp4."""
    stem = Path(video.path).stem
    return video.id != stem and video.id.rpartition("/")[2] == stem.zfill(5) != stem


def _examples(looks: Sequence[Surveyed]) -> str:
    shown = "; ".join(f"{look.video.path} {look.problem}" for look in looks[:3])
    return shown + (f"; and {len(looks) - 3} more" if len(looks) > 3 else "")


def _about_frames(folders: Sequence[Surveyed]) -> Iterable[Finding]:
    """Numbers and names of the frames; of video files nobody knows them before decoding."""
    counts = sorted(look.n_frames for look in folders)
    low, median, high = counts[0], counts[len(counts) // 2], counts[-1]
    yield Finding("frames a video", f"{low}..{high}, median {median}")
    if low == high == CLIP_FRAMES:
        advice = (
            "resampled to 16 frames, not the whole videos: results differ from those on videos of "
            "full length"
        )
        yield note("16 frames in every video", len(counts), advice)
    for what, found, advice in (
        (
            f"videos under {CLIP_FRAMES} frames",
            [look for look in folders if look.n_frames < CLIP_FRAMES],
            "frames are repeated to fill a clip",
        ),
        (
            "frames named 1, 2, .. 10",
            [look for look in folders if look.unpadded],
            "sorted as numbers here; as text, 10 comes before 2 and time is jumbled",
        ),
        (
            "lists say more frames",
            [look for look in folders if look.video.n_frames > look.n_frames],
            "the list is of other folders of frames; what is there is taken",
        ),
    ):
        if found:
            yield note(what, len(found), f"{advice} ({found[0].video.id} for one)")


def _about_pixels(folders: Sequence[Surveyed]) -> Iterable[Finding]:
    sizes, broken = sample_frames(folders)
    pointers = [file for file in broken if is_pointer(file)]
    if pointers:
        advice = f"of a sample of frames, {pointers[0]} for one; run `git lfs pull`"
        yield compare("frames that are pointers of git lfs", len(pointers), 0, advice)
    elif broken:
        yield note("frames that are no pictures", len(broken), f"of a sample; {broken[0]} for one")
    belied = any("224x224" in file and size != (224, 224) for size, file in sizes.items())
    if belied or len(sizes) > 1:
        shown = ", ".join(f"{width} x {height}" for width, height in sorted(sizes))
        advice = "of a sample; all are scaled alike" + (", though named 224x224" if belied else "")
        yield note("pixels of frames", shown, advice)
