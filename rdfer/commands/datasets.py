"""Commands about data sets on disk: what there is, whether a copy is whole, and its bank."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rdfer.base.errors import Stopped, UserError
from rdfer.base.progress import log
from rdfer.commands.command import natural, positive


def add_reading(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """The arguments that say which data set lies where, and how it is to be read."""
    count = None if required else "?"
    parser.add_argument(
        "dataset", metavar="DATASET", nargs=count, help="a name that `rdfer datasets` lists"
    )
    parser.add_argument(
        "root",
        type=Path,
        nargs=count,
        metavar="ROOT",
        help="the folder that its archive unpacked to: `rdfer datasets` tells what it holds",
    )
    add_options(parser)


def add_options(parser: argparse._ActionsContainer) -> None:
    """The arguments that say how a data set is to be read."""
    parser.add_argument(
        "--clips",
        metavar="FOLDER",
        help="the folder of clips to read, where a set has several: clip_224x224, say",
    )
    parser.add_argument(
        "--lists",
        type=Path,
        metavar="DIR",
        help="take the parts from another project's lists, whose lines are: path n_frames label",
    )
    parser.add_argument(
        "--order",
        metavar="A,B,..",
        help="the classes that labels 0, 1, .. of such lists stand for; of `folders`, their order",
    )
    parser.add_argument(
        "--zero-based",
        action="store_true",
        help="DFEW's split files count labels from 0, as some copies do; the official count from 1",
    )
    parser.add_argument(
        "--split",
        type=Path,
        metavar="CSV",
        help="of `folders`: the part of each video, in columns clip and split",
    )
    parser.add_argument(
        "--groups",
        type=Path,
        metavar="CSV",
        help="what each video is from, its film say, in columns clip and group",
    )
    parser.add_argument(
        "--grouped",
        action="store_true",
        help="five folds that keep groups apart, in place of the official ones",
    )
    parser.add_argument(
        "--seed", type=natural, help="another draw of folds, where no official ones are taken (0)"
    )


def reading_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was given of :func:`add_reading`, as options of :func:`rdfer.datasets.read`."""
    names = ("clips", "lists", "zero_based", "split", "groups", "grouped")
    options = {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
    if arguments.order is not None:
        options["order"] = arguments.order.split(",")
    if arguments.seed is not None:
        options["seed"] = arguments.seed
    return options


def add_datasets(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`datasets`."""
    parser.add_argument(
        "name", nargs="?", metavar="DATASET", help="the name of one, such as dfew; without it, all"
    )


def datasets(arguments: argparse.Namespace) -> None:
    """List the data sets that can be read: access, licence, what the folder must hold, options."""
    from rdfer.datasets.dataset import describe
    from rdfer.datasets.reading import DATASETS, get_dataset

    shown = list(DATASETS.values()) if arguments.name is None else [get_dataset(arguments.name)]
    print("\n\n".join("\n".join(describe(dataset)) for dataset in shown))


def add_check(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`check`."""
    add_reading(parser, required=False)
    parser.add_argument(
        "--bank",
        type=Path,
        metavar="BANK",
        help="in place of a data set: read a bank of frames or features, and name damaged videos",
    )
    parser.add_argument(
        "--fold", type=positive, help="look at this fold alone; without it, at all folds"
    )


def check(arguments: argparse.Namespace) -> None:
    """Tell whether a copy of a data set is whole and its protocol can be run (else status 1).

    Nothing is decoded. Or, with --bank, whether every video of a bank is as it was written.
    """
    if arguments.bank is not None:
        if arguments.dataset is not None:
            raise UserError("--bank: takes the place of DATASET and ROOT; give one or the other")
        _check_bank(arguments.bank)
        return
    if arguments.root is None:
        raise UserError("DATASET ROOT: a data set and its folder are needed, or --bank BANK")
    from rdfer.datasets.check import check

    options = reading_options(arguments)
    report = check(arguments.dataset, arguments.root, fold=arguments.fold, **options)
    print("\n".join(report.lines()))
    if not report.runnable:
        wrong = sum(finding.state == "wrong" for finding in report.findings)
        raise Stopped(
            f"{report.title}: its protocol cannot be run on {report.folder}; "
            f"{wrong} of the lines above are wrong"
        )


def _check_bank(path: Path) -> None:
    from rdfer.data.bank import FrameBank
    from rdfer.data.features import FeatureBank

    bank = (FeatureBank if (path / FeatureBank.FILE).exists() else FrameBank)(path)
    damaged = bank.damaged()
    for name in damaged:
        log(f"damaged: {name}")
    if damaged:
        raise Stopped(
            f"{path}: {len(damaged)} of {len(bank)} videos are damaged; run again what built it, "
            "which makes them anew"
        )
    print(f"{path}: all {len(bank)} videos are whole, checksum {bank.checksum[:16]}")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number of seconds above 0")
    return value


def add_ingest(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`ingest`."""
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
        help="the fold whose parts manifest.json lists (1); the videos of all folds are decoded",
    )
    parser.add_argument(
        "--size", type=positive, help="side of a stored frame in pixels (128); not with --preset"
    )
    parser.add_argument(
        "--frames",
        type=positive,
        help="frames stored of a video, spread evenly (64); not with --preset",
    )
    parser.add_argument(
        "--workers", type=natural, help="processes that decode (one for each usable core)"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=60.0,
        help="seconds after which a video that does not load is left out and listed (60)",
    )
    parser.add_argument(
        "--skip-frames",
        action="store_true",
        help="leave out a picture of a folder that cannot be read, not the whole video; "
        "not with --preset",
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
    if arguments.skip_frames:
        raise UserError("--skip-frames: runs of a preset do not; take --out")
    if given:
        name, value = next(iter(given.items()))
        raise UserError(
            f"--{name} {value}: is the preset's with --preset; leave it out, or take --out"
        )
    return context.bank, {"size": data.size, "frames": data.frames}


def ingest(arguments: argparse.Namespace) -> None:
    """Decode the videos of a data set once, into a bank of frames that training reads."""
    from rdfer.data.ingest import ingest
    from rdfer.datasets import scan

    out, sizes = _place(arguments)
    tree = scan(
        arguments.dataset, arguments.root, fold=arguments.fold, **reading_options(arguments)
    )
    for note in tree.notes:
        log(note)
    if tree.undivided:  # a bank holds frames alone
        log(f"{tree.undivided}; all videos are decoded, as training videos")
    done = ingest(
        replace(tree, undivided="").manifest(),
        out,
        **sizes,
        workers=arguments.workers,
        timeout=arguments.timeout,
        skip_frames=arguments.skip_frames,
    )
    for line in done.lines():
        log(line)
