"""What comes of hostile files, kills and full disks: ``python benchmarks/hostile.py -h``.

Writes a seeded corpus of damaged and misleading files, has it read by the commands and by the
public functions, all watched from outside; kills ingest, training and the whole workflow and
compares what they end with; and writes the counts to ``results/reliability.json``. What was wrong
is told line by line, and makes the status 1.
"""

import argparse
import contextlib
import csv
import io
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.second_look import second_look
from benchmarks.watched import Ended, Place
from rdfer.base import machine
from rdfer.base.files import read_json, write_json
from rdfer.base.progress import log, progress
from rdfer.data.stored import INDEX
from rdfer.data.workers import Lost, work
from rdfer.report.reliability import FAULTS

# what needs PyAV or PyTorch is imported where it is used: worker processes import this file as well

CHUNK, BATCH = 25, 400
LOOK_S = 20.0  # that one video may take


class Row:
    """One line of the table: inputs of one kind by one way, and what became of them."""

    def __init__(self, kind: str, way: str) -> None:
        self.kind, self.way, self.counts = kind, way, Counter[str]()

    def add(self, **counts: int) -> None:
        """Count."""
        self.counts.update(counts)

    def ended(self, ended: Ended, what: str) -> None:
        """Count what a command did wrong, and say it."""
        self.counts.update(ended.faults)
        for fault in FAULTS:
            if ended.faults[fault]:
                log(f"WRONG, {fault}: {what}: {' | '.join(ended.lines[-3:])}")

    def wrong(self, fault: str, what: str) -> None:
        """Count a fault, and say it."""
        self.counts[fault] += 1
        log(f"WRONG, {fault}: {what}")

    def as_json(self) -> dict[str, Any]:
        """As the result holds it."""
        keys = ("inputs", "good", "noted", "refused", "given_up", "differ", *FAULTS)
        log(f"{self.kind}, {self.way}: {dict(+self.counts)}")
        return {"kind": self.kind, "way": self.way, **{key: self.counts[key] for key in keys}}


# lists, tables, JSON, arrays; and what the project has written itself


@cache
def _readers(kind: str) -> tuple[Path, dict[str, Any]]:
    """A folder of this process, and the readers by name."""
    from tests.corpus import readers, stored

    folder = Path(tempfile.mkdtemp())
    (folder / "good").mkdir()
    make = readers.readers if kind == "lists" else stored.written
    return folder, {reader.name: reader for reader in make(folder / "good")}


def ask(item: tuple[str, str, int, int]) -> list[tuple[str, str]]:
    """What a reader says to some files of its corpus; runs in a watched process."""
    from tests.corpus.readers import answer

    kind, name, first, last = item
    with contextlib.redirect_stderr(io.StringIO()):  # what is mended on the way is no news here
        folder, every = _readers(kind)
        return [answer(every[name], folder, number) for number in range(first, last)]


def functions(kind: str, title: str, names: Sequence[str], each: int, seed: int) -> Row:
    """Readers by their functions."""
    row, start = Row(title, "functions"), seed * 1_000_000
    items = [
        (kind, name, start + first, start + min(first + CHUNK, each))
        for name in names
        for first in range(0, each, CHUNK)
    ]
    answers = work(ask, items, workers=2, timeout=120.0)
    for number, said in progress(answers, total=len(items), label=title):
        _, name, first, last = items[number]
        row.add(inputs=last - first)
        if isinstance(said, Lost):
            row.wrong("hangs" if said.reason.startswith("took") else "crashes", f"{items[number]}")
            continue
        for k, (answer, told) in enumerate(said, start=first):
            if answer in ("good", "refused"):
                row.add(**{answer: 1})
            else:
                fault = "tracebacks" if answer == "failed" else answer
                row.wrong(fault, f"{name} {k}: {told[:200]}")
    return row


def commands(place: Place, count: int, seed: int) -> list[Row]:
    """Readers by the commands that lead to them; each file is a process of its own."""
    from tests.corpus.damage import mutated
    from tests.corpus.media import misleading
    from tests.corpus.readers import readers
    from tests.corpus.stored import written

    made = place.folder / "made"
    (made / "good").mkdir(parents=True)
    lists = {reader.name: reader for reader in readers(made / "good")}
    stored = {reader.name: reader for reader in written(made)}
    lies = misleading(place.outside)
    labels = place.work / "labels.csv"
    labels.write_text("id,label\na,x\nb,y\nc,y\n")
    tree = place.work / "small"
    for name in ("a/1", "a/2", "b/1", "b/2"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / f"{name}.mp4").touch()
    split = b"clip,split\na/1,train\na/2,test\nb/1,train\nb/2,test\n"
    rows = [Row("lists, tables, JSON, arrays", "commands"), Row("banks", "commands")]
    place.watch()
    for number in progress(range(count), label="commands"):
        rng = random.Random(f"commands {seed} {number}")
        kind = ("npz", "npy", "csv", "split", "index", "frames")[number % 6]
        row = rows[kind in ("index", "frames")]
        out = place.work / "out"
        shutil.rmtree(out, ignore_errors=True)
        if kind in ("index", "frames"):
            shutil.copytree(made / "bank", out)
            reader = stored[kind]
            (out / reader.file).write_bytes(mutated(reader.content, rng, reader.file))
            ended = place.rdfer("check", "--bank", out, timeout=120)
        elif kind == "split":
            file = place.work / "split.csv"
            file.write_bytes(mutated(split, rng, file.name))
            ended = place.rdfer("check", "folders", tree, "--split", file, timeout=120)
        else:
            reader = lists[kind]
            file = place.work / reader.file
            lie = lies[rng.choice(sorted(lies))] if rng.random() < 0.2 else None
            file.write_bytes(lie or mutated(reader.content, rng, reader.file))
            ended = place.rdfer("audit", file, labels, "--out", out, out=[out], timeout=120)
        row.add(inputs=1, **{"refused" if ended.status else "good": 1})
        row.ended(ended, f"{kind} {number}")
    return rows


# videos and folders of frames


def media(place: Place, count: int, seed: int) -> list[Row]:
    """Videos and folders of frames by check, ingest and audit, in batches."""
    from tests.corpus.media import good, misleading, shapes, write_hostile, write_video

    made = place.folder / "media"
    made.mkdir()
    whole, lies = good(made), misleading(place.outside)
    write_video(place.outside / "secret.mp4", shapes())
    (place.outside / "secret.png").write_bytes(whole["1.png"])
    place.watch()
    kinds = {"files": "files named as videos", "folders": "folders of frames"}
    rows = {
        (kind, way): Row(title, way)
        for kind, title in kinds.items()
        for way in ("rdfer ingest", "rdfer check", "rdfer audit --videos")
    }
    compared = Row(kinds["files"], "against a second decoder")
    for first in range(0, count, BATCH):
        tops = {kind: place.work / f"{kind}{first}" for kind in kinds}
        for top in tops.values():
            for name in ("Angry", "Happy"):
                (top / name).mkdir(parents=True)
        for number in range(first, min(first + BATCH, count)):
            path = write_hostile(place.folder, number, seed, whole, lies)
            top = tops["folders" if path.is_dir() else "files"]
            shutil.move(path, top / ("Angry", "Happy")[number // 4 % 2] / path.name)
        for kind, top in tops.items():
            ids = sorted(f"{path.parent.name}/{path.stem}" for path in top.glob("*/*"))
            accepted = _ingested(place, top, ids, rows[kind, "rdfer ingest"])
            _checked(place, top, ids, rows[kind, "rdfer check"])
            _audited(place, top, ids, rows[kind, "rdfer audit --videos"])
            if kind == "files":
                _compare(accepted, compared)
            shutil.rmtree(top)
        log(f"videos: {min(first + BATCH, count)} of {count}")
    return [*rows.values(), *([compared] if compared.counts["inputs"] else [])]


def _ingested(place: Place, top: Path, ids: Sequence[str], row: Row) -> list[str]:
    """Ingest a tree; returns the paths of what was accepted without a note."""
    out = place.work / "bank"
    command = ["ingest", "folders", top, "--out", out, "--size", "32", "--frames", "8"]
    ended = place.rdfer(*command, "--workers", "2", "--timeout", LOOK_S, out=[out], timeout=1800)
    row.add(inputs=len(ids))
    row.ended(ended, f"ingest of {top.name}")
    if ended.status != 0:
        row.wrong("lost", f"ingest of {top.name}: {' | '.join(ended.lines[-2:])}")
        return []
    index, manifest = read_json(out / INDEX), read_json(out / "manifest.json")
    held = {video["id"]: video["note"] for video in index["videos"]}
    paths = {video["id"]: video["path"] for video in manifest["videos"]}
    with (out / "unreadable.csv").open(errors="surrogateescape") as file:
        refused = {line["id"]: line["reason"] for line in csv.DictReader(file)}
    for id in ids:
        if id in held:
            row.add(**{"noted" if held[id] else "good": 1})
        elif id in refused:
            gone = "its loading " in refused[id]  # took too long, or ended its process
            row.add(**{"given_up" if gone else "refused": 1})
            if not 10 < len(refused[id]) < 1000 or not refused[id].isprintable():
                row.wrong("unclear", f"{id}: {refused[id][:200]}")
        else:
            row.wrong("lost", id)
    row.ended(place.rdfer("check", "--bank", out), "check of the bank")
    shutil.rmtree(out)
    return [paths[id] for id in ids if not held.get(id, "none")]


def _checked(place: Place, top: Path, ids: Sequence[str], row: Row) -> None:
    ended = place.rdfer("check", "folders", top)
    row.add(inputs=len(ids))
    row.ended(ended, f"check of {top.name}")
    told = [line for line in ended.lines if line.startswith("videos that cannot be read")]
    refused = int(told[0].split()[5]) if told else 0
    row.add(good=len(ids) - refused, refused=refused)


def _audited(place: Place, top: Path, ids: Sequence[str], row: Row) -> None:
    """An audit page of all; what it shows of each video is counted in its summary."""
    predictions, labels, out = (place.work / name for name in ("p.npz", "l.csv", "audit"))
    probabilities = np.random.default_rng(0).dirichlet([1, 1], (len(ids), 3))
    np.savez(predictions, predictions=probabilities, ids=list(ids), classes=["Angry", "Happy"])
    labels.write_text("id,label\n" + "".join(f"{id},{id.partition('/')[0]}\n" for id in ids))
    command = ["audit", predictions, labels, "--videos", top, "--out", out, "--top", len(ids)]
    ended = place.rdfer(*command, out=[out], timeout=1800)
    row.add(inputs=len(ids))
    row.ended(ended, f"audit of {top.name}")
    if ended.status != 0:
        row.wrong("lost", f"audit of {top.name}: {' | '.join(ended.lines[-2:])}")
        return
    page = (out / "audit.html").read_text()
    if "<script" in page.partition("</head>")[2].replace("<script>", "", 1):
        row.wrong("executed", f"a script in the page of {top.name}")
    words = next(line for line in ended.lines if " shown videos; " in line).split()
    at = words.index("Frames")
    shown, missing, unreadable = int(words[at + 2]), int(words[at + 7]), int(words[at + 9])
    row.add(good=shown, refused=unreadable, lost=missing)


def _compare(paths: Sequence[str], row: Row) -> None:
    there = paths if shutil.which("ffmpeg") else ()
    for number, said in work(second_look, there, workers=2, timeout=60.0):
        row.add(inputs=1)
        if said in ("good", "differ"):
            row.add(**{str(said): 1})
        else:
            row.wrong("silent", f"{paths[number]}: {said}")


def files(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The part about damaged and misleading files."""
    from tests.corpus.readers import NAMES
    from tests.corpus.stored import NAMES as STORED

    each, seed = options.inputs // 20, options.seed
    rows = [
        functions("lists", "lists, tables, JSON, arrays", NAMES, each, seed),
        functions("stored", "banks, checkpoints, runs", STORED, each, seed),
        *commands(Place(folder / "commands"), options.inputs // 40, seed),
        *media(Place(folder / "media"), options.inputs, seed),
    ]
    return {"rows": [row.as_json() for row in rows]}


def kills(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The part about ingest and training that are killed, interrupted, or have no room."""
    from benchmarks.kills import kill_ingest, kill_training, troubles
    from tests.corpus.media import good

    made, tree = folder / "made", folder / "tree"
    made.mkdir()
    videos = [(name, content) for name, content in good(made).items() if name[0] != "1"]
    for number in range(120):
        name, content = videos[number % len(videos)]
        path = tree / ("Angry", "Happy")[number % 2] / f"{number}{Path(name).suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tree / "Happy" / "empty.mp4").touch()
    rows = [
        kill_ingest(folder, tree, kills=options.kills, seed=options.seed),
        kill_training(made, kills=options.kills, seed=options.seed),
    ]
    return {"rows": rows, "troubles": troubles()}


def workflow(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The part about the whole workflow that is killed."""
    from benchmarks.kills import kill_workflow

    row = kill_workflow(folder, kills=options.kills, seed=options.seed, preset=options.preset)
    return {"rows": [row]}


PARTS = {"files": files, "kills": kills, "workflow": workflow}


def wrong(part: Mapping[str, Any]) -> int:
    """How much of a part is not as it must be."""
    faults = sum(row.get(fault, 0) for row in part["rows"] for fault in FAULTS)
    unequal = sum(row["ends"] - row["equal"] for row in part["rows"] if "ends" in row)
    failed = sum(row["state"] == "failed" for row in part.get("troubles", ()))
    return int(faults + unequal + failed)


def main() -> int:
    """Try, count, write."""
    from rdfer.pipeline.provenance import now, versions

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=2000, help="videos; others in proportion")
    parser.add_argument("--kills", type=int, default=10, help="of each kind of work")
    parser.add_argument("--preset", default="smoke", help="of the workflow that is killed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=[*PARTS], help="those not named are kept"
    )
    parser.add_argument("--out", type=Path, default=Path("results/reliability.json"))
    options = parser.parse_args()
    result = read_json(options.out) if options.out.exists() else {}
    bad = 0
    for name in options.parts:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            tempfile.tempdir = folder  # what worker processes leave goes with it
            part = PARTS[name](Path(folder), options)
        tempfile.tempdir = None
        bad += wrong(part)
        result[name] = {
            **part,
            "seed": options.seed,
            "date": now(),
            "versions": versions(),
            "machine": machine.describe(),
            "wall_s": round(time.monotonic() - begun),
        }
        write_json(options.out, result)
        log(f"{options.out}: {name} written, {bad} wrong so far")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
