"""Frame encoders: any timm model by name, the small one that ships, and the temporal shift.

An encoder maps frames ``[N, 3, H, W]`` to features ``[N, D]``. Everything above it sees only
that, so a ResNet-50, a ViT and the shipped 0.7 M network are exchanged by name.
"""

import difflib
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import Tensor, nn

from rdfer.base.errors import UserError

SMALL = "faces-resnet"
SMALL_CHANNELS, SMALL_CELLS, SMALL_FEATURES = 64, 4, 64
Pretrained: TypeAlias = Literal["none", "faces", "classes", "imagenet", "kinetics"]
ASSETS = Path(__file__).parents[1] / "faces" / "assets"
SHIPPED = ASSETS / "encoder.safetensors"  # of the small encoder, "faces"
OWN = ("faces", "classes")  # what :mod:`rdfer.faces.pretrain` makes
GROUP = 4  # frames that the temporal shift mixes
SHIFT_SHARE = 8  # one channel in 8 from the next frame, one in 8 from the last: TSM's 1/8


def create_encoder(
    name: str,
    *,
    pretrained: Pretrained,
    size: int | None = None,
    shift: bool = False,
    weights: str | Path | None = None,
) -> tuple[nn.Module, int]:
    """An encoder of single frames and the number D of its pooled features.

    Args:
        name: any timm model, or ``"faces-resnet"``: :class:`SmallEncoder`, for 48-112 px.
        pretrained: ``"none"`` starts from random weights (torch's global generator),
            ``"faces"`` from blendshape pre-training, ``"classes"`` from pre-training on the
            classes of still faces, which is told no blendshapes, ``"imagenet"`` downloads timm's;
            ``"kinetics"`` is for clip encoders (:mod:`rdfer.method.baselines`) and refused here.
        size: pixels of the frames; only models bound to one size (most transformers) need it.
        shift: mix neighbouring frames of a clip in the residual blocks
            (:class:`ShiftedEncoder`).
        weights: safetensors file for ``"faces"`` or ``"classes"``; only ``"faces"`` of the small
            encoder ship.

    Returns:
        Module from float ``[N, 3, H, W]`` to ``[N, D]``, and D.

    Raises:
        UserError: unknown name, a size the model refuses, weights that are missing or do not
            fit, a shift in a network without residual blocks.
    """
    if pretrained not in get_args(Pretrained):
        known = ", ".join(get_args(Pretrained))
        raise UserError(f"pretrained = {pretrained!r}: must be one of {known}")
    if pretrained == "kinetics":
        raise UserError(
            f"pretrained = 'kinetics': {name} sees single frames; m3dfel alone has them"
        )
    if name == SMALL:
        if pretrained == "imagenet":
            raise UserError(f"pretrained = 'imagenet': there are no such weights for {SMALL}")
        model: nn.Module = SmallEncoder()
    else:
        model = _from_timm(name, download=pretrained == "imagenet", size=size)
    if pretrained in OWN:
        _load(model, name, pretrained, weights)
    features = _probe(model, name, size)
    return (ShiftedEncoder(model, name) if shift else model), features


class ShiftedEncoder(nn.Module):
    """A ResNet of timm's whose residual blocks mix neighbouring frames of the same clip.

    Frames are mixed in groups of :data:`GROUP` where a clip is made of such groups, else over the
    whole clip: never across clips, whose neighbours in a batch mean nothing. PRECURSOR: groups of
    4 (of 16 synopsis frames, of 4 frames of a detail clip); other lengths OURS.
    """

    of_clips = True

    def __init__(self, model: nn.Module, name: str) -> None:
        """``name`` is for the message: a network without residual blocks is refused."""
        super().__init__()
        blocks = [m for m in model.modules() if isinstance(m, (BasicBlock, Bottleneck))]
        if not blocks:
            raise UserError(f"encoder = {name!r}: the temporal shift needs a ResNet of timm's")
        self.model, self.group = model, GROUP
        for block in blocks:
            block.conv1.register_forward_pre_hook(self._shift)

    def _shift(self, block: nn.Module, args: tuple[Tensor, ...]) -> Tensor:
        return temporal_shift(args[0], self.group)

    def forward(self, frames: Tensor, clip_frames: int = GROUP) -> Tensor:
        """Frames of whole clips, ``[N clip_frames, 3, H, W]``, to ``[N clip_frames, D]``."""
        self.group = clip_frames if clip_frames % GROUP else GROUP
        out: Tensor = self.model(frames)
        return out


def temporal_shift(x: Tensor, group: int) -> Tensor:
    """Channels shifted between the frames of a group, the same shape.

    Input ``[N, C, H, W]`` with N = groups x ``group`` frames in order. The first C // 8
    channels of frame t become those of frame t + 1, the next C // 8 those of frame t - 1;
    zeros enter at the ends of a group, the rest stays.

    Source: TSM (Lin, Gan, Han, ICCV 2019), share 1/8 inside the residual branch.
    """
    if x.shape[0] % group:
        raise UserError(f"frames = {x.shape[0]}: the temporal shift needs whole groups of {group}")
    grouped = x.unflatten(0, (-1, group))
    fold = x.shape[1] // SHIFT_SHARE
    out = torch.zeros_like(grouped)
    out[:, :-1, :fold] = grouped[:, 1:, :fold]
    out[:, 1:, fold : 2 * fold] = grouped[:, :-1, fold : 2 * fold]
    out[:, :, 2 * fold :] = grouped[:, :, 2 * fold :]
    return out.flatten(0, 1)


class SmallEncoder(ResNet):
    """The small encoder of the embedded benchmark: three stages, whose last map keeps its layout.

    A stem of three 3x3 convolutions and 3 x 2 basic blocks with 16/32/64 channels end in a map
    that is brought to 4 x 4 cells and *not* averaged: where in a face something moves is kept. A
    linear layer makes :data:`SMALL_FEATURES` of the 1024 numbers. Sizes OURS.
    """

    def __init__(self) -> None:
        """Random weights come from torch's global generator."""
        # timm's plain 7x7 stem is 64 channels wide whatever stem_width says; only the deep stem
        # narrows (2 x stem_width), and it is more than twice as fast here
        super().__init__(
            BasicBlock,  # type: ignore[arg-type]  # timm annotates the class as an instance
            (2, 2, 2),
            num_classes=0,
            channels=(16, 32, SMALL_CHANNELS),
            stem_type="deep",
            stem_width=8,
            replace_stem_pool=True,  # a strided convolution in place of pooling: 1.6 times as fast
        )
        self.layer4 = nn.Identity()  # timm asks every ResNet for a fourth stage
        self.global_pool = nn.Sequential(nn.AdaptiveAvgPool2d(SMALL_CELLS), nn.Flatten(1))
        self.num_features = SMALL_CHANNELS * SMALL_CELLS**2
        self.reset_classifier(SMALL_FEATURES)

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A fresh last layer, none for 0; the map's layout stays."""
        self.fc = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()


def check_name(name: str) -> None:
    """Refuse a name that no encoder of single frames has.

    Raises:
        UserError: neither a model of timm, with or without the name of its weights, nor
            ``"faces-resnet"``.
    """
    try:
        if name == SMALL or timm.is_model(name):
            return
    except RuntimeError as error:  # a model, but no such weights
        raise UserError(f"encoder = {name!r}: {str(error).splitlines()[0]}") from None
    near = difflib.get_close_matches(name, [SMALL, *timm.list_models()], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "timm.list_models() lists them"
    raise UserError(f"encoder = {name!r}: no timm model has this name; {hint}")


def _from_timm(name: str, *, download: bool, size: int | None) -> nn.Module:
    check_name(name)
    config = timm.get_pretrained_cfg(name)
    bound = size and config and config.fixed_input_size
    options: dict[str, Any] = {"img_size": size} if bound else {}
    try:
        model: nn.Module = timm.create_model(name, pretrained=download, num_classes=0, **options)
    except (RuntimeError, ValueError, OSError, AssertionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"encoder = {name!r}: timm cannot create it ({reason})") from error
    return model


def ships(name: str, pretrained: str) -> bool:
    """Whether such weights come with the package."""
    return name == SMALL and pretrained == "faces"


def _load(model: nn.Module, name: str, pretrained: str, weights: str | Path | None) -> None:
    """Fill ``model`` from a safetensors file of half-precision values."""
    if weights is None and not ships(name, pretrained):
        raise UserError(
            f"encoder = {name!r}: no {pretrained!r} weights of it ship; make them with"
            " `rdfer pretrain` and give their file"
        )
    path = SHIPPED if weights is None else Path(weights)
    if not path.is_file():
        raise UserError(f"{path}: no encoder weights there; `rdfer pretrain` makes them")
    try:
        state = load_file(path)
        # copying into the float32 parameters turns half precision back
        model.load_state_dict(state)
    except (SafetensorError, RuntimeError) as error:
        raise UserError(
            f"{path}: not the weights of {name}; `rdfer pretrain` makes them"
        ) from error


def _probe(model: nn.Module, name: str, size: int | None) -> int:
    """D, from one blank frame: timm's ``num_features`` is not always what comes out."""
    config = getattr(model, "pretrained_cfg", None) or {}
    side = size or config.get("input_size", (3, 64, 64))[-1]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            out = model(torch.zeros(1, 3, side, side))
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"size = {side}: the encoder {name} refuses such frames") from error
    model.train(was_training)
    if not isinstance(out, Tensor) or out.ndim != 2:
        raise UserError(f"encoder = {name!r}: gives no pooled features [N, D]")
    return int(out.shape[1])
