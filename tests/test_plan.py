from collections import Counter

import pytest

from rdfer.errors import UserError
from rdfer.plan import expected_cells
from rdfer.presets import PRESETS
from rdfer.variants import ABLATIONS, METHODS


def test_a_run_that_has_not_begun_expects_every_cell(project):
    cells = expected_cells("smoke")
    preset = PRESETS["smoke"]
    assert Counter(cell.experiment for cell in cells) == {
        "train": len(METHODS) * len(preset.seeds),
        "ablate": len(ABLATIONS) * len(preset.ablation_seeds),
    }
    assert {cell.run for cell in cells} == {project / "runs" / "smoke"}
    assert {cell.state() for cell in cells} == {"missing"}
    assert len({cell.path for cell in cells}) == len(cells)


def test_an_unknown_preset_is_refused(project):
    with pytest.raises(UserError, match="preset = 'nano'"):
        expected_cells("nano")
