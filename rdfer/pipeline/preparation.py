"""What runs need before anything is trained: frames, features, weights, manifests.

Rendered or decoded frames lie in the preset's bank, the frozen encoder's features beside it. What
is there already and still right is kept. Of a real data set all folds share one bank of the videos
that can be read; a manifest has the bank's videos first, in the bank's order, and behind them those
that cannot be read.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from rdfer.base import machine
from rdfer.base.codehash import code_hash
from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file, write_json
from rdfer.base.progress import log
from rdfer.data.bank import FrameBank
from rdfer.data.features import FeatureBank
from rdfer.data.ingest import ingest
from rdfer.data.inputs import FeatureInputs, FrameInputs, Inputs, input_size
from rdfer.data.manifest import Manifest
from rdfer.datasets.splits import cut
from rdfer.faces.pretrain import Pretraining, is_made
from rdfer.faces.pretrain import main as pretrain
from rdfer.faces.sample import Sample
from rdfer.faces.truth import build_manifest, pool_samples
from rdfer.faces.video import FaceSource
from rdfer.method.encoders import create_encoder
from rdfer.pipeline.context import Context
from rdfer.pipeline.data_folder import DataFolder, manifest_path, recorded
from rdfer.settings.schema import settings_hash, to_dict

FEATURES = ("rdfer.method.encoders.create_encoder", "rdfer.data.features.FeatureBank.build")
DATA_SEED = 1  # of the benchmark's videos


def samples_of(context: Context) -> tuple[Sample, ...]:
    """The samples behind the preset's videos: a pure function of settings."""
    d = context.settings.data
    return pool_samples(
        d.pool, d.train, d.val, d.test, frames=d.frames, seed=DATA_SEED, balance=d.balance
    )


def manifest_of(context: Context) -> Manifest:
    """The manifest of :func:`samples_of`, in the same order, with their true labels."""
    balance = context.settings.data.balance
    return build_manifest(samples_of(context), seed=DATA_SEED, balance=balance)


def prepare(context: Context, *, workers: int | None = None) -> None:
    """Bring the frames into the bank and, for a frozen encoder, cache its features.

    What is there already and still right is kept; a build that was cut off is resumed. Of a real
    data set the folder is read, its videos are decoded, and the manifests of its folds written.
    """
    # what is wrong with a data set's folder is told before anything is written
    place = context.data_folder if context.real else None
    write_json(context.folder / "settings.json", to_dict(context.settings))
    if place is not None:
        bank = _decode(context, place, context.folds, workers)
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
    """Prepare what is not there yet, and say so; of a real data set its fold.

    Several processes may do so at once: banks have one writer at a time.

    Raises:
        UserError: as :func:`prepare`; or no fold of a real data set is named.
    """
    noted = recorded(context.folder, context.settings.data) if context.real else None
    new = context.real and context.data_folder != noted
    if new or not _is_prepared(context):
        log(f"{context.folder}: frames and features are not there yet; they are made now")
        prepare(context)


def _is_prepared(context: Context) -> bool:
    weights = context.encoder_weights
    if not context.manifest_file.exists() or not (weights is None or weights.is_file()):
        return False
    try:
        FrameBank.open(context.bank)
        if context.settings.network.frozen:
            FeatureBank.open(context.features)
    except UserError:  # not there, or not whole
        return False
    return True


def _decode(
    context: Context, place: DataFolder, folds: Sequence[int], workers: int | None
) -> FrameBank:
    """Decode what is not in the bank yet, and write the manifests of folds.

    Raises:
        UserError: as :func:`rdfer.datasets.read` and :func:`rdfer.data.ingest.ingest`; or a class
            is too small for a validation part.
    """
    data = context.settings.data
    manifests = {}
    for fold in folds:
        manifests[fold] = place.read(fold)
    # of one fold all clips, as of any other
    everything = {video.id: video for m in manifests.values() for video in m.videos}
    first = next(iter(manifests.values()))
    whole = replace(first, videos=tuple(everything.values()), whole=False)
    done = ingest(whole, context.bank, size=data.size, frames=data.frames, workers=workers)
    for fold, manifest in manifests.items():
        stored = in_bank_order(manifest, done.bank)
        if data.val_share and not any(video.split == "val" for video in stored.videos):
            # of what can be read, or a class could be left with nothing to choose the epoch on
            readable, gone = stored.videos[: len(done.bank)], stored.videos[len(done.bank) :]
            divided = cut(replace(stored, videos=readable), data.val_share)
            stored = replace(divided, videos=(*divided.videos, *gone))
        stored.save(manifest_path(context.folder, fold))
    return done.bank


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
    """What to add to a key where the encoder's weights were made for this preset."""
    path = context.encoder_weights
    if path is None:
        return {}
    if not path.is_file():
        raise UserError(f"{path}: no encoder weights there; run the data notebook first")
    return {"weights": sha256_file(path)}


def load(context: Context) -> tuple[Manifest, Inputs, str]:
    """Manifest, inputs and data key of what was prepared.

    Raises:
        UserError: not prepared, or its files are not whole.
    """
    if context.real and not context.manifest_file.exists():
        raise UserError(
            f"fold = {context.fold}: not prepared in {context.folder}; run the data notebook "
            "first, or say where the data set lies (-p data /path)"
        )
    manifest = Manifest.load(context.manifest_file)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    stored: FeatureBank | FrameBank
    inputs: Inputs
    if context.settings.network.frozen:
        stored, own = FeatureBank.open(context.features), {}
        inputs = FeatureInputs(stored, device)
    else:
        stored, own = FrameBank.open(context.bank), _own_weights(context)
        inputs = FrameInputs(stored, input_size(context.settings), device)
    if context.real:  # the lists are the user's; of a rendered set the settings say it all
        own["manifest"] = content_key(manifest)
    key = settings_hash({"bank": stored.checksum, **own}) if own else stored.checksum
    return manifest, inputs, key


def in_bank_order(manifest: Manifest, bank: FrameBank) -> Manifest:
    """The clips as they lie in the bank, with the frames they had; behind them the unreadable.

    Raises:
        UserError: the bank holds a clip that the manifest lacks, so their rows would not match.
    """
    videos = {video.id: video for video in manifest.videos}
    strange = [name for name in bank.ids if name not in videos]
    if strange:
        raise UserError(
            f"{manifest.name}: lacks clip {strange[0]!r}, which other folds have; the lists of "
            "folds are not of one set"
        )
    there = [
        replace(videos[name], n_frames=count)
        for name, count in zip(bank.ids, bank.counts.tolist(), strict=True)
    ]
    gone = [replace(videos[name], n_frames=0) for name in sorted(set(videos) - set(bank.ids))]
    return replace(manifest, videos=(*there, *gone))


def content_key(manifest: Manifest) -> str:
    """Hash of what a run reads of a manifest: not where the clips lie."""
    rows = [(c.id, c.label, c.given, c.split) for c in manifest.videos]
    return settings_hash({"classes": manifest.classes, "clips": rows})
