"""Small videos and folders of frames, damaged and made to mislead: a seeded corpus."""

import io
import random
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

FRAMES, WIDTH, HEIGHT = 12, 64, 48
VIDEOS = {
    "h264.mp4": ("libx264", "yuv420p", {"g": "6", "bf": "2"}),
    "fragments.mp4": ("libx264", "yuv420p", {"g": "4"}),
    "hevc.mkv": ("libx265", "yuv420p", {"x265-params": "keyint=6:log-level=none:pools=none"}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {"g": "6", "bf": "1"}),
    "motion.mov": ("mjpeg", "yuvj420p", {}),
    "vp8.webm": ("libvpx", "yuv420p", {"g": "6"}),
    "mpeg2.ts": ("mpeg2video", "yuv420p", {"g": "6", "bf": "1"}),
    "mpeg1.mpg": ("mpeg1video", "yuv420p", {"g": "6"}),
    "flash.flv": ("flv", "yuv420p", {"g": "6"}),
    "media.wmv": ("wmv2", "yuv420p", {"g": "6"}),
    "still.gif": ("gif", "rgb8", {}),
}
PICTURES = ("1.jpg", "1.png", "1.bmp", "1.webp")
#: Words of containers and pictures behind which sizes, counts and times stand.
WORDS = (
    *(b"moov", b"mvhd", b"tkhd", b"stsz", b"stco", b"stts", b"stsc", b"elst", b"mdat", b"moof"),
    *(b"trun", b"avcC", b"RIFF", b"avih", b"strf", b"strh", b"movi", b"idx1", b"00dc", b"LIST"),
    *(b"\x1a\x45\xdf\xa3", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75", b"FLV", b"\0\0\x01\xb3"),
    *(b"\0\0\x01\xba", b"GIF89a", b"IHDR", b"IDAT", b"BM", b"VP8 ", b"\xff\xc0", b"\xff\xe1"),
)
SIZES = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\1")
SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".ts", ".mpg", ".flv", ".wmv", ".gif")


def shapes() -> np.ndarray:
    """Pictures uint8 [T, H, W, 3] of which no two are alike."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    shown = np.stack([x * 3, y * 4, x + y], -1).astype(np.uint8)[None].repeat(FRAMES, 0)
    for t, picture in enumerate(shown):
        picture[2 * t : 2 * t + 16, 4 * t : 4 * t + 16] = 60 + 195 * (t % 2)
    return shown


def write_video(path: Path, pictures: np.ndarray) -> None:
    """A video as :data:`VIDEOS` has it; MPEG-4 for another name."""
    codec, pixels, options = VIDEOS.get(path.name, VIDEOS["h264.mp4"])
    more = {"movflags": "frag_keyframe+empty_moov"} if path.stem == "fragments" else {}
    with av.open(str(path), "w", options=more) as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.codec_context.thread_count = 1
        for t, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 25), t
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def good(folder: Path) -> dict[str, bytes]:
    """Names and bytes of whole files: videos, and pictures of one frame."""
    pictures = shapes()
    for name in VIDEOS:
        write_video(folder / name, pictures)
    for name in PICTURES:
        Image.fromarray(pictures[3]).save(folder / name)
    return {name: (folder / name).read_bytes() for name in (*VIDEOS, *PICTURES)}


def misleading(outside: Path) -> dict[str, bytes]:
    """Files that are no video or picture, and would have a decoder read or run something else.

    Args:
        outside: a folder with ``secret.mp4``, ``secret.png`` and a place to write to.
    """
    video, picture, ran = (outside / name for name in ("secret.mp4", "secret.png", "ran"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.mp4", video.name)
    texts = {
        "playlist": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{video}\n#EXT-X-ENDLIST\n",
        "addresses": f"#EXTM3U\n#EXTINF:1,\nfile:{video}\n",
        "concat": f"ffconcat version 1.0\nfile '{video}'\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
        f"<AdaptationSet><Representation><BaseURL>{video}</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>",
        "session": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 9 RTP/AVP 96\na=control:{video}\n",
        "script": f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n({ran}) (w) file closefile\n"
        f"(%pipe%touch {ran}) (w) file closefile\nshowpage\n",
        "drawing": f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"'
        f' width="64" height="48"><image x:href="file://{picture}" width="64"/></svg>',
        "page": f"<html><img src='{picture}'><script src='{video}'></script></html>",
        "entity": f'<!DOCTYPE a [<!ENTITY b SYSTEM "{video}">]><a>&b;</a>',
        "filter": f"push graphic-context\nimage over 0,0 9,9 '|touch {ran}'\npop graphic-context",
        "pattern": f"{outside}/secret.%d.png\n",
        "pickle": f"cos\nsystem\n(S'touch {ran}'\ntR.",
        "pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        "nothing": "",
        "text": "no video\n" * 99,
    }
    return {
        **{name: text.encode() for name, text in texts.items()},
        "archive": packed.getvalue(),
        "zeros": bytes(5000),
        "ones": b"\xff" * 5000,
    }


def damaged(content: bytes, rng: random.Random, others: Mapping[str, bytes]) -> bytes:
    """A file with one to three things wrong with it."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = _damaged(content, rng, others)
    return content


def _damaged(content: bytes, rng: random.Random, others: Mapping[str, bytes]) -> bytes:
    changed, at = bytearray(content), rng.randrange(len(content) + 1)
    kind = rng.choice(
        ("flip", "flip", "head", "size", "size", "cut", "twice", "zero", "put", "join")
    )
    if kind in ("flip", "head") and changed:
        end = len(changed) if kind == "flip" else min(len(changed), 400)
        for _ in range(rng.choice((1, 1, 3, 30))):
            changed[rng.randrange(end)] ^= 1 << rng.randrange(8)
    elif kind == "size":
        places = [changed.find(word) for word in WORDS if word in changed]
        if places:
            place = max(0, rng.choice(places) + rng.choice((-4, 4, 4, 8, 12, 16, 20)))
            changed[place : place + 4] = rng.choice((*SIZES, rng.randbytes(4)))
    elif kind == "cut":
        del changed[at:]
    elif kind == "twice":
        changed[at:at] = changed[at : at + rng.choice((1, 188, 1000))]
    elif kind == "zero":
        length = min(rng.choice((4, 64, 1000)), len(changed) - at)
        changed[at : at + length] = bytes(length)
    elif kind == "put":
        changed[at:at] = rng.randbytes(rng.choice((1, 7, 200)))
    else:
        changed += others[rng.choice(sorted(others))]
    return bytes(changed)


def write_hostile(
    folder: Path, number: int, seed: int, whole: Mapping[str, bytes], lies: Mapping[str, bytes]
) -> Path:
    """Write one hostile video or folder of frames; the same for the same number and seed.

    Args:
        folder: where to.
        number: of it; every fourth is a folder of frames, every seventh no medium at all.
        seed: of the whole corpus.
        whole: as :func:`good` gives it.
        lies: as :func:`misleading` gives it.
    """
    rng = random.Random(f"{seed} {number}")
    name = f"{number:05d}"
    if number % 4 == 3:
        path = folder / name
        path.mkdir()
        for k in range(1, 5):
            picture = rng.choice(PICTURES)
            content, suffix = whole[picture], picture[1:]
            if k == 2 or rng.random() < 0.2:
                lie = rng.random() < 0.3
                content = lies[rng.choice(sorted(lies))] if lie else damaged(content, rng, whole)
            if rng.random() < 0.2:
                suffix = rng.choice((".jpg", ".png", ".JPG", ".webp", ".bmp"))
            (path / f"{k}{suffix}").write_bytes(content)
        return path
    if number % 7 == 0:
        path = folder / f"{name}{rng.choice(SUFFIXES)}"
        path.write_bytes(lies[rng.choice(sorted(lies))])
        return path
    video = rng.choice(sorted(VIDEOS))
    suffix = Path(video).suffix if rng.random() < 0.8 else rng.choice(SUFFIXES)
    path = folder / f"{name}{suffix}"
    path.write_bytes(damaged(whole[video], rng, whole))
    return path
