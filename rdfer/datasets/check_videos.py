"""What a report says of the videos of clips: missing, unreadable, or of an unusual form."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rdfer.data.manifest import Video
from rdfer.datasets.findings import Finding, compare, note
from rdfer.datasets.survey import UNFETCHED, Surveyed, is_pointer, sample_frames

#: Frames that the usual clip takes of a video.
CLIP_FRAMES = 16


def about_videos(clips: Sequence[Video], looks: Sequence[Surveyed]) -> Iterable[Finding]:
    """Whether every clip has a video, and what these look like from outside."""
    missing = [video.id for video in clips if not video.path]
    example = f", {missing[0]} for one" if missing else ""
    advice = f"unpack all clips, or take another folder{example}"
    yield compare("clips without a video", len(missing), 0, advice)
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

    def seen(what: str, holds: Callable[[Surveyed], bool], advice: str) -> Iterable[Finding]:
        found = [look for look in folders if holds(look)]
        if found:
            yield note(what, len(found), f"{advice} ({found[0].video.id} for one)")

    counts = sorted(look.n_frames for look in folders)
    low, median, high = counts[0], counts[len(counts) // 2], counts[-1]
    yield Finding("frames a clip", f"{low}..{high}, median {median}")
    if low == high == CLIP_FRAMES:
        advice = (
            "resampled to 16 frames, not the whole clips: results differ from those on clips of "
            "full length"
        )
        yield note("16 frames in every clip", len(counts), advice)
    yield from seen(
        f"clips under {CLIP_FRAMES} frames",
        lambda look: look.n_frames < CLIP_FRAMES,
        "frames are repeated to fill a clip",
    )
    yield from seen(
        "frames named 1, 2, .. 10",
        lambda look: look.unpadded,
        "sorted as numbers here; as text, 10 comes before 2 and time is jumbled",
    )
    yield from seen(
        "lists say more frames",
        lambda look: look.video.n_frames > look.n_frames,
        "the list is of other folders of frames; what is there is taken",
    )


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
