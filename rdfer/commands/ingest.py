"""The command that decodes a data set into a bank."""

import argparse
from pathlib import Path

from rdfer.commands.command import Command, natural, positive
from rdfer.commands.datasets import add_reading, reading_options
from rdfer.progress import log


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number of seconds above 0")
    return value


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_reading(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="BANK", help="a new directory")
    parser.add_argument(
        "--fold",
        type=positive,
        default=1,
        help="whose split the manifest tells (1); the bank holds all",
    )
    parser.add_argument("--size", type=positive, default=128, help="pixels of a frame (128)")
    parser.add_argument("--frames", type=positive, default=64, help="stored of a clip (64)")
    parser.add_argument("--workers", type=natural, help="processes that decode (the usable cores)")
    parser.add_argument(
        "--timeout", type=_seconds, default=60.0, help="seconds until a clip is given up (60)"
    )


def _run(arguments: argparse.Namespace) -> None:
    from rdfer.datasets import read
    from rdfer.ingest import ingest

    manifest = read(
        arguments.dataset, arguments.root, fold=arguments.fold, **reading_options(arguments)
    )
    done = ingest(
        manifest,
        arguments.out,
        size=arguments.size,
        frames=arguments.frames,
        workers=arguments.workers,
        timeout=arguments.timeout,
    )
    for line in done.lines():
        log(line)


INGEST = Command("decode the videos of a data set into a bank of frames", _arguments, _run)
