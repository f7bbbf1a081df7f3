"""What breaks files: seeded damage to bytes, to values in JSON and to parts of archives."""

import io
import json
import random
import zipfile
import zlib
from typing import Any

#: What breaks readers: bytes to put somewhere, whatever the format.
BYTES = [
    *(b"\0", b"\xff\xfe", b"\n", b"\r", b"\t", b",", b'"', b"'", b"\\", b"/../", b"=1+2"),
    *(b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xed\xa0\x80", "皱眉".encode("gbk"), "²٣".encode()),
    *(b"9" * 40, b"9" * 5000, b"-1", b"1e999", b"NaN", b"[" * 3000, b'{"a":' * 2000, b"x" * 9000),
    *(b"&a;", b"<!DOCTYPE x>", b"<a>" * 999, b"PK\x03\x04", b"\x93NUMPY"),
]
#: Values to put in the place of one in a JSON file.
VALUES: list[Any] = [
    *(None, True, -1, 2**63 - 1, 10**30, 0.5, float("nan"), float("inf"), "", "x" * 5000),
    *("\ud800", "\0", "a\nb", [], {}, [[]], [1, 2, 3], {"a": {}}, "<script>", "../../x"),
]


def mutated(content: bytes, rng: random.Random, name: str) -> bytes:
    """A file with one to three things wrong with it."""
    for _ in range(rng.randint(1, 3)):
        if name.endswith((".json", ".ipynb")) and rng.random() < 0.6:
            content = changed_json(content, rng)
        elif name.endswith((".xlsx", ".npz")) and rng.random() < 0.7:
            content = changed_part(content, rng)
        else:
            content = changed_bytes(content, rng)
    return content


def changed_bytes(content: bytes, rng: random.Random) -> bytes:
    start = rng.randint(0, len(content))
    end = min(len(content), start + rng.choice((0, 1, 1, 2, 8, 40)))
    middle = rng.choice(
        (b"", rng.choice(BYTES), rng.choice(BYTES), rng.randbytes(3), content[start:end] * 2)
    )
    if rng.random() < 0.1:
        return content[:start]
    return content[:start] + middle + content[end:]


def changed_json(content: bytes, rng: random.Random) -> bytes:
    try:
        top = {"": json.loads(content)}
    except (ValueError, RecursionError):
        return content
    holder: list[Any] | dict[str, Any] = top
    at: Any = ""
    while isinstance(holder[at], list | dict) and holder[at] and rng.random() < 0.85:
        holder = holder[at]
        at = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    if rng.random() < 0.2 and holder is not top:
        del holder[at]
    elif rng.random() < 0.2 and isinstance(holder, dict):
        holder["strange"] = holder[at]
    else:
        holder[at] = rng.choice(VALUES)
    try:
        return json.dumps(top.get("")).encode()
    except RecursionError:
        return content


# what the standard library raises for an archive that was damaged before: broken, packed in a way
# or by a method that it does not know, locked, cut off, or of sizes that cannot be
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


def changed_part(content: bytes, rng: random.Random) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except UNREADABLE:
        return content
    if not parts:
        return content
    name = rng.choice(list(parts))
    if rng.random() < 0.1:
        del parts[name]
    else:
        parts[name] = changed_bytes(parts[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, value in parts.items():
            archive.writestr(part, value)
    return buffer.getvalue()
