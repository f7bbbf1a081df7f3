"""Results -> figure files, each with its provenance beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file
from rdfer.report.detection_figures import (
    agreement_auroc,
    agreement_by_sweep,
    agreement_histogram,
    cost,
    factorial,
    rivals,
)
from rdfer.report.drawing import Drawn, draw_file
from rdfer.report.embedding import features
from rdfer.report.learning_figures import dynamics, key
from rdfer.report.readout import Results, load_results
from rdfer.report.score_figures import (
    ablation,
    confusion,
    detail,
    main_comparison,
    noise,
    per_class,
    streams,
)
from rdfer.report.sensitivity_figures import choices, sensitivity


@dataclass(frozen=True)
class Plan:
    """A figure of the book: who draws it, and the result file it needs."""

    draw: Callable[[Results], Drawn]
    needs: str


_NEEDS: Mapping[str, tuple[Callable[[Results], Drawn], ...]] = {
    "main": (main_comparison, per_class, confusion),
    "features": (features,),
    "agreement": (agreement_histogram, agreement_auroc, agreement_by_sweep),
    "ablation": (ablation,),
    "noise": (noise,),
    "dynamics": (dynamics,),
    "key": (key,),
    "factorial": (factorial,),
    "rivals": (rivals,),
    "streams": (streams,),
    "detail": (detail,),
    "cost": (cost,),
    "sensitivity": (sensitivity, choices),
}
#: File stem, which is the name of the function that draws it -> how it is drawn.
FIGURES: Mapping[str, Plan] = {
    draw.__name__: Plan(draw, needs) for needs, draws in _NEEDS.items() for draw in draws
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
