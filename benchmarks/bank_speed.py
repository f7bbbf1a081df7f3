"""How fast clips come out of the bank, against decoding them again: ``python bank_speed.py -h``.

Writes H.264 videos of moving noise, builds a bank from them, and prints one line a measurement:
building, gathering synopsis batches, augmenting them, and the same batches decoded from video.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rdfer.data.bank import FrameBank
from rdfer.data.video import read_frames
from rdfer.method.sampling import synopsis

# PyTorch and PyAV are imported where they are used: worker processes import this file as well


def write_video(path: Path, *, frames: int, size: int, generator: np.random.Generator) -> None:
    """One H.264 video of a coarse random pattern that drifts."""
    import av

    pattern = generator.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
    picture = pattern.repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for shift in range(frames):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, shift, 1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def per_call(call: Callable[[], object], *, repeats: int) -> float:
    """Median seconds of a call, after one that is not counted."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=64)
    parser.add_argument("--frames", type=int, default=72, help="frames of a video")
    parser.add_argument("--video-size", type=int, default=224, help="pixels of a video")
    parser.add_argument("--size", type=int, default=128, help="pixels in the bank")
    parser.add_argument("--crop", type=int, default=112, help="pixels after augmentation")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.mp4" for i in range(options.videos)]
        for path in paths:
            write_video(path, frames=options.frames, size=options.video_size, generator=generator)
        measure(options, Path(folder), paths, generator)


def measure(
    options: argparse.Namespace, folder: Path, paths: list[Path], generator: np.random.Generator
) -> None:
    """Print videos per second of every step."""
    import torch

    from rdfer.method.transforms import augment

    start = time.perf_counter()
    bank = FrameBank.build(
        folder / "bank", paths, size=options.size, frames=64, workers=options.workers
    )
    show("build the bank (64 frames a video)", time.perf_counter() - start, len(paths))

    def clips() -> tuple[np.ndarray, np.ndarray]:
        videos = generator.integers(0, len(bank), options.batch)
        return videos, synopsis(bank.lengths[videos], generator=generator)

    torch_generator = torch.Generator().manual_seed(0)
    batch = torch.from_numpy(bank.gather(*clips())).to(options.device)

    def augmented() -> None:
        augment(batch, size=options.crop, generator=torch_generator)
        if batch.is_cuda:
            torch.cuda.synchronize()

    def on_device() -> None:
        torch.from_numpy(bank.gather(*clips())).to(options.device)
        if batch.is_cuda:
            torch.cuda.synchronize()

    def decoded() -> None:
        videos, frames = clips()
        for video, wanted in zip(videos, frames, strict=True):
            read_frames(paths[video], wanted, size=options.size)

    show(
        "gather from the memory map",
        per_call(lambda: bank.gather(*clips()), repeats=30),
        options.batch,
    )
    show(f"gather, copy to {options.device}", per_call(on_device, repeats=30), options.batch)
    show(f"augment on {options.device}", per_call(augmented, repeats=10), options.batch)
    show("decode the same from video", per_call(decoded, repeats=5), options.batch)


def show(what: str, seconds: float, videos: int) -> None:
    """One line of the table."""
    print(f"{what:38s} {videos / seconds:10.1f} videos/s   {1e3 * seconds / videos:8.2f} ms/video")


if __name__ == "__main__":
    main()
