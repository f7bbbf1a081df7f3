"""Commands that publish: figures, the book, the committed reference."""

import argparse
from pathlib import Path

from rdfer.base.progress import log
from rdfer.commands.command import Command, add_preset, noted


def _figures(arguments: argparse.Namespace) -> None:
    from rdfer.pipeline.runs import find_root, preset_dir
    from rdfer.report.comparison_figure import draw_peers
    from rdfer.report.figures import draw_all
    from rdfer.studies.real_results import gather_real

    root, results = find_root(), preset_dir(arguments.preset) / "results"
    drawn = draw_all(results, results / "figures")
    reported = root / "book" / "reported_results.csv"
    draw_peers(reported, gather_real(root), results / "figures")
    log(f"{len(drawn) + 1} figures: {results / 'figures'}")


def _book_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preset", help="whose run to show; without it, the committed reference results"
    )
    parser.add_argument("--done", type=Path, help="a small file to write at the end")


def _book(arguments: argparse.Namespace) -> None:
    from rdfer.base.files import write_json
    from rdfer.pipeline.provenance import now
    from rdfer.pipeline.runs import find_root
    from rdfer.pipeline.workflow import book_marker
    from rdfer.report.book import build

    with noted(arguments.done) as note:
        page = build(find_root(), preset=arguments.preset)
        note.update(preset=arguments.preset, date=now())
        write_json(book_marker(), note)
    if arguments.done is None:  # a workflow says it itself
        log(f"the book: {page}")


def _reference(arguments: argparse.Namespace) -> None:
    from rdfer.report.reference import publish

    for line in publish(arguments.preset):
        log(line)


FIGURES = Command("draw the figures of a run again", add_preset, _figures)
BOOK = Command("build the book", _book_arguments, _book)
REFERENCE = Command(
    "replace results/ and figures/ by those of a finished run", add_preset, _reference
)
