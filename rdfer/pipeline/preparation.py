"""What a run needs before anything is trained: frames, features, weights, manifests.

Rendered or decoded frames lie in the run's bank, the frozen encoder's features beside it. What is
there already and still right is kept.
"""

import torch
from torch import nn

from rdfer.base import machine
from rdfer.base.codehash import code_hash
from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file, write_json
from rdfer.base.progress import log
from rdfer.data.bank import FrameBank
from rdfer.data.features import FeatureBank
from rdfer.data.inputs import FeatureInputs, FrameInputs, Inputs, input_size
from rdfer.data.manifest import Manifest
from rdfer.faces.pretrain import Pretraining, is_made
from rdfer.faces.pretrain import main as pretrain
from rdfer.faces.sample import Sample
from rdfer.faces.truth import build_manifest, pool_samples
from rdfer.faces.video import FaceSource
from rdfer.method.encoders import create_encoder
from rdfer.pipeline import protocol, sources
from rdfer.pipeline.context import Context
from rdfer.settings.schema import settings_hash, to_dict

FEATURES = ("rdfer.method.encoders.create_encoder", "rdfer.data.features.FeatureBank.build")
DATA_SEED = 1  # of the benchmark's videos


def manifest_of(context: Context) -> Manifest:
    """The manifest of the run's videos, with their true labels: a pure function of settings."""
    d = context.settings.data
    return build_manifest(
        d.pool,
        d.train,
        d.val,
        d.test,
        frames=d.frames,
        seed=DATA_SEED,
        balance=d.balance,
    )


def samples_of(context: Context) -> tuple[Sample, ...]:
    """The samples behind :func:`manifest_of`, in the same order."""
    d = context.settings.data
    return pool_samples(
        d.pool, d.train, d.val, d.test, frames=d.frames, seed=DATA_SEED, balance=d.balance
    )


def prepare(context: Context, *, workers: int | None = None) -> None:
    """Bring the frames into the bank and, for a frozen encoder, cache its features.

    What is there already and still right is kept; a build that was cut off is resumed. Of a real
    data set the folder is read, its videos are decoded, and the manifests of its folds written.
    """
    if context.real:
        source = context.source  # what is wrong with the folder is told before anything is written
    write_json(context.folder / "settings.json", to_dict(context.settings))
    if context.real:
        data, folds = context.settings.data, context.folds
        bank = protocol.prepare(
            source, context.folder, data, bank=context.bank, folds=folds, workers=workers
        )
    else:
        bank = _render(context, workers)
    if context.encoder_weights is not None:
        size = input_size(context.settings)
        told = context.settings.network.pretrained
        starting = Pretraining(
            task="classes" if told == "classes" else "blendshapes",
            encoder=context.settings.network.encoder,
            size=size,
            render_size=size * 9 // 8,  # room for random crops
        )
        if not is_made(context.encoder_weights, starting):
            pretrain(context.encoder_weights, starting, workers=workers or machine.threads())
    if context.settings.network.frozen:
        build_features(context, bank)


def ensure(context: Context) -> None:
    """Prepare the fold of a real data set whose folder is named, unless that was done."""
    if context.real and context.data:
        noted = sources.recorded(context.folder, context.settings.data)
        if noted != context.source or not context.manifest_file.exists():
            prepare(context)


def _render(context: Context, workers: int | None) -> FrameBank:
    d = context.settings.data
    manifest = manifest_of(context)
    manifest.save(context.folder / "manifest.json")
    sources = [FaceSource(sample) for sample in samples_of(context)]
    need = len(sources) * d.frames * d.size**2 * 3
    if not (context.bank / "index.json").exists():
        log(f"frames: {len(sources)} videos of {d.frames} frames, {need / 1e9:.1f} GB")
    return FrameBank.build(
        context.bank,
        sources,
        size=d.size,
        frames=d.frames,
        workers=workers,
        label="frames",
    )


def build_features(context: Context, bank: FrameBank) -> FeatureBank:
    """Cache the frozen encoder's features of every frame and of its mirror image."""
    return FeatureBank.build(
        context.features,
        bank,
        _encoder(context, bank),
        key=_feature_key(context),
        label="features",
    )


def _encoder(context: Context, bank: FrameBank) -> nn.Module:
    n = context.settings.network
    return create_encoder(
        n.encoder, pretrained=n.pretrained, size=bank.size, weights=context.encoder_weights
    )[0]


def _feature_key(context: Context) -> str:
    n = context.settings.network
    return settings_hash(
        {
            "encoder": n.encoder,
            "pretrained": n.pretrained,
            "code": code_hash(FEATURES),
            **_own_weights(context),
        }
    )


def build_copies(context: Context, manifest: Manifest, *, most: int) -> FeatureBank:
    """Cache features of augmented copies of the training videos, for runs watched in all views."""
    bank = FrameBank.open(context.bank)
    train = [k for k, video in enumerate(manifest.videos) if video.split == "train"]
    return FeatureBank.build(
        context.folder / "copies",
        bank,
        _encoder(context, bank),
        key=_feature_key(context),
        views=most,
        augmented=True,
        videos=train,
        label="augmented copies",
    )


def _own_weights(context: Context) -> dict[str, str]:
    """What to add to a key where the run made its encoder's weights itself."""
    path = context.encoder_weights
    if path is None:
        return {}
    if not path.is_file():
        raise UserError(f"{path}: no encoder weights there; run the data notebook first")
    return {"weights": sha256_file(path)}


def load(context: Context) -> tuple[Manifest, Inputs, str]:
    """Manifest, inputs and data key of a prepared run.

    Raises:
        UserError: not prepared, or its files are not whole.
    """
    if context.real and not context.manifest_file.exists():
        raise UserError(
            f"fold = {context.fold}: not prepared in {context.folder}; run the data notebook "
            "first, or say where the data set lies (-p data /path)"
        )
    manifest = Manifest.load(context.manifest_file)
    # of a real set the lists are the user's; of a rendered one the settings say it all
    content = {"manifest": protocol.content_key(manifest)} if context.real else {}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if context.settings.network.frozen:
        features = FeatureBank.open(context.features)
        key = (
            settings_hash({"bank": features.checksum, **content}) if content else features.checksum
        )
        return manifest, FeatureInputs(features, device), key
    bank = FrameBank.open(context.bank)
    own = {**_own_weights(context), **content}
    key = settings_hash({"bank": bank.checksum, **own}) if own else bank.checksum
    return manifest, FrameInputs(bank, input_size(context.settings), device), key
