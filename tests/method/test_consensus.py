"""The consensus of clips and the pull toward it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.method.losses import consensus_loss
from rdfer.method.treatment import consensus


def test_of_one_sweep_is_that_sweep():
    mean = np.float32([[0.2, 0.8], [0.5, 0.5]])
    np.testing.assert_array_equal(consensus([mean], memory=0.5), mean)


@given(st.integers(1, 6), st.floats(0, 0.99), st.integers(0, 1000))
def test_is_a_weighted_mean_in_which_later_sweeps_count_by_one_minus_memory(n, memory, seed):
    means = list(np.random.default_rng(seed).dirichlet(np.ones(4), (n, 3)).astype(np.float32))
    weights = [(1 - memory) * memory ** (n - 1 - k) if k else memory ** (n - 1) for k in range(n)]
    assert math.isclose(sum(weights), 1, rel_tol=1e-9)
    expected = sum(w * m.astype(np.float64) for w, m in zip(weights, means, strict=True))
    np.testing.assert_allclose(consensus(means, memory=memory), expected, atol=1e-6)


def test_refuses_nothing_and_a_memory_that_forgets_all_new():
    with pytest.raises(UserError, match="at least one sweep"):
        consensus([], memory=0.5)
    with pytest.raises(UserError, match=r"memory = 1.0: must lie in \[0, 1\)"):
        consensus([np.ones((1, 1), np.float32)], memory=1.0)


def test_loss_of_a_case_by_hand():
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])  # p = (3/4, 1/4), (1/2, 1/2)
    q = torch.tensor([[0.8, 0.2], [1.0, 0.0]])  # <p, q> = 0.65, 0.5
    expected = (math.log(0.35) + math.log(0.5)) / 2
    assert float(consensus_loss(logits, q)) == pytest.approx(expected)


def test_gradient_is_the_one_of_the_derivation():
    torch.manual_seed(0)
    logits = torch.randn(5, 7, dtype=torch.float64).float().requires_grad_()
    q = torch.randn(5, 7).softmax(-1)
    consensus_loss(logits, q).backward()
    p = logits.detach().softmax(-1)
    likeness = (p * q).sum(-1, keepdim=True)
    expected = -p * (q - likeness) / (1 - likeness) / len(q)
    torch.testing.assert_close(logits.grad, expected)


def test_clips_that_do_not_agree_do_not_pull():
    logits = torch.randn(4, 7, generator=torch.Generator().manual_seed(0)).requires_grad_()
    consensus_loss(logits, torch.full((4, 7), 1 / 7)).backward()
    torch.testing.assert_close(logits.grad, torch.zeros(4, 7), atol=1e-7, rtol=0)


def test_a_certain_prediction_that_is_the_consensus_stays_finite():
    loss = consensus_loss(torch.tensor([[200.0, 0.0]]), torch.tensor([[1.0, 0.0]]))
    assert torch.isfinite(loss)
