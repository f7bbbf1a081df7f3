"""How fast videos get into a bank, against bare decord side by side: ``python ingest_speed.py -h``.

Exports synthetic faces as H.264 videos and then, in turn and several times, decodes them with
nothing but decord in a process pool and builds a bank of them, with the same number of processes,
the same frames and the same size. decord reads all frames in order, which is what gives the right
ones of every codec, or jumps to those that are kept, which of some codecs gives others. Prints
clips a second by the clock and by the processor time of all processes (which other work on the
machine disturbs less), their starting included, and the ratios of the ways.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from rdfer.data.bank import FrameBank, VideoFile
from rdfer.method.sampling import stored_indices

# the renderer is imported where it is used: worker processes import this file as well


def decode(task: tuple[str, int, int], *, jump: bool) -> int:
    """One clip with decord alone; returns how many bytes it has."""
    import decord

    path, size, frames = task
    reader = decord.VideoReader(path, width=size, height=size, num_threads=1)
    kept = stored_indices(len(reader), frames)
    if jump:
        return int(reader.get_batch(kept).asnumpy().nbytes)
    return int(reader.get_batch(range(len(reader))).asnumpy()[kept].nbytes)


def decode_all(tasks: Sequence[tuple[str, int, int]], workers: int, *, jump: bool = False) -> None:
    with get_context("spawn").Pool(workers) as pool:
        for _ in pool.imap_unordered(partial(decode, jump=jump), tasks):
            pass
        pool.close()
        pool.join()


def processor_time() -> float:
    """Seconds of this process and of those that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def rates(call: Callable[[], object], clips: int) -> tuple[float, float]:
    """Clips a second by the clock, and by processor time."""
    clock, processor = time.perf_counter(), processor_time()
    call()
    return clips / (time.perf_counter() - clock), clips / (processor_time() - processor)


def measure(paths: Sequence[str], folder: Path, options: argparse.Namespace) -> None:
    """Print one line a number of workers."""
    names = [f"{k:05d}" for k in range(options.clips)]
    chosen = [paths[k % len(paths)] for k in range(options.clips)]
    # -1 is the size that the video has
    tasks = {size: [(path, size, options.frames) for path in chosen] for size in (options.size, -1)}
    sources = [VideoFile(id, path) for id, path in zip(names, chosen, strict=True)]
    ways: dict[str, Callable[[int], object]] = {
        "decord": lambda workers: decode_all(tasks[options.size], workers),
        "decord, jumping": lambda workers: decode_all(tasks[options.size], workers, jump=True),
        "decord, full size": lambda workers: decode_all(tasks[-1], workers),
        "bank": lambda workers: FrameBank.build(
            # its files are removed with the folder: removing is no part of building
            tempfile.mkdtemp(dir=folder),
            sources,
            size=options.size,
            frames=options.frames,
            workers=workers,
        ),
    }
    for workers in options.workers:
        rounds: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, run in ways.items():
                rounds[way].append(rates(partial(run, workers), options.clips))
        for way, pairs in rounds.items():
            clock, processor = np.median(pairs, axis=0)
            ratio = np.median(np.array(rounds["bank"]) / np.array(pairs), axis=0)
            print(
                f"{workers} workers, {way:17s} {clock:7.1f} clips/s {processor:7.1f} clips/s and "
                f"core; bank/{way}: {ratio[0]:.2f} by the clock, {ratio[1]:.2f} a core"
            )


def main() -> None:
    """Export the videos, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=24, help="different videos")
    parser.add_argument("--clips", type=int, default=240, help="clips, which repeat the videos")
    parser.add_argument("--video-frames", type=int, default=72, help="frames of a video")
    parser.add_argument("--video-size", type=int, default=224, help="pixels of a video")
    parser.add_argument("--size", type=int, default=128, help="pixels in the bank")
    parser.add_argument("--frames", type=int, default=64, help="frames of a clip in the bank")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    from rdfer.faces.export import export
    from rdfer.faces.scenario import make_split

    with tempfile.TemporaryDirectory() as folder:
        samples = make_split(
            "development", "test", options.videos, frames=options.video_frames, seed=5
        )
        export(samples, Path(folder) / "videos", size=options.video_size)
        paths = sorted(str(path) for path in (Path(folder) / "videos").rglob("*.mp4"))
        measure(paths, Path(folder), options)


if __name__ == "__main__":
    main()
