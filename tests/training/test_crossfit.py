import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.training import crossfit
from rdfer.training.crossfit import folds_of, out_of_fold
from tests.small import small_settings, small_task


def test_every_video_is_in_one_fold_and_classes_are_spread():
    given = np.repeat(np.arange(3), 10)
    fold = folds_of(given, 5, seed=0)
    assert np.bincount(fold).tolist() == [6] * 5
    assert all(np.bincount(fold[given == c], minlength=5).tolist() == [2] * 5 for c in range(3))
    np.testing.assert_array_equal(fold, folds_of(given, 5, seed=0))
    assert (fold != folds_of(given, 5, seed=1)).any()


@pytest.mark.parametrize("folds", [1, 11])
def test_too_few_and_too_many_folds_are_refused(folds):
    with pytest.raises(UserError, match=f"folds = {folds}: must be 2 to 10"):
        folds_of(np.repeat(np.arange(3), 10), folds, seed=0)


def test_no_video_is_predicted_by_a_network_that_saw_it(monkeypatch):
    task, inputs = small_task()
    trained, fit = [], crossfit.fit

    def watched(some, *args, **kwargs):
        trained.append(set(some.train.videos.tolist()))
        return fit(some, *args, **kwargs)

    predicted, sweep = [], crossfit.sweep

    def asked(model, inputs, part, *rest):
        predicted.append(set(part.videos.tolist()))
        return sweep(model, inputs, part, *rest)

    monkeypatch.setattr(crossfit, "fit", watched)
    monkeypatch.setattr(crossfit, "sweep", asked)
    settings = small_settings(training__epochs=1)
    probs = out_of_fold(task, inputs, settings, seed=0, folds=2)
    assert probs.shape == (len(task.train), settings.agreement.clips, task.classes)
    np.testing.assert_allclose(probs.sum(-1), 1, rtol=1e-5)
    assert all(a.isdisjoint(b) for a, b in zip(trained, predicted, strict=True))
    assert set().union(*predicted) == set(task.train.videos.tolist())
