"""The command that decodes a data set into a bank."""

import argparse
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.base.progress import log
from rdfer.commands.command import Command, natural, positive
from rdfer.commands.datasets import add_reading, reading_options


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
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument(
        "--out", type=Path, metavar="BANK", help="the bank's directory: new, or begun before"
    )
    place.add_argument(
        "--preset",
        help="in place of --out: the place, size and number of frames that runs of this preset use",
    )
    parser.add_argument(
        "--fold",
        type=positive,
        default=1,
        help="the fold whose parts manifest.json lists (1); the clips of all folds are decoded",
    )
    parser.add_argument(
        "--size", type=positive, help="side of a stored frame in pixels (128); not with --preset"
    )
    parser.add_argument(
        "--frames",
        type=positive,
        help="frames stored of a clip, spread evenly (64); not with --preset",
    )
    parser.add_argument(
        "--workers", type=natural, help="processes that decode (one for each usable core)"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=60.0,
        help="seconds after which a clip that does not load is left out and listed (60)",
    )


def _place(arguments: argparse.Namespace) -> tuple[Path, dict[str, int]]:
    """The bank's directory, and what is said of its frames.

    Raises:
        UserError: a preset of another data set, or a size besides the preset's.
    """
    sizes = {name: getattr(arguments, name) for name in ("size", "frames")}
    given = {name: value for name, value in sizes.items() if value is not None}
    if arguments.preset is None:
        return arguments.out, given
    from rdfer.pipeline.context import begin

    context = begin(arguments.preset)
    data = context.settings.data
    if data.source != arguments.dataset:
        raise UserError(
            f"--preset {arguments.preset}: its videos are {data.source}, not {arguments.dataset}; "
            "take a preset of this data set, or --out"
        )
    if given:
        name, value = next(iter(given.items()))
        raise UserError(
            f"--{name} {value}: is the preset's with --preset; leave it out, or take --out"
        )
    return context.bank, {"size": data.size, "frames": data.frames}


def _run(arguments: argparse.Namespace) -> None:
    from rdfer.data.ingest import ingest
    from rdfer.datasets import read

    out, sizes = _place(arguments)
    manifest = read(
        arguments.dataset, arguments.root, fold=arguments.fold, **reading_options(arguments)
    )
    done = ingest(
        manifest,
        out,
        **sizes,
        workers=arguments.workers,
        timeout=arguments.timeout,
    )
    for line in done.lines():
        log(line)


INGEST = Command(
    "decode the videos of a data set once, into a bank of frames that training reads",
    _arguments,
    _run,
)
