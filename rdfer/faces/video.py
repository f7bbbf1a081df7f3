"""From a sample to its frames."""

import ast
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rdfer.faces.degrade import apply
from rdfer.faces.dynamics import tracks
from rdfer.faces.head import HEAD_FILE
from rdfer.faces.identity import Identity, make_identity
from rdfer.faces.render import Renderer, make_light
from rdfer.faces.sample import Sample

Frames = NDArray[np.uint8]

#: Modules that draw no pixel: they decide on samples, which have their own part in a key, or
#: come after the pictures.
_NOT_DRAWING = frozenset(
    "blendshapes build_head export facts factors framebag oracle pretrain pretrain_faces"
    " scenario sheet still_classes timing truth whitening".split()
)


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

    def load(self, size: int) -> Frames:
        """The frames, uint8 [T, size, size, 3]."""
        return render_sample(self.sample, size)


@lru_cache(maxsize=1)
def generator_hash() -> str:
    """Hash of the head and of the package's code that makes pictures, comments left out."""
    digest = hashlib.sha256(HEAD_FILE.read_bytes())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem in _NOT_DRAWING:
            continue
        digest.update(file.name.encode())
        # the text that Python would print for the parsed code: no comments, no layout
        digest.update(ast.unparse(_without_docstrings(file.read_text("utf-8"))).encode())
    return digest.hexdigest()


def _without_docstrings(text: str) -> ast.Module:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return tree


@lru_cache(maxsize=2)
def _renderer(size: int) -> Renderer:
    return Renderer(size)


@lru_cache(maxsize=512)  # 1.5 MB each: a person comes back in several videos
def _person(identity: int) -> Identity:
    return make_identity(identity)
