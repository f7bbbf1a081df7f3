"""Which runs a finished preset has: those of its studies once one of them was begun."""

from rdfer.base.errors import UserError
from rdfer.pipeline import steps
from rdfer.pipeline.runs import TRAINED, Run
from rdfer.settings.variants import ablations
from rdfer.studies.design import STUDIES, runs_of


def expected_runs(preset: str) -> list[Run]:
    """Every run of a preset, whether it is there or not.

    Raises:
        UserError: unknown preset, or one of a real data set of which the run has not noted where
            it lies.
    """
    whole = steps.begin(preset)
    runs = []
    for context in [whole.of_fold(fold) for fold in whole.folds] or [whole]:
        try:
            _, _, data = steps.load(context)
        except UserError:
            data = ""  # the data are not there yet, and so no run either
        experiments = (
            ("train", steps.methods(context), context.preset.seeds),
            ("ablate", ablations(context.settings), context.preset.ablation_seeds),
        )
        runs += [
            steps.run_of(context, experiment, variant, seed=seed, data=data)
            for experiment, variants, seeds in experiments
            for variant in variants.values()
            for seed in seeds
        ]
        runs += [
            steps.run_of(context, study, variant, seed=seed, data=data)
            for study in STUDIES
            if (context.folder / TRAINED / study).is_dir()
            for seed in context.preset.study_seeds
            for variant in runs_of(study, context.preset, seed)
        ]
    return runs
