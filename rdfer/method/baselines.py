"""Network baselines: other models of the same sequence of frames, in the long-term stream's place.

They see the same features of the same synopsis, standardised in the same way, and go through the
same loop and loss as the dual-stream network. Each is a sequence model, ``sequence`` of
:class:`~rdfer.method.network.DualStream`: instances ``[B, L, D]`` to
:class:`~rdfer.method.streams.StreamOutput`. In the experiments they stand alone, without a
short-term stream, so no frame is sampled again.
"""

from math import log
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn
from torchvision.models.video import R3D_18_Weights, r3d_18

from rdfer.base.errors import UserError
from rdfer.method.streams import GatedLSTM, SequenceModel, StreamOutput

LONGEST = 64  # synopsis frames that the transformer has positions for: all stored ones


class FrameAverage(SequenceModel):
    """A linear classifier of single frames; the prediction is its mean probability over frames.

    The order of frames does not matter to it, nor do ``hidden``, ``layers`` and ``heads``.
    """

    def __init__(self, **sizes: Any) -> None:
        """``dropout`` works on the features of a frame."""
        super().__init__(**sizes)
        self.num_features = self.in_features
        self.drop = nn.Dropout(self.dropout)
        self.fc = nn.Linear(self.in_features, self.num_classes)

    def forward(self, x: Tensor) -> StreamOutput:
        """``[B, L, D]``; the logits are the logarithms of the mean probabilities."""
        each = self.fc(self.drop(x))
        mean = each.log_softmax(-1).logsumexp(1) - log(x.shape[1])
        return StreamOutput(mean, each, x.mean(1))


class Recurrent(SequenceModel):
    """One plain LSTM over the frames, forward in time; its last state is classified.

    The field's CNN-LSTM baseline: no second direction, no attention, no pooling. Instances are
    its states at each frame; ``heads`` do not matter.
    """

    def __init__(self, **sizes: Any) -> None:
        """``2 * hidden`` units; ``dropout`` before the classifier and between layers."""
        super().__init__(**sizes)
        self.lstm = self.recurrent(self.width)
        self.drop = nn.Dropout(self.dropout)
        self.fc = nn.Linear(self.width, self.num_classes)

    def forward(self, x: Tensor) -> StreamOutput:
        """``[B, L, D]``."""
        states, _ = self.lstm(x)
        each = self.fc(self.drop(states))
        return StreamOutput(each[:, -1], each, states[:, -1])


class TemporalTransformer(SequenceModel):
    """A transformer encoder over the frames and a class token, which is classified.

    As the temporal part of Former-DFER (Zhao and Liu, ACM MM 2021): learnt positions, a class
    token in front, normalisation before each part. Sizes follow the settings; the linear map to
    H in front of it is OURS, since encoders differ in D.
    """

    def __init__(self, **sizes: Any) -> None:
        """``heads`` must divide H = ``2 * hidden``; ``dropout`` is that of every layer."""
        super().__init__(**sizes)
        width = self.width
        self.check_heads()
        self.embed = nn.Linear(self.in_features, width)
        self.token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, 1 + LONGEST, width))
        for parameter in (self.token, self.positions):
            nn.init.trunc_normal_(parameter, std=0.02)
        layer = nn.TransformerEncoderLayer(
            width,
            self.heads,
            dim_feedforward=2 * width,
            dropout=self.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, self.layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.fc = nn.Linear(width, self.num_classes)

    def forward(self, x: Tensor) -> StreamOutput:
        """``[B, L, D]``, L at most :data:`LONGEST`."""
        if x.shape[1] > LONGEST:
            raise UserError(f"frames = {x.shape[1]}: the transformer takes at most {LONGEST}")
        tokens = torch.cat([self.token.expand(len(x), -1, -1), self.embed(x)], 1)
        seen = self.encoder(tokens + self.positions[:, : tokens.shape[1]])
        both = self.fc(seen)
        return StreamOutput(both[:, 0], both[:, 1:], seen[:, 0])


# M3DFEL, the group's earlier network: a video as a bag of short clips, each seen by a 3D CNN.
#
#   16 synopsis frames -> 4 instances of 4 -> R3D-18 -> BiLSTM -> self-attention gate with a
#   normalisation over the bag and over each instance -> weighted sum of instances -> logits
#
# Source: Wang et al., CVPR 2023, from its description, none of its code. Instances, R3D-18, BiLSTM,
# multi-head self-attention and a normalisation that joins bag and instances are stated there. OURS:
# the exact form of the normalisation, the gate and the pooling, both as in GatedLSTM (they are what
# the precursor of the present paper has), and the standardised features, as for every network here.
# It has to be trained end to end, on frames.

INSTANCE_FRAMES = 4


class ClipEncoder(nn.Module):
    """R3D-18 over every 4 consecutive frames: ``[N, 3, H, W]`` to ``[N / 4, 512]``.

    Frames are consecutive in the synopsis, not in the video. Kinetics weights come with a mean
    and deviation of their own, close to ImageNet's, by which all inputs are normalised here.
    """

    clip_frames = INSTANCE_FRAMES

    def __init__(self, *, kinetics: bool = False) -> None:
        """Random weights (torch's global generator), or those of Kinetics-400, downloaded."""
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
        out: Tensor = self.model(rearrange(frames, "(n f) c h w -> n c f h w", f=self.clip_frames))
        return out


def create_clip_encoder(*, pretrained: str) -> tuple[nn.Module, int]:
    """The encoder of instances, of weights ``"none"`` or ``"kinetics"``, and its features' D."""
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
        bag = F.layer_norm(x, x.shape[1:])
        instance = F.layer_norm(x, x.shape[2:])
        return self.weight * (share * bag + (1 - share) * instance) + self.bias


class InstanceAggregation(GatedLSTM):
    """Instances of a bag to one prediction: a stream with :class:`BagNorm`."""

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**sizes)
        self.norm = BagNorm(self.num_features)
