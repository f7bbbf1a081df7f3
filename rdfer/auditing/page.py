"""The review sheet as one HTML page that needs nothing else: no network, no script."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined, Template

from rdfer.auditing.audit import SCORE_THRESHOLD
from rdfer.auditing.frames import Film, films
from rdfer.auditing.sheet import Sheet
from rdfer.base.files import write_atomic
from rdfer.method.treatment import CLEAN, HARD, NOISY

TOP = 200
#: Rows of a picture of predictions; of more classes, those of highest mean are shown.
CLASSES_SHOWN = 10
SIGNS = {NOISY: "✕", HARD: "◐", CLEAN: "✓"}


def write_page(
    sheet: Sheet, path: str | Path, *, videos: str | Path | None = None, top: int = TOP
) -> str:
    """Write a sheet's first ``top`` videos as a page, whole or not at all.

    Args:
        sheet: of :func:`rdfer.auditing.audit.audit`.
        path: of the page.
        videos: a folder with the videos, each a file or a folder of frames named by its id; a
            few frames of each are put into the page.
        top: how many videos at most.

    Returns:
        One line that says what is in it, also of videos that could not be shown.

    Raises:
        UserError: ``videos`` is no folder, or the device is full.
    """
    shown = sheet.ids[:top]
    pictures = None if videos is None else films(videos, shown)
    text = page(sheet, pictures, top=top)
    with write_atomic(path, "w") as file:
        file.write(text)
    return summary(sheet, pictures, top=top)


def summary(sheet: Sheet, pictures: Sequence[Film] | None = None, *, top: int = TOP) -> str:
    """One line: how many videos of each kind, how many are shown, how many without frames."""
    clips = sheet.probs.shape[1]
    parts = ", ".join(f"{sheet.count(reason)} {reason}" for reason in (NOISY, HARD, CLEAN))
    line = f"{len(sheet)} videos, {clips} clips each: {parts}."
    if len(sheet) > top:
        line += f" The first {top} are shown."
    if pictures is not None:
        states = [film.state for film in pictures]
        line += f" Frames of {states.count('shown')} of {len(states)}"
        line += f" shown videos; {states.count('missing')} missing"
        line += f", {states.count('unreadable')} unreadable."
    return line


def page(sheet: Sheet, pictures: Sequence[Film] | None = None, *, top: int = TOP) -> str:
    """The page as text; ``pictures`` are of its first videos, in the order of the sheet."""
    shown = range(min(top, len(sheet)))
    return _template().render(
        sheet=sheet,
        signs=SIGNS,
        summary=summary(sheet, pictures, top=top),
        default_gap=SCORE_THRESHOLD,
        classes=[_class(sheet, c) for c in range(len(sheet.classes))],
        videos=[_video(sheet, v, pictures[v] if pictures is not None else None) for v in shown],
    )


@cache
def _template() -> Template:
    """``page.html``; whatever is put into it is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(files("rdfer.auditing").joinpath("page.html").read_text("utf-8"))


def _class(sheet: Sheet, c: int) -> dict[str, Any]:
    """How many videos of a given label are noisy, hard, clean, and what it is taken for."""
    own = sheet.given == c
    instead = np.bincount(sheet.suspected[own & (sheet.reason == NOISY)])
    return {
        "name": sheet.classes[c],
        "videos": int(own.sum()),
        "counts": [int((own & (sheet.reason == reason)).sum()) for reason in SIGNS],
        "suspected": f"{sheet.classes[instead.argmax()]} ({instead.max()})" if instead.size else "",
    }


def _video(sheet: Sheet, row: int, film: Film | None) -> dict[str, Any]:
    """One video: its labels, frames if there are any, the reason in words, its predictions."""
    probs = sheet.probs[row]  # [N, C]
    clips, mean = len(probs), probs.mean(0)
    given, suspected = int(sheet.given[row]), int(sheet.suspected[row])
    highest = np.argsort(-mean, kind="stable")[:CLASSES_SHOWN].tolist()
    rows = sorted({*highest, given})
    votes, majority = round(sheet.agreement[row] * clips), sheet.classes[sheet.majority[row]]
    return {
        "id": sheet.ids[row],
        "reason": str(sheet.reason[row]),
        "given": sheet.classes[given],
        "suspected": sheet.classes[suspected],
        "film": film,
        "explanation": explain(sheet, row),
        "clips": clips,
        "numbers": {
            "gap": f"{sheet.gap[row]:.3f}",
            "agreement": f"{votes} of {clips} for {majority}",
            "highest mean": f"{sheet.max_mean_softmax[row]:.2f}",
            "loss": f"{sheet.loss[row]:.2f}",
        },
        "rows": [
            {
                "name": sheet.classes[c],
                "kind": "given" if c == given else "suspected" if c == suspected else "",
                "probs": probs[:, c].tolist(),
                "mean": mean[c],
            }
            for c in rows
        ],
        "hidden": len(mean) - len(rows),
    }


def explain(sheet: Sheet, row: int) -> str:
    """Why a video is called clean, hard or noisy, in one sentence."""
    mean, clips = sheet.probs[row].mean(0), sheet.probs.shape[1]
    given, other = (sheet.classes[c] for c in (sheet.given[row], sheet.suspected[row]))
    own, top = mean[sheet.given[row]], sheet.max_mean_softmax[row]
    votes, gap = round(sheet.support[row] * clips), f"a gap of {sheet.gap[row]:.3f}"
    if sheet.reason[row] == NOISY:
        rule = {
            "threshold": f"at least {sheet.score_threshold:g}",
            "mixture": "noisy by the fitted mixture",
        }[sheet.rule]
        return (
            f"On average the clips say {other} ({top:.2f}), not {given} ({own:.2f}): {gap}, {rule}."
        )
    if sheet.reason[row] == CLEAN:
        return f"{votes} of {clips} clips say {given}, as the label does."
    if sheet.gap[row] > 0:
        rule = {
            "threshold": f"less than {sheet.score_threshold:g}",
            "mixture": "not noisy by the fitted mixture",
        }[sheet.rule]
        return (
            f"On average the clips lean to {other} ({top:.2f}) more than to {given} ({own:.2f}),"
            f" but only by {gap}, {rule}."
        )
    return f"On average the clips say {given}, as the label does, but only {votes} of {clips} do."
