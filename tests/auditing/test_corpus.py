"""Every reader of lists, tables, JSON and arrays on damaged and hostile files: a seeded corpus.

Whatever a file holds, a reader gives a good value or one readable line, and nothing else.
"""

import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdfer.auditing.audit import audit_files
from rdfer.auditing.input import Given, read_labels, read_predictions
from rdfer.auditing.sheet import Sheet
from rdfer.base.errors import UserError
from rdfer.data.manifest import CLASSES, Manifest, Video
from rdfer.datasets import cremad, dfew
from rdfer.datasets.lists import numbered
from rdfer.datasets.lists import read_labels as read_list_labels
from rdfer.datasets.tables import read_groups, read_lines, read_sheet, read_table
from rdfer.pipeline.notebooks import code_of
from rdfer.studies.real_results import load_real
from tests.datasets import trees

EACH = 110  # of every reader
LIMIT = 400  # signs of a message, besides the paths in it

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


@dataclass
class Reader:
    """A reader, a good file of its kind, and what it gives for one."""

    name: str
    file: str
    content: bytes
    read: Callable[[Path], Any]
    kind: type


def packed(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def array(values: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def workbook(rows: list[list[object]], folder: Path) -> bytes:
    return trees.write_workbook(folder / "w.xlsx", rows).read_bytes()


def manifest(folder: Path) -> bytes:
    videos = tuple(
        Video(f"v{k}", f"/data/{k}.mp4", "", name, "train", votes=tuple(range(7)))
        for k, name in enumerate(CLASSES)
    )
    Manifest(videos, name="small").save(folder / "m.json")
    return (folder / "m.json").read_bytes()


REAL = {
    **dict.fromkeys(("method", "data", "run", "version", "date"), "a"),
    **dict.fromkeys(("uar", "war"), 0.5),
}
NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {},
    "cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]},
              {"cell_type": "markdown", "source": "text"}],
}  # fmt: skip


def readers(folder: Path) -> list[Reader]:
    """All of them; ``folder`` is where good files are made."""
    probs = np.full((3, 2, 2), 0.5)
    ids, names = ["a", "b", "c"], ["x", "y"]
    lines = b"/home/x/clips/00017 144 3\n00025.mp4 4\n00031\t12\t5\tA man.\n"
    split = "".join(f"{n},{n}\n" for n in range(1, 8)).encode()
    votes = b'"","A","D","F","H","N","S","fileName"\n' + b"".join(
        b'"20000%d",1,2,3,4,0,0,"1001_DFA_ANG_%02d"\n' % (k, k) for k in range(1, 4)
    )
    head = [*(f"{c}{name.lower()}" for c, name in enumerate(CLASSES, start=1)), "order", "label"]
    book = workbook([head, *([*range(7), k, k % 8] for k in range(1, 9))], folder)
    table = b"id,clip,x,y\n" + b"".join(
        b"%c,%d,0.25,0.75\n" % (v, n) for v in b"abc" for n in (1, 2)
    )

    def audited(path: Path) -> Sheet:
        (path.parent / "l.csv").write_bytes(b"id,label\na,x\nb,y\nc,y\n")
        return audit_files(path, path.parent / "l.csv")

    def sheet_votes(path: Path) -> tuple[Any, ...]:
        return dfew.read_votes(path.parent)

    return [
        Reader("lines", "l.txt", lines, read_lines, list),
        Reader("list", "l.txt", lines, lambda p: read_list_labels(
            p, numbered, CLASSES, order=CLASSES), dict),
        Reader("split", "s.csv", b"video_name,label\n" + split, dfew.read_split, dict),
        Reader("table", "t.csv", b"clip,split\na,train\n", lambda p: list(
            read_table(p, ("clip", "split"))), list),
        Reader("groups", "g.csv", b"clip,group\n1,a\n2,b\n", lambda p: read_groups(p, str), dict),
        Reader("votes", "v.csv", votes, cremad.read_votes, dict),
        Reader("sheet", "a.xlsx", book, read_sheet, list),
        Reader("annotation", "annotation.xlsx", book, sheet_votes, tuple),
        Reader("manifest", "m.json", manifest(folder), Manifest.load, Manifest),
        Reader("notebook", "n.ipynb", json.dumps(NOTEBOOK).encode(), code_of, str),
        Reader("real", "real.json", json.dumps({"rows": [REAL]}).encode(), load_real, tuple),
        Reader("npz", "p.npz", packed(predictions=probs, ids=ids, classes=names), audited, Sheet),
        Reader("npy", "p.npy", array(probs), read_predictions, Given),
        Reader("csv", "p.csv", table, audited, Sheet),
        Reader("labels", "l.npz", packed(labels=names, ids=ids[:2]), read_labels, Given),
    ]  # fmt: skip


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


def changed_part(content: bytes, rng: random.Random) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except Exception:
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


NAMES = (
    *("lines", "list", "split", "table", "groups", "votes", "sheet", "annotation"),
    *("manifest", "notebook", "real", "npz", "npy", "csv", "labels"),
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NAMES)
def test_a_good_value_or_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "good").mkdir()
    every = {reader.name: reader for reader in readers(tmp_path / "good")}
    assert tuple(every) == NAMES
    reader = every[name]
    path = tmp_path / reader.file
    refused = 0
    for k in range(EACH):
        rng = random.Random(f"{name} {k}")
        path.write_bytes(mutated(reader.content, rng, reader.file))
        try:
            assert isinstance(reader.read(path), reader.kind), (name, k)
        except UserError as error:
            refused += 1
            told = str(error).replace(str(tmp_path), "")
            assert told.isprintable() and 10 < len(told) < LIMIT, (name, k, told)
        except Exception as error:
            raise AssertionError(f"{name} {k}: {error!r}") from error
    assert refused > EACH // 20 or name == "lines"
    path.write_bytes(reader.content)
    if name != "real":  # its rows have more rules than stand here
        assert isinstance(reader.read(path), reader.kind)
