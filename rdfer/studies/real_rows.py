"""What the evaluation of a run on a real set hands to the page of comparisons."""

from collections.abc import Mapping
from typing import Any

from rdfer.pipeline.context import Context, choice_note
from rdfer.report.comparison import OWN
from rdfer.settings.schema import settings_hash
from rdfer.settings.variants import METHODS, variant_settings
from rdfer.studies.flops import clip_cost
from rdfer.studies.real_results import FOLDS


def real_rows(context: Context, main: Mapping[str, Any], meta: Mapping[str, Any]) -> list[Any]:
    """Rows of ``real.json``, with the cost of each method's network.

    None where the numbers are not of the set's own protocol: folds of one's own, or added noise.

    Args:
        context: of the run.
        main: its main comparison (:func:`rdfer.studies.fold_results.comparison`).
        meta: its seeds and date.
    """
    title, settings = context.data_folder.dataset.title, context.settings
    if title not in FOLDS or not context.data_folder.official or settings.noise.rate:
        return []
    rows = []
    for row in main["rows"]:
        name = row["name"].removesuffix(choice_note(settings))
        if name not in OWN:
            continue
        ran = variant_settings(METHODS[row["method"]], settings)
        cost = clip_cost(ran, classes=len(main["classes"]))
        rows.append(
            {
                "method": name,
                "data": title,
                "preset": context.preset.name,
                "changes": dict(context.overrides),
                "folds": main["folds"],
                "seeds": meta["seeds"],
                "uar": row["uar_mean"],
                "war": row["war_mean"],
                "epoch": settings.training.choose,
                "frames": cost.frames,
                "size": cost.size,
                "gflops": cost.gflops,
                "settings_hash": settings_hash(settings),
                "date": meta["date"],
            }
        )
    return rows
