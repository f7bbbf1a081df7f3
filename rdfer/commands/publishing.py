"""Commands that publish: the claims and their verdicts, figures, the book, the reference."""

import argparse
from pathlib import Path

from rdfer.base.progress import log
from rdfer.commands.command import noted


def add_shown(parser: argparse.ArgumentParser) -> None:
    """The argument that says whose results are shown."""
    parser.add_argument(
        "--preset", help="whose results to show; without it, the committed reference results"
    )


def claims(arguments: argparse.Namespace) -> None:
    """Print the claims, their predictions and verdicts."""
    import shutil

    from rdfer.pipeline.runs import find_root, preset_dir
    from rdfer.report.claim_tables import terminal
    from rdfer.studies.claims import load_claims
    from rdfer.studies.judging import FILE, read_results

    claims = load_claims()
    at = find_root() if arguments.preset is None else preset_dir(arguments.preset)
    rows = read_results(at / "results" / FILE, claims)
    for line in terminal(claims, rows, width=shutil.get_terminal_size((100, 24)).columns):
        print(line)


def figures(arguments: argparse.Namespace) -> None:
    """Draw the figures of a preset's results again."""
    from rdfer.pipeline.runs import find_root, preset_dir
    from rdfer.report.comparison import draw_peers
    from rdfer.report.included import draw_all
    from rdfer.studies.real_results import gather_real

    root, results = find_root(), preset_dir(arguments.preset) / "results"
    drawn = draw_all(results, results / "figures")
    reported = root / "book" / "reported_results.csv"
    draw_peers(reported, gather_real(root), results / "figures")
    log(f"{len(drawn) + 1} figures: {results / 'figures'}")


def add_book(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`book`."""
    add_shown(parser)
    parser.add_argument("--done", type=Path, help="a small file to write at the end")


def book(arguments: argparse.Namespace) -> None:
    """Build the book."""
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


def reference(arguments: argparse.Namespace) -> None:
    """Replace results/ and figures/ by those of a preset whose runs are finished."""
    from rdfer.report.reference import publish

    for line in publish(arguments.preset):
        log(line)
