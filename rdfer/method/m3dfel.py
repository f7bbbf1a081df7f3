"""M3DFEL, the group's earlier network: a video as a bag of short clips, each seen by a 3D CNN.

    16 synopsis frames -> 4 instances of 4 -> R3D-18 -> BiLSTM -> self-attention gate with a
    normalisation over the bag and over each instance -> weighted sum of instances -> logits

Source: Wang et al., CVPR 2023, from its description, none of its code. Instances, R3D-18, BiLSTM,
multi-head self-attention and a normalisation that joins bag and instances are stated there. OURS:
the exact form of the normalisation, the gate and the pooling, both as in
:class:`~rdfer.method.streams.Stream` (they are what the precursor of the present paper has), and
the standardised features, as for every network here. It has to be trained end to end, on frames.
"""

from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.video import R3D_18_Weights, r3d_18

from rdfer.base.errors import UserError
from rdfer.method.streams import Stream

INSTANCE_FRAMES = 4


class ClipEncoder(nn.Module):
    """R3D-18 over every 4 consecutive frames: ``[N, 3, H, W]`` to ``[N / 4, 512]``.

    Frames are consecutive in the synopsis, not in the video. Kinetics weights come with a mean
    and deviation of their own, close to ImageNet's, by which all inputs are normalised here.
    """

    clip_frames = INSTANCE_FRAMES

    def __init__(self, *, kinetics: bool = False) -> None:
        """Random weights (torch's global generator), or those of Kinetics-400, downloaded.

        Raises:
            UserError: the weights cannot be had.
        """
        super().__init__()
        try:
            model = r3d_18(weights=R3D_18_Weights.KINETICS400_V1 if kinetics else None)
        except (OSError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(
                f"pretrained = 'kinetics': cannot get the weights of r3d_18 ({reason})"
            ) from error
        self.num_features: int = model.fc.in_features
        model.fc = nn.Identity()
        self.model: nn.Module = model

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        clips = rearrange(frames, "(n f) c h w -> n c f h w", f=self.clip_frames)
        out: Tensor = self.model(clips)
        return out


def create_clip_encoder(*, pretrained: str) -> tuple[nn.Module, int]:
    """The encoder of instances and its number of features.

    Args:
        pretrained: ``"none"`` or ``"kinetics"``.

    Raises:
        UserError: other weights, or weights that cannot be had.
    """
    if pretrained not in ("none", "kinetics"):
        raise UserError(f"pretrained = {pretrained!r}: m3dfel has 'none' or 'kinetics'")
    encoder = ClipEncoder(kinetics=pretrained == "kinetics")
    return encoder, encoder.num_features


class BagNorm(nn.Module):
    """Normalisation over each instance and over the whole bag, in a proportion that is learnt.

        y = g (r n_bag(x) + (1 - r) n_instance(x)) + b,   r = sigmoid(m)

    g, b and m have one value a channel. ``n_instance`` takes mean and variance of each instance
    and so forgets how instances differ in size; ``n_bag`` takes them over all instances of a
    video and keeps it. OURS, for the paper's dynamic multi-instance normalisation.
    """

    def __init__(self, features: int) -> None:
        """For ``features`` channels; both in equal parts at first."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.mix = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, L, H] -> [B, L, H]``."""
        share = torch.sigmoid(self.mix)
        bag = functional.layer_norm(x, x.shape[1:])
        instance = functional.layer_norm(x, x.shape[2:])
        out: Tensor = self.weight * (share * bag + (1 - share) * instance) + self.bias
        return out


class InstanceAggregation(Stream):
    """Instances of a bag to one prediction: a stream with :class:`BagNorm`.

    Takes the sizes of :class:`~rdfer.method.streams.Stream`.
    """

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**sizes)
        self.norm = BagNorm(self.num_features)
