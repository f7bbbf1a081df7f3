"""The example of the page "Change it": a new row of the ablation and a new score."""

import re
from pathlib import Path

import numpy as np
import pytest

from rdfer.base.codehash import PACKAGE
from rdfer.method import agreement
from rdfer.method.agreement import check_probs
from rdfer.settings import variants
from rdfer.settings.variants import ablations, variant_settings
from rdfer.studies import suspicion
from rdfer.training.fit import fit
from rdfer.training.prediction import predict_once
from tests.small import small_settings, small_task

PAGE = (PACKAGE.parent / "book" / "change_it.md").read_text(encoding="utf-8")
_, ROW, SCORE = re.findall(r" *```python\n(.*?)```", PAGE, re.S)


@pytest.fixture
def changed(monkeypatch):
    """The package with the lines of the page."""
    row = eval(ROW, vars(variants))
    monkeypatch.setattr(variants, "ABLATIONS", {**variants.ABLATIONS, row.name: row})
    function, entry = SCORE.split("\n\n")
    names = {"check_probs": check_probs}
    exec(function, names)
    monkeypatch.setattr(agreement, "spread", names["spread"], raising=False)
    scores = eval("{" + entry + "}", {**vars(suspicion), "agreement": agreement})
    monkeypatch.setattr(suspicion, "SCORES", {**suspicion.SCORES, **scores})
    return row


def test_the_new_row_trains_and_the_new_score_is_judged(changed):
    settings = small_settings(agreement__watch="clips")
    assert ablations(settings)["two-keys"].title == "two detail clips"
    chosen = variant_settings(changed, settings)
    assert chosen.sampling.keys == 2
    task, inputs = small_task()
    fitted = fit(task, inputs, chosen, seed=0)
    seen = predict_once(fitted.model, inputs, task.test.videos, chosen)
    assert seen.detail.shape[1] == 2
    clips = fitted.sweeps.arrays()
    arrays = {"train_given": task.train.given, **clips}
    found = suspicion.suspicion_scores(arrays)["spread"]
    np.testing.assert_allclose(found, clips["sweep_clips"][-1].std(1).max(1), rtol=1e-5)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(rdfer/[\w/]+(?:\.py)?/?)`", PAGE))))
def test_every_file_that_the_page_names_is_there(path):
    assert (PACKAGE.parent / path).exists()


def test_the_ways_through_the_code_name_files_that_are_there_and_are_short():
    clip, probability = (
        re.findall(r"`([a-z]+/[a-z_]+\.py)`", part)
        for part in re.findall(r"\*\*A (?:clip|probability).*?(?:Twelve|Seven) files\.", PAGE, re.S)
    )
    assert all((PACKAGE / name).is_file() for name in (*clip, *probability))
    assert len(set(clip)) <= 12 and len(set(probability)) <= 7


def test_the_page_is_in_the_book():
    assert "change_it" in (Path(PACKAGE).parent / "_toc.yml").read_text()
