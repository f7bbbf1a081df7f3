"""Network baselines: other models of the same sequence of frames, in the long-term stream's place.

They see the same features of the same synopsis, standardised in the same way, and go through the
same loop and loss as the dual-stream network; they have no second stream, so no frame is sampled
again. Each is a sequence model: instances ``[B, L, D]`` to
:class:`~rdfer.method.streams.StreamOutput`.

Shapes: B videos, L synopsis frames, D features, C classes, H = 2 x hidden, the width of the
long-term stream's own instances.
"""

from math import log

import torch
from torch import Tensor, nn

from rdfer.base.errors import UserError
from rdfer.method.streams import SequenceModel, StreamOutput

LONGEST = 64  # synopsis frames that the transformer has positions for: all stored ones


class FrameAverage(SequenceModel):
    """A linear classifier of single frames; the prediction is its mean probability over frames.

    The order of frames does not matter to it. ``hidden``, ``layers`` and ``heads`` have no part
    in it and are not looked at.
    """

    def __init__(
        self,
        *,
        in_features: int,
        num_classes: int,
        hidden: int = 512,
        layers: int = 2,
        heads: int = 8,
        dropout: float = 0.0,
    ) -> None:
        """``dropout`` works on the features of a frame."""
        super().__init__()
        self.num_features, self.num_classes = in_features, num_classes
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(in_features, num_classes)

    def forward(self, x: Tensor) -> StreamOutput:
        """``[B, L, D]``; the logits are the logarithms of the mean probabilities."""
        each = self.fc(self.drop(x))
        mean = each.log_softmax(-1).logsumexp(1) - log(x.shape[1])
        return StreamOutput(mean, each, x.mean(1))


class Recurrent(SequenceModel):
    """One plain LSTM over the frames, forward in time; its last state is classified.

    The field's CNN-LSTM baseline: no second direction, no attention, no pooling. Instances are
    its states at each frame. ``heads`` has no part in it and is not looked at.
    """

    def __init__(
        self,
        *,
        in_features: int,
        num_classes: int,
        hidden: int = 512,
        layers: int = 2,
        heads: int = 8,
        dropout: float = 0.0,
    ) -> None:
        """``2 * hidden`` units; ``dropout`` before the classifier and between layers."""
        super().__init__()
        width = 2 * hidden
        self.num_features, self.num_classes = width, num_classes
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(in_features, width, layers, batch_first=True, dropout=between)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(width, num_classes)

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

    def __init__(
        self,
        *,
        in_features: int,
        num_classes: int,
        hidden: int = 512,
        layers: int = 2,
        heads: int = 8,
        dropout: float = 0.0,
    ) -> None:
        """``heads`` must divide H = ``2 * hidden``; ``dropout`` is that of every layer."""
        super().__init__()
        width = 2 * hidden
        if width % heads:
            raise UserError(f"heads = {heads}: must divide 2 x hidden = {width}")
        self.num_features, self.num_classes = width, num_classes
        self.embed = nn.Linear(in_features, width)
        self.token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, 1 + LONGEST, width))
        for parameter in (self.token, self.positions):
            nn.init.trunc_normal_(parameter, std=0.02)
        layer = nn.TransformerEncoderLayer(
            width,
            heads,
            dim_feedforward=2 * width,
            dropout=dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.fc = nn.Linear(width, num_classes)

    def forward(self, x: Tensor) -> StreamOutput:
        """``[B, L, D]``, L at most :data:`LONGEST`."""
        if x.shape[1] > LONGEST:
            raise UserError(f"frames = {x.shape[1]}: the transformer takes at most {LONGEST}")
        tokens = torch.cat([self.token.expand(len(x), -1, -1), self.embed(x)], 1)
        seen = self.encoder(tokens + self.positions[:, : tokens.shape[1]])
        both = self.fc(seen)
        return StreamOutput(both[:, 0], both[:, 1:], seen[:, 0])
