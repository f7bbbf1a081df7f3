"""Commands that make material: videos with known truth, starting weights."""

import argparse
from pathlib import Path

from rdfer.base.progress import log
from rdfer.commands.command import natural, positive


def add_faces(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`faces`."""
    parser.add_argument("--out", type=Path, required=True, help="a new or empty directory")
    parser.add_argument("--videos", type=positive, required=True, help="how many")
    parser.add_argument("--seed", type=natural, default=0)
    parser.add_argument(
        "--layout", default="plain", help="plain, folders, dfew, dfew-frames or ferv39k"
    )
    parser.add_argument("--pool", default="development", help="development or confirmation")
    parser.add_argument("--frames", type=positive, default=64, help="a video")
    parser.add_argument("--size", type=positive, default=112, help="pixels")


def faces(arguments: argparse.Namespace) -> None:
    """Render faces with known truth as videos."""
    from rdfer.faces.export import export
    from rdfer.faces.scenario import make_split

    samples = make_split(
        arguments.pool, "test", arguments.videos, frames=arguments.frames, seed=arguments.seed
    )
    export(samples, arguments.out, layout=arguments.layout, size=arguments.size)
    log(f"{len(samples)} videos and truth.json: {arguments.out}")


def add_pretrain(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`pretrain`."""
    parser.add_argument("--out", type=Path, required=True, help="a .safetensors file")
    parser.add_argument(
        "--task",
        choices=("blendshapes", "classes"),
        default="blendshapes",
        help="classes: of still faces, without ever telling blendshape weights",
    )
    parser.add_argument("--encoder", default="faces-resnet", help="this one, or any of timm")
    parser.add_argument("--size", type=positive, default=64, help="pixels of a training picture")
    parser.add_argument("--faces", type=positive, default=1600, help="with 32 pictures of each")
    parser.add_argument("--epochs", type=positive, default=9)
    parser.add_argument("--batch", type=positive, default=64, help="pictures")
    parser.add_argument(
        "--start", choices=("none", "faces"), default="none", help="faces: from the shipped weights"
    )


def pretrain(arguments: argparse.Namespace) -> None:
    """Train an encoder's starting weights."""
    from rdfer.base.machine import usable_cores
    from rdfer.faces.pretrain import Pretraining, main

    settings = Pretraining(
        task=arguments.task,
        encoder=arguments.encoder,
        size=arguments.size,
        render_size=arguments.size * 9 // 8,  # room for random crops
        faces=arguments.faces,
        epochs=arguments.epochs,
        batch=arguments.batch,
        start=arguments.start,
    )
    scores = main(arguments.out, settings, workers=usable_cores())
    log(f"{arguments.out}: {scores}")
