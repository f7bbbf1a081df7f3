"""Whitening of an encoder's features by its own last layer."""

from typing import Protocol, cast

import torch
from torch import Tensor, nn

from rdfer.method.transforms import evaluate


class Timm(Protocol):
    """What every timm model has, beyond a module."""

    def get_classifier(self) -> nn.Module:
        """The last layer."""
        ...

    def reset_classifier(self, num_classes: int) -> None:
        """A last layer of another size, or none."""
        ...

    def forward_features(self, x: Tensor) -> Tensor:
        """Pictures [N, 3, S, S] to maps."""
        ...

    def forward_head(self, x: Tensor, pre_logits: bool) -> Tensor:
        """Maps to pooled features [N, F], or to what the last layer makes of them."""
        ...


def take_output_off(encoder: nn.Module) -> tuple[int, int] | None:
    """Remove the encoder's linear last layer, so that it gives the features before it.

    Returns:
        What goes into that layer and what comes out of it; None where there is no such layer
        and nothing was changed.
    """
    parts = cast(Timm, encoder)
    layer = parts.get_classifier()
    if not isinstance(layer, nn.Linear):
        return None
    parts.reset_classifier(0)
    return layer.in_features, layer.out_features


@torch.inference_mode()
def whiten_output(encoder: nn.Module, frames: Tensor, *, size: int, together: int) -> None:
    """Set the encoder's last layer to the whitened directions in which a face changes.

    What differs between people fills most of the variance of the layer's input, and hides what
    changes within one face. So the principal components are those of the deviations from each
    face's own mean, and each is brought to variance 1 within a face. People still differ in them;
    to see past that is left to the streams, which see a face in time.
    Source: PCA whitening of frozen features (Jegou and Chum, ECCV 2012); within faces: OURS.

    Args:
        encoder: its ``get_classifier()`` is a linear layer; it is changed in place.
        frames: uint8 [n, S, S, 3], every ``together`` in a row of one face that holds still; n
            above the layer's outputs.
        size: pixels that the encoder sees.
        together: frames of one face, at least 2; divides n.
    """
    encoder.eval()
    parts = cast(Timm, encoder)
    layer = cast(nn.Linear, parts.get_classifier())
    device = layer.weight.device
    pooled = []
    for part in frames.split(256):
        pictures = evaluate(part[:, None].to(device), size=size)[:, 0]
        maps = parts.forward_features(pictures)
        pooled.append(parts.forward_head(maps, pre_logits=True).double().cpu())
    seen = torch.cat(pooled)
    faces = seen.unflatten(0, (-1, together))
    changes = (faces - faces.mean(1, keepdim=True)).flatten(0, 1)
    values, vectors = torch.linalg.eigh(changes.T @ changes / (len(changes) - len(faces)))
    leading = values.argsort(descending=True)[: layer.out_features]
    matrix = (vectors[:, leading] / values[leading].clamp_min(1e-9).sqrt()).T
    layer.weight.data.copy_(matrix)
    layer.bias.data.copy_(-matrix @ seen.mean(0))
