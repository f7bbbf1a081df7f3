"""Small stand-ins that tests share: videos as random features with a known expression in them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from rdfer.data.task import Part, Task
from rdfer.settings.schema import Settings, override
from rdfer.training.fit import Fitted, fit
from rdfer.training.loop import Loop

CLASSES, FRAMES, DIM = 7, 32, 12


class RandomInputs:
    """Features [V, T, D]: noise, and in some frames the prototype of the video's class."""

    def __init__(self, labels: NDArray[np.int64], *, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        prototypes = rng.normal(size=(CLASSES, DIM)) * 2
        values = rng.normal(size=(len(labels), FRAMES, DIM))
        for video, label in enumerate(labels):
            start = rng.integers(0, FRAMES // 2)
            values[video, start : start + FRAMES // 3] += prototypes[label]
        self.values = torch.from_numpy(values.astype(np.float32))
        self.lengths = np.full(len(labels), FRAMES, np.int64)
        self.dim: int | None = DIM
        self.seen: set[int] = set()

    def look(
        self, videos: NDArray[np.int64], generator: torch.Generator | None
    ) -> Callable[[NDArray[np.int64]], Tensor]:
        """As :class:`rdfer.data.inputs.Inputs`; also remembers which videos were looked at."""
        self.seen.update(int(v) for v in videos)

        def take(frames: NDArray[np.int64]) -> Tensor:
            rows = torch.as_tensor(videos).view(-1, *[1] * (frames.ndim - 1))
            return self.values[rows, torch.as_tensor(frames)]

        return take

    def augmented(
        self, videos: NDArray[np.int64], number: int, generator: torch.Generator
    ) -> Callable[[NDArray[np.int64]], Tensor]:
        """There is no augmentation of random numbers: the videos as they are."""
        return self.look(videos, generator)


def small_settings(**changes: object) -> Settings:
    """Settings of a network that trains in a second; dots in names are written as ``__``."""
    base = {
        "data.frames": FRAMES,
        "network.hidden": 8,
        "network.heads": 2,
        "training.epochs": 4,
        "training.warmup": 1,
        "training.batch": 16,
        "training.checkpoint": 1,
        "agreement.clips": 3,
        "agreement.start": 1,
        "agreement.every": 1,
    }
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    return override(Settings(), {**base, **dotted})


def small_task(*, noise: float = 0.2, seed: int = 0) -> tuple[Task, RandomInputs]:
    """42 training, 21 validation and 21 test videos with symmetric noise in the first two."""
    labels = np.arange(84) % CLASSES
    rng = np.random.default_rng(seed)
    parts = []
    for rows, rate in ((np.arange(42), noise), (np.arange(42, 63), noise), (np.arange(63, 84), 0)):
        true = labels[rows]
        given = true.copy()
        flipped = rng.permutation(len(rows))[: round(rate * len(rows))]
        given[flipped] = (given[flipped] + rng.integers(1, CLASSES, len(flipped))) % CLASSES
        parts.append(Part(videos=rows, true=true, given=given))
    return Task(*parts, classes=CLASSES), RandomInputs(labels, seed=seed)


def fit_interrupted(
    monkeypatch: pytest.MonkeyPatch, task: Task, inputs: RandomInputs, settings: Settings, **asked
) -> Fitted:
    """As :func:`rdfer.training.fit.fit`, interrupted after two epochs and then resumed."""
    run_epoch = Loop.run_epoch

    def interrupted(loop: Loop) -> None:
        if loop.epoch == 2:
            raise KeyboardInterrupt
        run_epoch(loop)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "run_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit(task, inputs, settings, **asked)
    return fit(task, inputs, settings, **asked)
