"""What came of hostile files and of kills: tables of what ``benchmarks/hostile.py`` counted."""

from collections.abc import Iterator
from typing import Any

from rdfer.report.readout import NOT_RUN, Results, Row, duration
from rdfer.report.tables import markdown, table

#: What must never happen: the name of its count, and what it is called.
FAULTS = {
    "hangs": "hangs past the time-out",
    "crashes": "crashes of the interpreter outside a watched process",
    "tracebacks": "tracebacks",
    "unclear": "errors that are not one readable line",
    "executed": "code of an input run",
    "outside": "reads or writes outside the given folders",
    "left": "processes left",
    "lost": "inputs of which nothing was said",
    "silent": "wrong content accepted that a checksum, a schema or a second decoder reports",
}
PARTS = {"files": "Files", "kills": "Kills", "workflow": "Kills of the workflow"}


def _rows(results: Results, *parts: str) -> Iterator[Row]:
    """The rows of these parts, as far as they were run."""
    for part in parts:
        yield from ((results.get("reliability") or {}).get(part) or {}).get("rows", ())


def reliability_table(results: Results) -> str:
    """What was read, by what, and what became of it."""
    return table(
        [row for row in _rows(results, "files") if "decoder" not in row["way"]],
        {
            "Files": "kind",
            # as code, or the dashes of an option become one
            "By": lambda row: f"`{row['way']}`" if " " in row["way"] else row["way"],
            "Inputs": "inputs",
            "Read": "good",
            "Read, with a note": "noted",
            "Refused in one line": "refused",
            "Given up": "given_up",
            "Wrong": lambda row: sum(row[fault] for fault in FAULTS),
        },
    )


def fault_table(results: Results) -> str:
    """What must never happen, and how often it did."""
    rows = list(_rows(results, "files"))
    counts = [(title, sum(row[fault] for row in rows)) for fault, title in FAULTS.items()]
    return markdown(["What must not happen", "Times"], counts if rows else [])


def decoder_table(results: Results) -> str:
    """Videos that were accepted without a note, beside what another decoder makes of them."""
    rows = [row for row in _rows(results, "files") if "decoder" in row["way"]]
    return table(
        rows,
        {
            "Accepted without a note": "inputs",
            "The same frames": "good",
            "Other frames, no decoder reports a fault": "differ",
            "A fault that the second decoder alone reports": "silent",
        },
    )


def kill_table(results: Results) -> str:
    """What was killed how often, and whether it ended with the same bytes."""
    rows, workflow = list(_rows(results, "kills")), list(_rows(results, "workflow"))
    if rows and not workflow:
        unknown = dict.fromkeys(("kills", "ends", "equal", "left"), NOT_RUN)
        workflow = [{"work": "the whole workflow", **unknown}]
    return table(
        [*rows, *workflow],
        {
            "Work": "work",
            "Kills": "kills",
            "Ends": "ends",
            "Ends with the same bytes": "equal",
            "Kills that left a process": "left",
        },
    )


def trouble_table(results: Results) -> str:
    """What else was done to an ingest, and whether it gave one line and then the same bytes."""
    part = (results.get("reliability") or {}).get("kills") or {}
    return table(part.get("troubles", ()), {"Work": "work", "One line, the same bytes": "state"})


def trial_table(results: Results) -> str:
    """When each part was tried, where, and by what."""
    found: list[tuple[Any, ...]] = []
    for part, title in PARTS.items():
        made = (results.get("reliability") or {}).get(part)
        if made:
            machine, versions = made["machine"], made["versions"]
            where = f"{machine['cpu']}, {machine['cores']} cores"
            which = f"Python {versions['python']}, PyAV {versions.get('av', '?')}"
            when = str(made["date"])[:10]
            found.append((title, made["seed"], when, duration(made["wall_s"]), where, which))
    return markdown(["Part", "Seed", "Date", "Time", "Machine", "Versions"], found)
