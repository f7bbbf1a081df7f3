"""Which cells a finished run of a preset has."""

from rdfer import road
from rdfer.errors import UserError
from rdfer.runs import Cell
from rdfer.variants import ABLATIONS, METHODS


def expected_cells(preset: str) -> list[Cell]:
    """Every cell of a preset's run, whether it is there or not.

    Raises:
        UserError: unknown preset.
    """
    context = road.begin(preset)
    try:
        _, _, data = road.load(context)
    except UserError:
        data = ""  # the data are not there yet, and so no cell either
    experiments = (
        ("train", METHODS, context.preset.seeds),
        ("ablate", ABLATIONS, context.preset.ablation_seeds),
    )
    return [
        road.cell_of(context, experiment, variant, seed=seed, data=data)
        for experiment, variants, seeds in experiments
        for variant in variants.values()
        for seed in seeds
    ]
