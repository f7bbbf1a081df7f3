"""The command that lists the claims, what was predicted of them, and the verdicts."""

import argparse

from rdfer.commands.command import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preset", help="whose run to read; without it, the committed reference results"
    )


def _run(arguments: argparse.Namespace) -> None:
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


CLAIMS = Command("print the claims, their predictions and verdicts", _arguments, _run)
