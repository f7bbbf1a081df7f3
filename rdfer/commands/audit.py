"""The command that judges labels by the predictions of any model."""

import argparse
from pathlib import Path

from rdfer.base.progress import log
from rdfer.commands.command import positive


def add_audit(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`audit`."""
    parser.add_argument(
        "predictions",
        type=Path,
        metavar="PREDICTIONS",
        help="probabilities [videos, clips, classes]: .npz (predictions, if wanted ids, classes),"
        " .npy, or .csv (columns id, clip and one a class)",
    )
    parser.add_argument(
        "labels",
        type=Path,
        metavar="LABELS",
        help="given labels, names or numbers from 0: .npz (labels, if wanted ids and classes),"
        " .npy, or .csv (columns id and label)",
    )
    parser.add_argument(
        "--videos", type=Path, metavar="DIR", help="videos or folders of frames, named by id"
    )
    parser.add_argument("--out", type=Path, default=Path("audit"), help="default: audit")
    parser.add_argument("--classes", help="names of the columns, with commas between them")
    parser.add_argument("--top", type=positive, default=200, help="videos on the page (200)")
    parser.add_argument(
        "--rule",
        default="threshold",
        help="what makes a label noisy: threshold (a gap of that size) or mixture (fitted)",
    )
    parser.add_argument("--score-threshold", type=float, help="gap from which on: noisy (0.3)")
    parser.add_argument(
        "--threshold", type=float, help="share of clips for the label below which: hard (0.8)"
    )


def audit(arguments: argparse.Namespace) -> None:
    """Rank labels by what clip predictions of any model say against them."""
    from rdfer.auditing.audit import audit_files
    from rdfer.auditing.page import write_page
    from rdfer.auditing.sheet import write_csv

    thresholds = {
        name: value
        for name in ("score_threshold", "threshold")
        if (value := getattr(arguments, name)) is not None
    }
    sheet = audit_files(
        arguments.predictions,
        arguments.labels,
        classes=None if arguments.classes is None else arguments.classes.split(","),
        rule=arguments.rule,
        **thresholds,
    )
    page, table = arguments.out / "audit.html", arguments.out / "audit.csv"
    said = write_page(sheet, page, videos=arguments.videos, top=arguments.top)
    write_csv(sheet, table)
    for line in (*sheet.notes, said, f"{table}", f"{page}"):
        log(line)
