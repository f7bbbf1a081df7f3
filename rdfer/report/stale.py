"""Results and figures of studies whose runs are stale are set aside, before a preset is remade."""

import os

from rdfer.base.errors import UserError
from rdfer.base.progress import log
from rdfer.pipeline.runs import preset_dir
from rdfer.report.included import FIGURES
from rdfer.studies.design import STUDIES

#: What the notebook ``claims`` makes of the studies' runs.
STUDY_RESULTS = (
    "noise",
    "factorial",
    "rivals",
    "streams",
    "detail",
    "cost",
    "worlds",
    "sensitivity",
)


def set_aside_stale(preset: str) -> None:
    """Take the studies' results out of a preset's results where they rest on a stale run.

    Without the studies a run is brought up to date in minutes, and its book would show old studies
    beside new results. They are kept in ``results/stale/``.
    """
    # these import torch
    from rdfer.pipeline import steps
    from rdfer.studies.plan import expected_runs

    results = preset_dir(preset) / "results"
    there = [results / f"{name}.json" for name in (*STUDY_RESULTS, "claims")]
    there = [path for path in there if path.is_file()]
    if not there:
        return
    context = steps.begin(preset)
    try:
        steps.load(context)
    except UserError:
        return  # what runs rest on is being made anew; then it shows
    stale = [c for c in expected_runs(preset) if c.experiment in STUDIES and c.state() == "stale"]
    if not stale:
        return
    gone = {path.stem for path in there}
    drawn = [name for name, plan in FIGURES.items() if plan.needs in gone]
    pictures = (results / "figures" / f"{name}{end}" for name in drawn for end in (".svg", ".json"))
    for path in (*there, *(path for path in pictures if path.is_file())):
        target = results / "stale" / path.relative_to(results)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
    log(
        f"{results}: what rests on the studies is of other code or settings ({len(stale)} runs "
        "are stale); it is in stale/ now, and --studies all makes it anew"
    )
