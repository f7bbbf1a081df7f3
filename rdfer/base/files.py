"""Files that are written whole or not at all, and read with limits and by their shape."""

import errno
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import IO, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from rdfer.base.errors import UserError, short

T = TypeVar("T")

#: A larger file of lists, tables or JSON is not read: the manifest of the largest set has 40 MB.
MOST_BYTES = 1 << 28
NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a whole number",
    bool: "true or false",
}


@contextmanager
def write_atomic(path: str | Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path``; it takes the name ``path`` only when all went well.

    Raises:
        UserError: the device is full. Whatever stood at ``path`` before is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        # names of files may hold bytes that are no text
        encoding, errors = (None, None) if "b" in mode else ("utf-8", "surrogateescape")
        with os.fdopen(handle, mode, encoding=encoding, errors=errors) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; results are meant to be read by others
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(path) from error
        raise


def no_space(path: str | Path) -> UserError:
    """The error for a full device, naming the file that could not be written."""
    return UserError(f"{path}: no space left on the device; free some and run the same again")


def as_cell(value: Any) -> Any:
    """A value as a cell of a csv file: text that a spreadsheet would run as a formula is marked.

    >>> as_cell("=1+2"), as_cell("-3"), as_cell("@home"), as_cell(-0.5)
    ("'=1+2", '-3', "'@home", -0.5)
    """
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON with sorted keys, atomically."""
    with write_atomic(path, "w") as file:
        json.dump(value, file, indent=1, sort_keys=True, allow_nan=False)
        file.write("\n")


def read_file(path: str | Path, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file that somebody else may have written.

    Raises:
        UserError: there is none, it is no plain file (a pipe would be waited for for ever), it
            cannot be read, or it has more than ``most`` bytes.
    """
    path = Path(path)
    try:
        if not path.is_file():
            what = "is no plain file" if os.path.lexists(path) else "no such file"
            raise UserError(f"{path}: {what}")
        size = path.stat().st_size
        if size > most:
            raise UserError(f"{path}: has {size} bytes; at most {most} are read")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def read_json(path: str | Path, **kinds: type) -> dict[str, Any]:
    """Read a JSON file that holds an object, as all of ours do.

    Args:
        path: of the file.
        kinds: keys that it must have, with the type of each value.

    Raises:
        UserError: the file is missing or is not JSON; numbers that are not finite or beyond 64
            bits, a key that stands there twice, and nesting without end are none either; it is no
            object, or one of the keys is missing or of another type.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
        value = json.loads(
            text,
            parse_constant=_finite,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_once,
        )
        if "\\u" in text:  # of what no text holds, only bytes of file names can be written again
            json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except UserError:
        raise
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({short(error, 160)})") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: not a JSON object, but {short(repr(value), 40)}")
    check_keys(value, str(path), **kinds)
    return value


def check_keys(value: Mapping[str, Any], place: str, **kinds: type) -> None:
    """Refuse an object of a JSON file that lacks a key, or whose value is of another type.

    Raises:
        UserError: naming the place, the key, its value and the type.
    """
    for key, kind in kinds.items():
        if key not in value:
            raise UserError(f"{place}: key {key!r} is missing")
        if not isinstance(value[key], kind) or (kind is int and isinstance(value[key], bool)):
            raise UserError(f"{place}: {key} = {short(repr(value[key]))}: must be {NAMES[kind]}")


def record(kind: type[T], row: Any, place: str) -> T:
    """An object of a JSON file as a dataclass with exactly its fields, each of its type.

    Lists become tuples, and objects the dataclasses that the fields are annotated with.

    Raises:
        UserError: naming the place, the field, its value and its type.
    """
    hints = _hints(kind)
    if not isinstance(row, dict):
        raise UserError(f"{place} = {short(repr(row))}: must be {', '.join(hints)}")
    strange = sorted(row.keys() ^ hints.keys())
    if strange:
        what = "is missing" if strange[0] in hints else "is not known"
        raise UserError(f"{place}: key {short(strange[0])!r} {what}")
    return kind(**{key: _typed(hints[key], row[key], f"{place}: {key}") for key in row})


_hints: Callable[[Any], dict[str, Any]] = cache(get_type_hints)


def _typed(hint: Any, value: Any, place: str) -> Any:
    """A JSON value as its type: str, int, bool, an object, a tuple of these, or None."""
    parts, kinds = get_args(hint), (*get_args(hint), hint)
    if value is None and type(None) in kinds:
        return None
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (part for part in parts if part is not type(None))
        parts = get_args(hint)
    if get_origin(hint) is Mapping and isinstance(value, dict):
        return value
    if is_dataclass(hint) and isinstance(hint, type):
        return record(hint, value, place)
    if get_origin(hint) is tuple and isinstance(value, list):
        each = [parts[0]] * len(value) if parts[-1] is ... else parts
        if len(each) == len(value):
            numbered = enumerate(zip(each, value, strict=True))
            return tuple(_typed(of, item, f"{place}[{k}]") for k, (of, item) in numbered)
    elif type(value) is hint:
        return value
    told = str(hint) if parts else hint.__name__
    raise UserError(f"{place} = {short(repr(value))}: must be {told}")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{short(text, 30)} is no finite number")
    return value


def _whole(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= (value := int(text)) < 2**64:
        raise ValueError(f"{short(text, 30)} is beyond 64 bits")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def sha256_file(path: str | Path) -> str:
    """SHA-256 of a file as 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
