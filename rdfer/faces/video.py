"""From a sample to its frames."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rdfer.base.codehash import code_hash
from rdfer.faces.degrade import apply
from rdfer.faces.identity import make_identity
from rdfer.faces.render import Renderer, make_light
from rdfer.faces.sample import Sample
from rdfer.faces.tracks import tracks

Frames = NDArray[np.uint8]

_renderer = lru_cache(maxsize=2)(Renderer)
# a person comes back in several videos; each takes 1.5 MB
_person = lru_cache(maxsize=512)(make_identity)


def render_sample(sample: Sample, size: int) -> Frames:
    """Draw a video.

    Args:
        sample: what happens.
        size: side of the square frames in pixels, 16 to 512.

    Returns:
        uint8 RGB [T, size, size, 3]; the same on every call on one machine.

    Raises:
        UserError: ``size`` is out of range.
    """
    weights, pose = tracks(sample)
    light = make_light(sample.light)
    frames = _renderer(size).render(_person(sample.identity), weights, pose, light)
    return apply(frames, sample)


@dataclass(frozen=True)
class FaceSource:
    """A synthetic video as a source of a frame bank; it travels to worker processes."""

    sample: Sample

    @property
    def id(self) -> str:
        """The sample's id."""
        return self.sample.id

    @property
    def key(self) -> str:
        """Changes with the sample and with any code that draws it."""
        return hashlib.sha256(f"{self.sample!r} {generator_hash()}".encode()).hexdigest()

    def load(self, size: int, frames: int) -> Frames:
        """All its frames, uint8 [T, size, size, 3], however many are kept."""
        return render_sample(self.sample, size)


@lru_cache(maxsize=1)
def generator_hash() -> str:
    """Hash of the code that draws pictures, and of the head that it draws."""
    return code_hash(("rdfer.faces.video.render_sample",))
