import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.method.losses import PredictionMemory, small_losses
from rdfer.settings.schema import Settings, override
from rdfer.training.fit import fit
from rdfer.training.schedule import forget_share
from tests.small import fit_interrupted, small_settings, small_task


@given(
    losses=st.lists(st.floats(0, 10), min_size=1, max_size=20, unique=True),
    share=st.floats(0, 0.99),
)
def test_the_highest_losses_are_left_out_and_at_least_one_is_kept(losses, share):
    mask = small_losses(torch.tensor(losses, dtype=torch.float64), share).numpy()
    count = min(int(np.floor(share * len(losses))), len(losses) - 1)
    order = np.argsort(losses)
    assert mask.sum() == len(losses) - count >= 1
    np.testing.assert_array_equal(
        np.sort(np.flatnonzero(mask == 0)), np.sort(order[len(order) - count :])
    )


def test_the_share_rises_to_the_told_rate_and_stays():
    settings = override(Settings(), {"robust.forget": 1.5, "noise.rate": 0.2})
    shares = [forget_share(settings, t) for t in range(30)]
    assert shares[0] == 0 and shares == sorted(shares)
    assert shares[10:] == pytest.approx([0.3] * 20)
    assert forget_share(override(Settings(), {"noise.rate": 0.4}), 20) == 0


def test_the_memory_is_the_exponential_mean_of_what_was_said():
    memory = PredictionMemory(3, 2, beta=0.7)
    first, second = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    memory.update(np.array([1]), first)
    got = memory.update(np.array([1]), second)
    expected = 0.7 * 0.3 * first.softmax(-1) + 0.3 * second.softmax(-1)
    torch.testing.assert_close(got, expected)
    assert memory.values[[0, 2]].abs().sum() == 0


@pytest.mark.parametrize(
    "changes",
    [{"robust__forget": 1.0, "robust__forget_epochs": 1}, {"robust__elr": 3.0}],
    ids=["small-loss", "elr"],
)
def test_every_rival_changes_training_and_resumes_to_the_same(changes, tmp_path, monkeypatch):
    task, inputs = small_task()
    plain = fit(task, inputs, small_settings(), seed=0)
    settings = small_settings(**changes)
    whole = fit(task, inputs, settings, seed=0)
    assert whole.history.train_loss != plain.history.train_loss
    asked = {"seed": 0, "checkpoint": tmp_path / "checkpoint.safetensors", "key": "k"}
    again = fit_interrupted(monkeypatch, task, inputs, settings, **asked)
    assert again.history == whole.history


def test_a_twin_learns_the_same_task_with_other_weights():
    task, inputs = small_task()
    one, two = (fit(task, inputs, small_settings(training__twin=t), seed=0) for t in (0, 1))
    assert one.history.train_loss != two.history.train_loss


def test_watching_in_all_views_needs_dropout_and_changes_nothing():
    with pytest.raises(UserError, match=r"network\.dropout"):
        override(Settings(), {"agreement.watch": "views"})
    task, inputs = small_task()
    dropout = {"network__dropout": 0.2}
    unseen = fit(task, inputs, small_settings(**dropout), seed=0)
    seen = fit(task, inputs, small_settings(**dropout, agreement__watch="views"), seed=0)
    assert seen.history.train_loss == unseen.history.train_loss
    assert seen.history.passes == unseen.history.passes


def test_all_views_of_every_training_video_are_kept():
    task, inputs = small_task()
    settings = small_settings(agreement__watch="views", network__dropout=0.5)
    arrays = fit(task, inputs, settings, seed=0).sweeps.arrays()
    videos, epochs = len(task.train), settings.training.epochs
    shape = (epochs, videos, settings.agreement.clips, task.classes)
    assert {arrays[f"sweep_{name}"].shape for name in ("clips", "augmented", "dropout")} == {shape}
    assert arrays["sweep_logits"].shape == (epochs, videos, task.classes)
    # passes with dropout differ, and so do clips; random features have no augmentation
    for name in ("clips", "dropout"):
        assert np.ptp(arrays[f"sweep_{name}"], axis=2).max() > 1e-3
    # a last batch of one sample is left out, so one video may have nothing said of it yet
    assert ((arrays["sweep_logits"] != 0).any(2).sum(1) >= videos - 1).all()
