"""Commands about data sets on disk: what there is, and whether a copy is whole."""

import argparse
from pathlib import Path
from typing import Any

from rdfer.base.errors import Stopped
from rdfer.commands.command import Command, natural, positive


def add_reading(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which data set lies where, and how it is to be read."""
    parser.add_argument("dataset", metavar="DATASET", help="a name that `rdfer datasets` lists")
    parser.add_argument(
        "root",
        type=Path,
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
        help="of `folders`: the part of each clip, in columns clip and split",
    )
    parser.add_argument(
        "--groups",
        type=Path,
        metavar="CSV",
        help="what each clip is from, its film say, in columns clip and group",
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


def _datasets_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", metavar="DATASET", help="the name of one, such as dfew; without it, all"
    )


def _datasets(arguments: argparse.Namespace) -> None:
    from rdfer.datasets.table import DATASETS, describe, get_dataset

    shown = list(DATASETS.values()) if arguments.name is None else [get_dataset(arguments.name)]
    print("\n\n".join("\n".join(describe(dataset)) for dataset in shown))


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    add_reading(parser)
    parser.add_argument(
        "--fold", type=positive, help="look at this fold alone; without it, at all folds"
    )


def _check(arguments: argparse.Namespace) -> None:
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


DATASETS = Command(
    "list the data sets that can be read: access, licence, what the folder must hold, options",
    _datasets_arguments,
    _datasets,
)
CHECK = Command(
    "tell whether a copy of a data set is whole and its protocol can be run (else status 1); "
    "nothing is decoded",
    _check_arguments,
    _check,
)
