"""What pages of the book include: every figure and table, made from the results at hand."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from rdfer.base.errors import UserError
from rdfer.base.files import read_json, sha256_file
from rdfer.report import (
    comparison,
    detection,
    embedding,
    parts,
    readout,
    reliability,
    scores,
    sensitivity,
)
from rdfer.report.claim_tables import all_tables, brief_table
from rdfer.report.comparison import draw_peers
from rdfer.report.drawing import Drawn, draw_file
from rdfer.report.readout import Results, load_results
from rdfer.report.reported import Peer
from rdfer.report.schemes import draw_schemes
from rdfer.report.tables import meta_table
from rdfer.studies.claims import load_claims
from rdfer.studies.judging import read_results


@dataclass(frozen=True)
class Plan:
    """A figure of the book: who draws it, and the result file it needs."""

    draw: Callable[[Results], Drawn]
    needs: str


_NEEDS: Mapping[str, tuple[Callable[[Results], Drawn], ...]] = {
    "main": (scores.main_comparison, scores.per_class, scores.confusion),
    "features": (embedding.features,),
    "agreement": (
        *(detection.agreement_histogram, detection.agreement_auroc),
        detection.agreement_by_sweep,
    ),
    "ablation": (parts.ablation,),
    "noise": (scores.noise,),
    "dynamics": (parts.dynamics,),
    "key": (parts.key,),
    "factorial": (detection.factorial,),
    "rivals": (detection.rivals,),
    "streams": (parts.streams,),
    "detail": (parts.detail,),
    "cost": (detection.cost,),
    "sensitivity": (sensitivity.sensitivity, sensitivity.choices),
}
#: File stem, which is the name of the function that draws it -> how it is drawn.
FIGURES: Mapping[str, Plan] = {
    draw.__name__: Plan(draw, needs) for needs, draws in _NEEDS.items() for draw in draws
}
#: File stem -> who writes the table.
TABLES: Mapping[str, Callable[[Results], str]] = {
    "brief": scores.brief_table,
    "main": scores.main_table,
    "differences": scores.difference_table,
    "difficulty": scores.difficulty_table,
    "per_class": scores.per_class_table,
    "agreement": detection.agreement_table,
    "ablation": parts.ablation_table,
    "noise": scores.noise_table,
    "factorial": detection.factorial_table,
    "rivals": detection.rival_table,
    "streams": parts.stream_table,
    "detail": parts.detail_table,
    "cost": detection.cost_table,
    "worlds": parts.world_table,
    "sensitivity": sensitivity.sensitivity_table,
    "tuning": parts.tuning_table,
    "key": parts.key_table,
    "meta": meta_table,
    "folds": scores.fold_table,
    "label_quality": detection.quality_table,
    "reliability": reliability.reliability_table,
    "faults": reliability.fault_table,
    "decoder": reliability.decoder_table,
    "kills": reliability.kill_table,
    "troubles": reliability.trouble_table,
    "trials": reliability.trial_table,
}


def draw_all(results_dir: str | Path, out: str | Path) -> dict[str, Path]:
    """Draw every figure whose result is there, as ``<name>.svg`` with ``<name>.json`` beside it.

    The JSON says what the figure was drawn from: the hash of the result file, the figure code's
    hash, the run's settings and date, and the text that stands for the figure.

    Returns:
        Name to path of the figures drawn; a figure without its result is not in it.

    Raises:
        UserError: a result lacks something that a figure needs.
    """
    results, drawn = load_results(results_dir), {}
    meta = results.get("meta") or {}
    run = {key: meta.get(key) for key in ("preset", "settings_hash", "date", "version")}
    for name, plan in FIGURES.items():
        if results.get(plan.needs) is None:
            continue
        source = Path(results_dir) / f"{plan.needs}.json"
        made_of = {source.name: sha256_file(source)}
        try:
            drawn[name] = draw_file(Path(out) / name, plan.draw, results, results=made_of, **run)
        except KeyError as error:
            raise UserError(f"{source}: key {error} is missing, figure {name!r} needs it") from None
    return drawn


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
    draw_all(results, out)
    draw_schemes(out)
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
    results: Results,
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
