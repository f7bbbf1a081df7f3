"""Facts about the benchmark itself, measured on the videos of a run."""

from typing import Any

from rdfer.faces import framebag, oracle
from rdfer.faces.sample import Sample


def benchmark_facts(samples: tuple[Sample, ...], *, limit: int = 2000) -> dict[str, Any]:
    """What the oracle and an order-free classifier reach on the true tracks, and the counts.

    The oracle knows the blendshape tracks over time; the frame bag knows the same tracks without
    the order of frames, and learns from the training part. Both are scored on the test part.

    Args:
        samples: every sample of a run.
        limit: at most so many training samples for the frame bag.
    """
    parts = {s: tuple(x for x in samples if x.split == s) for s in ("train", "val", "test")}
    test = parts["test"]
    return {
        "oracle": oracle.accuracy(test),
        "frame_bag": framebag.accuracy(parts["train"][:limit], test),
        "counts": {name: len(part) for name, part in parts.items()},
        "identities": {
            name: len({sample.identity for sample in part}) for name, part in parts.items()
        },
        "hard": sum(sample.hard for sample in samples) / len(samples),
        "ambiguous": sum(sample.ambiguous for sample in samples) / len(samples),
    }
