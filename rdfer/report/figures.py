"""Results -> figure files, each with its provenance beside it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file, write_json
from rdfer.report.detection_figures import cost, factorial, rivals
from rdfer.report.drawing import Drawn, save, style
from rdfer.report.embedding import features
from rdfer.report.learning_figures import (
    agreement_auroc,
    agreement_by_sweep,
    agreement_histogram,
    dynamics,
    key,
)
from rdfer.report.readout import Results, load_results
from rdfer.report.score_figures import ablation, confusion, main_comparison, per_class
from rdfer.report.sensitivity_figures import choices, sensitivity
from rdfer.report.study_figures import detail, noise, streams


@dataclass(frozen=True)
class Plan:
    """A figure of the book: who draws it, and the result file it needs."""

    draw: Callable[[Results], Drawn]
    needs: str


#: File stem -> how it is drawn.
FIGURES: Mapping[str, Plan] = {
    "main_comparison": Plan(main_comparison, "main"),
    "per_class": Plan(per_class, "main"),
    "confusion": Plan(confusion, "main"),
    "features": Plan(features, "features"),
    "agreement_histogram": Plan(agreement_histogram, "agreement"),
    "agreement_auroc": Plan(agreement_auroc, "agreement"),
    "agreement_by_sweep": Plan(agreement_by_sweep, "agreement"),
    "ablation": Plan(ablation, "ablation"),
    "noise": Plan(noise, "noise"),
    "dynamics": Plan(dynamics, "dynamics"),
    "key": Plan(key, "key"),
    "factorial": Plan(factorial, "factorial"),
    "rivals": Plan(rivals, "rivals"),
    "streams": Plan(streams, "streams"),
    "detail": Plan(detail, "detail"),
    "cost": Plan(cost, "cost"),
    "sensitivity": Plan(sensitivity, "sensitivity"),
    "choices": Plan(choices, "sensitivity"),
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
    for name, plan in FIGURES.items():
        source = Path(results_dir) / f"{plan.needs}.json"
        if results.get(plan.needs) is None:
            continue
        try:
            with style():
                figure, said = plan.draw(results)
        except KeyError as error:
            raise UserError(f"{source}: key {error} is missing, figure {name!r} needs it") from None
        drawn[name] = Path(out) / f"{name}.svg"
        save(figure, drawn[name])
        write_json(
            Path(out) / f"{name}.json",
            {
                "name": name,
                "alt": said,
                "drawn_by": f"{plan.draw.__module__}.{plan.draw.__name__}",
                "code": sha256_file(inspect.getfile(plan.draw)),
                "results": {source.name: sha256_file(source)},
                **{key: meta.get(key) for key in ("preset", "settings_hash", "date", "version")},
            },
        )
    return drawn
