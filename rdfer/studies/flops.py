"""What it costs to recognise one clip: operations of the network that a run's settings describe.

One operation (1e-9 GFLOPs) is a multiplication with its addition, as programs that count for papers
mostly have it: torch counts two, so its number is halved. Counted are convolutions and matrix
products, which are nearly all of the work; not normalisation, activations, sums.

The clip is the one that a test video is predicted by: the frames of the synopsis and those of the
detail clips, each encoded once where it stands. A frozen encoder is counted too, though a run takes
its features from a cache: whoever recognises a new video has no cache.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from rdfer.data.inputs import input_size
from rdfer.method.network import DualStream
from rdfer.settings.schema import Data, Sampling, Settings
from rdfer.training.prediction import build_network

#: torch counts a multiplication and its addition apart.
TORCH_COUNTS = 2


@dataclass(frozen=True)
class ClipCost:
    """What the network sees of a video, and what that costs.

    Attributes:
        frames: that are encoded.
        size: their side in pixels.
        gflops: 1e9 operations a video, to four digits.
    """

    frames: int
    size: int
    gflops: float


def clip_cost(settings: Settings, *, classes: int) -> ClipCost:
    """The cost of one deterministic test clip; nothing is downloaded, and no draw is disturbed.

    Args:
        settings: of the run; of them the network, the clips and the size matter.
        classes: C.

    Raises:
        UserError: as :func:`rdfer.training.prediction.build_network`.
    """
    # of what else a method differs in nothing costs anything here
    bare = Settings(
        data=Data(size=settings.data.size, frames=settings.data.frames),
        # what the weights are does not change how many operations they take part in
        network=settings.network.model_copy(update={"pretrained": "none"}),
        sampling=settings.sampling,
    )
    return _clip_cost(bare, classes)


@cache
def _clip_cost(bare: Settings, classes: int) -> ClipCost:
    size = input_size(bare)
    with torch.random.fork_rng(devices=[]):
        network = build_network(bare, classes=classes, in_features=None)
    clips = bare.sampling
    counted = operations(network, clips, size=size)
    frames = clips.clip_frames if network.long_term is not None else 0
    frames += clips.keys * clips.key_frames if network.short_term is not None else 0
    return ClipCost(frames, size, float(f"{counted / 1e9:.4g}"))


def operations(network: DualStream, clips: Sampling, *, size: int) -> int:
    """Multiplications with their addition for one video; the network is moved off its device.

    Args:
        network: with its encoder.
        clips: L frames of the synopsis, K detail clips of F frames.
        size: side of a frame in pixels.
    """
    # on the "meta" device shapes alone are computed, and every product is one that torch counts:
    # elsewhere whole LSTMs are one step that it does not know
    network = network.to("meta").eval()
    shape = (3, size, size)
    synopsis = torch.zeros(1, clips.clip_frames, *shape, device="meta")
    detail = torch.zeros(1, clips.keys, clips.key_frames, *shape, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        # as a forward pass, but for the choice of key frames: it needs values, and costs nothing
        context = None
        if network.long_term is not None:
            context = network.forward_long(network.encode(synopsis)).features
        if network.short_term is not None:
            network.forward_short(network.encode(detail, stream="short"), context)
    return int(counter.get_total_flops()) // TORCH_COUNTS
