import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rdfer.base.errors import UserError
from rdfer.data.task import no_part
from rdfer.metrics.recognition import uar
from rdfer.training.crossfit import part_of
from rdfer.training.device import denormals_as_zero
from rdfer.training.experiment import run_arrays
from rdfer.training.fit import first_stage, fit, initial_network
from rdfer.training.loop import Loop
from rdfer.training.prediction import predict_once
from rdfer.training.schedule import epoch_order, learning_rate
from tests.small import CLASSES, fit_interrupted, small_settings, small_task


def outputs(fitted, task, inputs, settings):
    return predict_once(fitted.model, inputs, task.test.videos, settings)[0]


def test_training_learns_what_the_features_hold():
    task, inputs = small_task(noise=0.0)
    settings = small_settings(training__epochs=30, training__lr=5e-3)
    fitted = fit(task, inputs, settings, seed=0)
    predicted = outputs(fitted, task, inputs, settings).argmax(1)
    assert (predicted == task.test.true).mean() > 3 / CLASSES
    assert fitted.history.train_loss[-1] < fitted.history.train_loss[0]


@pytest.mark.parametrize("choose", ["validation", "last"])
def test_the_test_part_is_never_looked_at_in_training(choose):
    task, inputs = small_task()
    settings = small_settings(agreement__noisy="soft", training__choose=choose)
    fit(task, inputs, settings, seed=0)
    assert inputs.seen.isdisjoint(task.test.videos.tolist())
    assert inputs.seen == {*task.train.videos.tolist(), *task.val.videos.tolist()}


def test_only_the_habit_of_choosing_on_the_test_part_looks_at_it():
    task, inputs = small_task()
    settings = small_settings(training__choose="test", training__epochs=6)
    fitted = fit(task, inputs, settings, seed=0)
    assert inputs.seen == {*task.train.videos.tolist(), *task.test.videos.tolist()}
    scores = fitted.history.val_uar
    assert fitted.epoch == len(scores) - scores[::-1].index(max(scores))
    predicted = outputs(fitted, task, inputs, settings).argmax(1)
    assert uar(task.test.true, predicted, classes=CLASSES) == max(scores)


def test_the_last_epoch_is_taken_whatever_the_validation_part_says():
    task, inputs = small_task()
    fits = {
        choose: fit(
            task, inputs, small_settings(training__choose=choose, training__epochs=6), seed=3
        )
        for choose in ("validation", "last")
    }
    # the training is the same: only the choice differs
    assert fits["last"].history == fits["validation"].history
    assert fits["last"].epoch == 6 != fits["validation"].epoch
    none = dataclasses.replace(task, val=no_part())
    settings = small_settings(training__choose="last", training__epochs=2, data__val_share=0)
    fitted = fit(none, inputs, settings, seed=2)
    assert fitted.epoch == 2 and fitted.history.val_uar == []


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    task, inputs = small_task()
    settings = small_settings(training__epochs=2, network__dropout=0.5)
    a, b, c = (
        outputs(fit(task, inputs, settings, seed=s), task, inputs, settings) for s in (3, 3, 4)
    )
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_no_global_random_state_is_touched():
    task, inputs = small_task()
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = torch.rand(3), np.random.rand(3)  # noqa: NPY002
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    fit(task, inputs, small_settings(training__epochs=1, network__dropout=0.5), seed=0)
    assert torch.equal(torch.rand(3), expected[0])
    np.testing.assert_array_equal(np.random.rand(3), expected[1])  # noqa: NPY002


def test_an_interrupted_run_resumes_to_the_same_result(tmp_path, monkeypatch):
    task, inputs = small_task()
    settings = small_settings(agreement__noisy="soft", network__dropout=0.5)
    whole = fit(task, inputs, settings, seed=1)
    asked = {"seed": 1, "checkpoint": tmp_path / "checkpoint.safetensors", "key": "k"}
    resumed = fit_interrupted(monkeypatch, task, inputs, settings, **asked)
    assert resumed.history == whole.history
    assert resumed.epoch == whole.epoch
    np.testing.assert_array_equal(resumed.treatment.weights, whole.treatment.weights)
    np.testing.assert_array_equal(
        outputs(resumed, task, inputs, settings), outputs(whole, task, inputs, settings)
    )


def test_the_state_of_the_chosen_epoch_is_returned_ties_to_the_later():
    task, inputs = small_task()
    fitted = fit(task, inputs, small_settings(), seed=0)
    scores = fitted.history.val_uar
    assert fitted.epoch == max(k + 1 for k, v in enumerate(scores) if v == max(scores))


def test_sweeps_do_not_change_a_run_that_does_nothing_about_them():
    task, inputs = small_task()
    often, never = small_settings(), small_settings(agreement__start=99)
    a = outputs(fit(task, inputs, often, seed=0), task, inputs, often)
    b = outputs(fit(task, inputs, never, seed=0), task, inputs, never)
    np.testing.assert_array_equal(a, b)


def test_the_cost_counts_training_threefold_and_sweeps_once():
    task, inputs = small_task()
    # 42 videos, 6 a class: given labels are topped up to the largest class
    plain = fit(task, inputs, small_settings(training__balanced=False), seed=0)
    treated = fit(
        task, inputs, small_settings(training__balanced=False, agreement__noisy="soft"), seed=0
    )
    assert plain.history.passes == 4 * 3 * 42
    assert treated.history.passes == plain.history.passes + 4 * 3 * 42  # 4 sweeps of 3 clips


def test_an_epoch_shows_every_sample_and_balances_the_classes():
    labels = np.array([0] * 10 + [1] * 3 + [2] * 7)
    order = epoch_order(labels, balanced=True, rng=np.random.default_rng(0))
    assert set(order) == set(range(20))
    assert np.bincount(labels[order]).tolist() == [10, 10, 10]
    plain = epoch_order(labels, balanced=False, rng=np.random.default_rng(0))
    assert sorted(plain) == list(range(20))


def test_training_leaves_the_arithmetic_of_others_alone():
    task, inputs = small_task()
    fit(task, inputs, small_settings(training__epochs=1), seed=0)
    assert np.float32(1e-40) * np.float32(1) > 0
    with denormals_as_zero():
        assert np.float32(1e-40) * np.float32(1) == 0
        with denormals_as_zero():
            pass
        assert np.float32(1e-40) * np.float32(1) == 0
    assert np.float32(1e-40) * np.float32(1) > 0


def test_the_learning_rate_warms_up_and_falls_as_a_cosine():
    settings = small_settings(training__epochs=10, training__warmup=2)
    rates = [learning_rate(settings, e) for e in (0, 1, 2, 6, 10)]
    t = settings.training
    assert rates[0] < rates[1] < rates[2] == t.lr
    assert rates[3] == pytest.approx((t.lr + t.lr_end) / 2)
    assert rates[4] == pytest.approx(t.lr_end)


@pytest.mark.parametrize("streams", ["both", "long", "short"])
def test_every_choice_of_streams_trains(streams):
    task, inputs = small_task()
    settings = small_settings(training__epochs=1, network__streams=streams)
    fitted = fit(task, inputs, settings, seed=0)
    probs, detail, _ = predict_once(fitted.model, inputs, task.test.videos, settings)
    np.testing.assert_allclose(probs.sum(1), 1, rtol=1e-5)
    assert (detail is None) == (streams == "long")


def anew(**changes):
    return small_settings(agreement__anew=True, **changes)


def test_a_second_network_learns_what_labels_are_worth_beside_the_first_ones_clips(monkeypatch):
    task, inputs = small_task()
    seen = []
    step = Loop.step

    def spy(self, rows):
        seen.append((self.settings.training.twin, self.treatment.targets.copy()))
        return step(self, rows)

    monkeypatch.setattr(Loop, "step", spy)
    fitted = fit(task, inputs, anew(), seed=0)
    assert {twin for twin, _ in seen} == {0, 1}
    labels = np.eye(CLASSES, dtype=np.float32)[task.train.given]
    assert all((targets == labels).all() for twin, targets in seen if twin == 0)
    # by hand: the mean over the first network's sweeps and clips, times what a label is worth
    q = np.mean([probs.mean(1) for probs in fitted.sweeps.clips], axis=0)
    expected = q * np.where(labels == 1, 0.8, 0.2 / (CLASSES - 1))
    expected /= expected.sum(1, keepdims=True)
    for _, targets in (pair for pair in seen if pair[0] == 1):
        np.testing.assert_allclose(targets, expected, atol=1e-5)
    rows = np.arange(len(labels))
    np.testing.assert_allclose(
        fitted.treatment.p_noisy, 1 - expected[rows, task.train.given], atol=1e-5
    )


def test_a_second_network_costs_a_second_training_and_no_sweeps():
    task, inputs = small_task()
    once = fit(task, inputs, small_settings(), seed=0)
    twice = fit(task, inputs, anew(), seed=0)
    sweeps = len(twice.sweeps.epochs) * 3 * len(task.train)
    assert twice.history.passes == 2 * once.history.passes + sweeps
    assert len(twice.history.memorised) == len(twice.sweeps.epochs) == 4


def test_the_first_of_two_networks_is_the_one_that_is_trained_alone():
    task, inputs = small_task()
    watched = fit(task, inputs, small_settings(agreement__watch="clips"), seed=0)
    twice = fit(task, inputs, anew(), seed=0)
    np.testing.assert_array_equal(watched.sweeps.clips, twice.sweeps.clips)


@pytest.mark.parametrize("epochs_before", [2, 6])
def test_an_interrupted_pair_of_networks_resumes_to_the_same_end(
    tmp_path, monkeypatch, epochs_before
):
    task, inputs = small_task()
    settings = anew(robust__elr=1.0)
    whole = fit(task, inputs, settings, seed=1)
    left, run_epoch = [epochs_before], Loop.run_epoch

    def interrupted(self):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        run_epoch(self)

    asked = {"seed": 1, "checkpoint": tmp_path / "checkpoint.safetensors", "key": "k"}
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "run_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit(task, inputs, settings, **asked)
    assert first_stage(asked["checkpoint"]).exists()
    resumed = fit(task, inputs, settings, **asked)
    assert resumed.history == whole.history and resumed.epoch == whole.epoch
    np.testing.assert_array_equal(
        outputs(resumed, task, inputs, settings), outputs(whole, task, inputs, settings)
    )


def test_the_last_epoch_needs_no_validation_part_of_every_class():
    task, inputs = small_task()
    lacking = dataclasses.replace(task, val=part_of(task.val, task.val.given != 0))
    fitted = fit(lacking, inputs, small_settings(training__choose="last"), seed=0)
    assert fitted.epoch == small_settings().training.epochs
    assert fitted.history.val_uar == []
    with pytest.raises(UserError, match="class"):
        fit(lacking, inputs, small_settings(), seed=0)


def test_the_learning_rate_falls_to_the_end_of_a_balanced_epoch():
    task, inputs = small_task()
    given = task.train.given.copy()
    given[: len(given) // 2] = 0  # half of all: the others are topped up
    unequal = dataclasses.replace(task, train=dataclasses.replace(task.train, given=given))
    loop = Loop(unequal, inputs, small_settings(), initial(task, inputs), seed=0)
    shares = [done for _, done in loop.batches()]
    steps = np.diff(shares)
    assert len(epoch_order(given, balanced=True, rng=np.random.default_rng(0))) > len(given)
    np.testing.assert_allclose(steps, steps[0])
    assert shares[0] == 0 and shares[-1] < 1


def initial(task, inputs):
    return initial_network(task, inputs, small_settings(), seed=0)


def test_recorded_predictions_say_the_same_class_as_the_network():
    task, inputs = small_task()
    fitted = fit(task, inputs, small_settings(), seed=0)
    probs = predict_once(fitted.model, inputs, task.test.videos, small_settings()).probs
    # two classes that half precision does not tell apart
    probs[0] = 0
    probs[0, :2] = np.float32([0.5 - 1e-5, 0.5 + 1e-5])
    unknown = SimpleNamespace(videos=[SimpleNamespace(truth=None)] * len(inputs.lengths))
    arrays = run_arrays(task, fitted, probs, unknown)
    assert arrays["test_probs"][0].argmax() == 1
