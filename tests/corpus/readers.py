"""The readers of lists, tables, JSON and arrays, a good file of each, and what they may answer."""

import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
from tests.corpus.damage import mutated
from tests.datasets import trees

LIMIT = 400  # signs of a message, besides the paths in it


@dataclass
class Reader:
    """A reader, a good file of its kind, and what it gives for one.

    Attributes:
        right: whether a value may be what a damaged file held, where a digest or the like tells.
    """

    name: str
    file: str
    content: bytes
    read: Callable[[Path], Any]
    kind: type
    right: Callable[[Any], bool] = lambda value: True


def answer(reader: Reader, folder: Path, number: int) -> tuple[str, str]:
    """What a reader says to its file with damage of this number.

    Returns:
        ``good`` or ``refused``; or what must not be: ``silent`` (a wrong value), ``unclear`` (not
        one readable line), ``failed`` (another exception). And what it said.
    """
    path = folder / reader.file
    path.write_bytes(mutated(reader.content, random.Random(f"{reader.name} {number}"), reader.file))
    try:
        value = reader.read(path)
    except UserError as error:
        told = str(error).replace(str(folder), "")
        return "refused" if told.isprintable() and 10 < len(told) < LIMIT else "unclear", told
    except Exception as error:
        return "failed", repr(error)
    good = isinstance(value, reader.kind) and reader.right(value)
    return "good" if good else "silent", repr(value)[:LIMIT]


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


NAMES = (
    *("lines", "list", "split", "table", "groups", "votes", "sheet", "annotation"),
    *("manifest", "notebook", "real", "npz", "npy", "csv", "labels"),
)
