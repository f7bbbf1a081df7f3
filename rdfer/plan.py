"""Which cells a finished run of a preset has: those of its studies once one of them was begun."""

from rdfer import road
from rdfer.errors import UserError
from rdfer.runs import Cell
from rdfer.studies import STUDIES, cells_of
from rdfer.variants import ablations


def expected_cells(preset: str) -> list[Cell]:
    """Every cell of a preset's run, whether it is there or not.

    Raises:
        UserError: unknown preset, or one of a real data set of which the run has not noted where
            it lies.
    """
    whole = road.begin(preset)
    cells = []
    for context in [whole.of_fold(fold) for fold in whole.folds] or [whole]:
        try:
            _, _, data = road.load(context)
        except UserError:
            data = ""  # the data are not there yet, and so no cell either
        experiments = (
            ("train", road.methods(context), context.preset.seeds),
            ("ablate", ablations(context.settings), context.preset.ablation_seeds),
        )
        cells += [
            road.cell_of(context, experiment, variant, seed=seed, data=data)
            for experiment, variants, seeds in experiments
            for variant in variants.values()
            for seed in seeds
        ]
        cells += [
            road.cell_of(context, study, variant, seed=seed, data=data)
            for study in STUDIES
            if (context.run / "cells" / study).is_dir()
            for seed in context.preset.study_seeds
            for variant in cells_of(study, context.preset, seed)
        ]
    return cells
