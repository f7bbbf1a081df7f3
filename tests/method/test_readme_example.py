"""The README's training loop, run as it stands there on a few small videos."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import rdfer

ROOT = Path(__file__).resolve().parents[2]


def example() -> str:
    (block, *_) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    return block


def test_the_readmes_loop_trains_and_sweeps() -> None:
    names: dict[str, object] = {}
    exec(example(), names)
    rng = np.random.default_rng(0)
    given = np.arange(12) % 3
    # each class has a colour of its own, so that there is something to learn
    frames = rng.integers(0, 90, (12, 16, 24, 24, 3), dtype=np.uint8)
    frames[np.arange(12), ..., given] += 150
    given[0] = 1  # and one label is wrong
    torch.manual_seed(0)
    colours = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(1))  # any module is an encoder
    network = names["train"](frames, given, colours, 3, 3, size=24, epochs=12, batch=6, lr=1e-2)
    seen = rdfer.evaluate(torch.from_numpy(frames), size=24)
    with torch.no_grad():
        out = network.eval()(seen, rdfer.synopsis([16] * 12))
    assert out.detail.shape == (12, 3, 4)  # as many key clips as classes, 4 where there are more
    assert rdfer.war(np.arange(12) % 3, out.logits.argmax(1)) > 0.5


def test_it_is_about_25_lines() -> None:
    body = example().split('wrong."""')[1].split("# train(")[0]
    code = [line for line in body.splitlines() if line.strip() and line.strip()[0] != "#"]
    assert len(code) <= 27


@pytest.mark.parametrize("word", ["agreement_clips", "synopsis", "vote", "treat", "stream_loss"])
def test_it_shows_the_method(word: str) -> None:
    assert f"rdfer.{word}(" in example()
