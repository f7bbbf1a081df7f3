"""Strata of the test videos that a claim is about, by what is known of them."""

import numpy as np
from numpy.typing import NDArray

from rdfer.base.errors import UserError
from rdfer.data.manifest import Manifest, Truth

STRONG = 700  # permille: strength of a distractor from which on it counts as strong
_THIRDS = {"short key": 0, "middle key": 1, "long key": 2}


def stratum(over: str, manifest: Manifest, videos: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the videos a stratum holds, bool ``[V]``.

    Args:
        over: ``test`` (all); ``short key``, ``middle key``, ``long key``: thirds by the length of
            the key segment, Neutral left out; ``strong distractor``: of strength 0.7 and more;
            ``no distractor``: shown expressions without one.
        manifest: rows with truth.
        videos: rows of it ``[V]``.

    Raises:
        UserError: no such stratum, or a video without truth.
    """
    if over == "test":
        return np.ones(len(videos), bool)
    truths = [_known(manifest, int(v)) for v in videos]
    shown = np.array([t.key is not None for t in truths])
    if over in _THIRDS:
        lengths = np.array([t.key[1] - t.key[0] if t.key else 0 for t in truths])
        # by rank, so that equal lengths do not make a third empty
        rank = np.full(len(truths), -1)
        order = np.argsort(lengths[shown], kind="stable")
        rank[np.flatnonzero(shown)[order]] = np.arange(shown.sum()) * 3 // max(shown.sum(), 1)
        return np.asarray(rank == _THIRDS[over])
    if over == "no distractor":
        return shown & np.array([t.distractor is None for t in truths])
    if over == "strong distractor":
        strengths = [dict(zip(t.reasons, t.strengths, strict=True)) for t in truths]
        return np.array([s.get("distractor", 0) >= STRONG for s in strengths])
    raise UserError(f"over = {over!r}: no such stratum of the test videos")


def _known(manifest: Manifest, video: int) -> Truth:
    truth = manifest.videos[video].truth
    if truth is None:
        raise UserError(f"video {manifest.videos[video].id!r}: nothing is known of its truth")
    return truth
