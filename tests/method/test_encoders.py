"""Tests of the frame encoders."""

import copy
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from rdfer.base.errors import UserError
from rdfer.method import encoders
from rdfer.method.encoders import SMALL, Pretrained, create_encoder, temporal_shift


def frames(n: int = 4, size: int = 48) -> torch.Tensor:
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(0))


def test_small_encoder_is_narrow_all_the_way() -> None:
    encoder, features = create_encoder(SMALL, pretrained="none")
    assert features == 64
    assert sum(p.numel() for p in encoder.parameters()) == 178_488 + 64 * (16 * 64 + 1)
    widths = [m.out_channels for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    assert sorted(set(widths)) == [8, 16, 32, 64]


def test_small_encoder_keeps_where_in_a_face_something_is() -> None:
    encoder, _ = create_encoder(SMALL, pretrained="none")
    open_branches(encoder).eval()
    one = frames(1, 64)
    maps = encoder.forward_features(one)
    assert maps.shape == (1, 64, 4, 4)
    # an average over the map is the same for both, and this is not
    kept = encoder.forward_head(maps, pre_logits=True)
    moved = encoder.forward_head(maps.flip(-1), pre_logits=True)
    assert kept.shape == (1, 1024) and not torch.allclose(kept, moved)
    torch.testing.assert_close(kept.unflatten(1, (64, 16)).mean(2), maps.mean((2, 3)))


@pytest.mark.parametrize("size", [48, 64, 112])
def test_small_encoder_takes_the_sizes_it_is_for(size: int) -> None:
    encoder, features = create_encoder(SMALL, pretrained="none")
    assert encoder.eval()(frames(2, size)).shape == (2, features)


@pytest.mark.parametrize(
    ("name", "features"),
    # the second gives more features than timm's num_features says
    [("resnet18", 512), ("mobilenetv3_small_050", 1024), ("vit_tiny_patch16_224", 192)],
)
def test_any_timm_model_gives_pooled_features(name: str, features: int) -> None:
    encoder, found = create_encoder(name, pretrained="none", size=64)
    assert found == features
    assert encoder.eval()(frames(2, 64)).shape == (2, features)


def test_probing_leaves_batch_statistics_alone() -> None:
    encoder, _ = create_encoder(SMALL, pretrained="none")
    assert encoder.training
    assert encoder.bn1.num_batches_tracked == 0


def open_branches(encoder: nn.Module) -> nn.Module:
    """Undo timm's start with closed residual branches, where a shift would change nothing."""
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    return encoder


def test_unknown_name_gets_a_hint() -> None:
    with pytest.raises(UserError, match=r"encoder = 'resnet81'.*did you mean 'resnet"):
        create_encoder("resnet81", pretrained="none")


def test_unknown_pretraining() -> None:
    with pytest.raises(UserError, match="pretrained = 'imagnet': must be one of"):
        create_encoder(SMALL, pretrained="imagnet")


def test_small_encoder_has_no_imagenet_weights() -> None:
    with pytest.raises(UserError, match="imagenet"):
        create_encoder(SMALL, pretrained="imagenet")


def test_missing_weights_name_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "SHIPPED", tmp_path / "encoder.safetensors")
    with pytest.raises(UserError, match=r"/encoder\.safetensors.*`rdfer pretrain`"):
        create_encoder(SMALL, pretrained="faces")
    # what does not ship is made first
    with pytest.raises(UserError, match=r"no 'classes' weights of it ship.*`rdfer pretrain`"):
        create_encoder(SMALL, pretrained="classes")


@pytest.mark.parametrize("pretrained", ["faces", "classes"])
def test_other_encoders_need_a_file(pretrained: Pretrained) -> None:
    with pytest.raises(UserError, match=rf"resnet18.*'{pretrained}'.*`rdfer pretrain`"):
        create_encoder("resnet18", pretrained=pretrained)


def test_weights_of_clip_encoders_are_refused() -> None:
    with pytest.raises(UserError, match=r"kinetics.*single frames"):
        create_encoder("resnet18", pretrained="kinetics")


def half_precision(encoder: nn.Module) -> dict[str, torch.Tensor]:
    state = encoder.state_dict()
    return {k: v.half() if v.is_floating_point() else v for k, v in state.items()}


def test_half_precision_weights_load_as_float32(tmp_path: Path) -> None:
    path = tmp_path / "e.safetensors"
    original, _ = create_encoder(SMALL, pretrained="none")
    save_file(half_precision(original), path)
    loaded, _ = create_encoder(SMALL, pretrained="faces", weights=path)
    for key, value in loaded.state_dict().items():
        assert value.dtype == original.state_dict()[key].dtype
        torch.testing.assert_close(value, original.state_dict()[key], atol=1e-3, rtol=1e-3)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.safetensors"
    save_file({"w": torch.zeros(2)}, path)
    with pytest.raises(UserError, match=r"e\.safetensors: not the weights of"):
        create_encoder(SMALL, pretrained="faces", weights=path)


def test_broken_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.safetensors"
    path.write_bytes(b"no safetensors")
    with pytest.raises(UserError, match=r"e\.safetensors"):
        create_encoder(SMALL, pretrained="faces", weights=path)


def test_shift_moves_an_eighth_each_way_within_groups() -> None:
    x = torch.randn(8, 16, 3, 3, generator=torch.Generator().manual_seed(1))
    out = temporal_shift(x, 4)
    for frame in range(8):
        first, last = frame % 4 == 0, frame % 4 == 3
        after = torch.zeros(2, 3, 3) if last else x[frame + 1, :2]
        before = torch.zeros(2, 3, 3) if first else x[frame - 1, 2:4]
        assert torch.equal(out[frame, :2], after)
        assert torch.equal(out[frame, 2:4], before)
        assert torch.equal(out[frame, 4:], x[frame, 4:])


def test_shift_mixes_frames_of_a_group_only() -> None:
    encoder, _ = create_encoder("resnet18", pretrained="none", shift=True)
    open_branches(encoder).eval()
    with torch.no_grad():
        x = frames(8)
        changed = x.clone()
        changed[1] = 0
        difference = (encoder(x) - encoder(changed)).abs().amax(1) > 1e-7
    assert difference[:4].any() and difference[[0, 2]].any()
    assert not difference[4:].any()


@pytest.mark.parametrize(("clips", "of"), [(4, 3), (4, 2), (2, 6), (2, 5), (8, 1)])
def test_shift_never_reaches_across_clips(clips: int, of: int) -> None:
    encoder, _ = create_encoder("resnet18", pretrained="none", shift=True)
    open_branches(encoder).eval()
    x = frames(clips * of)
    with torch.no_grad():
        whole = encoder(x, clip_frames=of)
        for clip in range(clips):
            rows = slice(clip * of, (clip + 1) * of)
            torch.testing.assert_close(whole[rows], encoder(x[rows], clip_frames=of))


def test_shift_uses_the_same_weights_and_survives_copying() -> None:
    plain, _ = create_encoder(SMALL, pretrained="none")
    shifted, _ = create_encoder(SMALL, pretrained="none", shift=True)
    open_branches(plain)
    shifted.model.load_state_dict(plain.state_dict())
    x = frames()
    with torch.no_grad():
        out = shifted.eval()(x)
        assert not torch.allclose(out, plain.eval()(x))
        assert torch.equal(out, copy.deepcopy(shifted)(x))


def test_shift_refuses_part_of_a_group() -> None:
    encoder, _ = create_encoder(SMALL, pretrained="none", shift=True)
    with pytest.raises(UserError, match=r"frames = 6: .*groups of 4"):
        encoder(frames(6))


def test_shift_needs_residual_blocks() -> None:
    with pytest.raises(UserError, match="ResNet"):
        create_encoder("vit_tiny_patch16_224", pretrained="none", shift=True)


def test_failing_download_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> nn.Module:
        raise OSError("no route to host\nand a long story")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(UserError, match=r"resnet18.*no route to host\)$") as caught:
        create_encoder("resnet18", pretrained="imagenet")
    assert "\n" not in str(caught.value)
