"""What pages of the book include: figures and tables, made from the results at hand."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rdfer.base.files import read_json
from rdfer.report import comparison, figures, readout, schemes, study_tables, tables
from rdfer.report.claim_tables import all_tables, brief_table
from rdfer.report.comparison_figure import draw_peers
from rdfer.report.reported import Peer
from rdfer.studies.claims import load_claims
from rdfer.studies.judging import read_results

TABLES: Mapping[str, Any] = {
    "brief": tables.brief_table,
    "main": tables.main_table,
    "differences": tables.difference_table,
    "difficulty": tables.difficulty_table,
    "per_class": tables.per_class_table,
    "agreement": tables.agreement_table,
    "ablation": tables.ablation_table,
    "noise": study_tables.noise_table,
    "factorial": study_tables.factorial_table,
    "rivals": study_tables.rival_table,
    "streams": study_tables.stream_table,
    "detail": study_tables.detail_table,
    "cost": study_tables.cost_table,
    "worlds": study_tables.world_table,
    "sensitivity": study_tables.sensitivity_table,
    "tuning": study_tables.tuning_table,
    "key": tables.key_table,
    "meta": tables.meta_table,
    "folds": tables.fold_table,
    "label_quality": tables.quality_table,
}


def write_figures(results: Path, made: Path, runs: comparison.Runs, target: Path) -> None:
    """Figures drawn from the results at hand, beside the pictures that notebooks made.

    Args:
        results: directory of the result files.
        made: directory of pictures that are there already.
        runs: this project's scores on the real sets.
        target: the staged book.
    """
    out = target / "figures"
    if made.is_dir():
        shutil.copytree(made, out)
    figures.draw_all(results, out)
    schemes.draw_schemes(out)
    draw_peers(target / "book" / "reported_results.csv", runs, out)
    for name, caption in captions(target / "book").items():
        text = figure_directive(out, name, caption.strip())
        write_text(target / "generated" / "figures" / f"{name}.md", text)


def captions(book: Path) -> dict[str, str]:
    """Figure to caption; those of a real run take the place of others where they were staged."""
    found: dict[str, str] = {}
    for path in (book / "captions.yml", book / "captions_real.yml"):
        if path.exists():
            found |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def figure_directive(directory: Path, name: str, caption: str) -> str:
    """The MyST text that shows a figure file, or says that there is none."""
    found = [p for s in ("svg", "png") if (p := directory / f"{name}.{s}").exists()]
    if not found:
        return f"*Figure {readout.NOT_RUN}: {caption}*\n"
    notes = directory / f"{name}.json"
    said = (read_json(notes, alt=str)["alt"] if notes.exists() else "") or caption
    alt = " ".join(said.split())
    return f"```{{figure}} /figures/{found[0].name}\n:alt: {alt}\n\n{caption}\n```\n"


def write_tables(
    results: Mapping[str, Any],
    reported: Mapping[str, Peer],
    runs: comparison.Runs,
    directory: Path,
    out: Path,
) -> None:
    """Every table, those of the literature's numbers and of the claims among them.

    Args:
        results: as :func:`rdfer.report.readout.load_results` reads them.
        reported: numbers of the literature.
        runs: this project's scores on the real sets.
        directory: where the result files lie.
        out: where the tables go.
    """
    for name, table in TABLES.items():
        write_text(out / f"{name}.md", table(results))
    write_text(out / "peers.md", comparison.score_table(reported, runs))
    write_text(out / "own_runs.md", comparison.run_table(runs))
    write_text(out / "peer_sources.md", comparison.source_table(reported))
    claims = load_claims()
    rows = read_results(directory / "claims.json", claims)
    write_text(out / "claims.md", all_tables(claims, rows))
    write_text(out / "claims_brief.md", brief_table(claims, rows))


def write_text(path: Path, text: str) -> None:
    """Write a file, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
