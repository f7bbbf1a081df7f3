"""The review sheet as one HTML page that needs nothing else: no network, no script."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from rdfer.auditing.audit import SCORE_THRESHOLD
from rdfer.auditing.card import card, word
from rdfer.auditing.frames import Film, films
from rdfer.auditing.sheet import Sheet
from rdfer.auditing.style import STYLE
from rdfer.base.files import write_atomic
from rdfer.method.treatment import CLEAN, HARD, NOISY

TOP = 200
# names from outside are escaped; should one slip through, this keeps it from loading or running
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
WARNING = """<p><strong>A suspicion is not a proof.</strong> Labels are judged by a model. Where the
model is wrong, a right label looks noisy: most of all for rare classes, for faces unlike those it
was trained on, and for expressions that it always confuses. Look at the video before you change a
label.</p>
<p>A model that was trained on a label comes to repeat it: predictions of videos that it has not
seen (cross-validation), or of early epochs, tell more.</p>
{rule}"""
RULES = {
    "threshold": """<p>A label is called noisy from a gap of {gap:g} on. The default of
{default_gap:g} was settled on an embedded benchmark of synthetic faces, not on your data: the
ranking means more than the words.</p>""",
    "mixture": """<p>A label is called noisy by a mixture of two distributions, fitted to the gaps
of these very videos; it finds a noisy part even where there is none. The ranking means more than
the words.</p>""",
}


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
    cards = [
        card(sheet, v, pictures[v] if pictures is not None else None)
        for v in range(min(top, len(sheet)))
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
    rule = RULES[sheet.rule].format(gap=sheet.score_threshold, default_gap=SCORE_THRESHOLD)
    warning = WARNING.format(rule=rule)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Which labels to look at again</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Which labels to look at again</h1>
<p>{escape(summary(sheet, pictures, top=top))}</p>
{f'<ul class="notes">{notes}</ul>' if notes else ""}
<div class="intro">
<div class="warning">{warning}</div>
{_by_class(sheet)}
</div>
<details><summary>How to read it</summary>
{_legend(sheet)}
</details>
<fieldset><legend>Videos, the most suspicious label first</legend>{_choices(sheet)}</fieldset>
<ol>
{"".join(cards)}</ol>
</main>
</body>
</html>
"""


def _by_class(sheet: Sheet) -> str:
    """Counts of each reason by given label, and what it is taken for most often."""
    lines = []
    for c, name in enumerate(sheet.classes):
        own = sheet.given == c
        counts = [int((own & (sheet.reason == reason)).sum()) for reason in (NOISY, HARD, CLEAN)]
        instead = np.bincount(sheet.suspected[own & (sheet.reason == NOISY)])
        often = f"{sheet.classes[instead.argmax()]} ({instead.max()})" if instead.size else ""
        cells = "".join(f"<td>{count}</td>" for count in (int(own.sum()), *counts))
        if not own.any():
            cells, often = "<td>none</td>" + "<td>–</td>" * 3, "–"
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}<td>{escape(often)}</td></tr>')
    heads = "".join(f"<th>{word(reason)}</th>" for reason in (NOISY, HARD, CLEAN))
    return f"""<div class="wide"><table class="classes"><thead><tr><th>given</th><th>videos</th>
{heads}<th>most often suspected</th></tr></thead>
<tbody>{"".join(lines)}</tbody></table></div>"""


def _legend(sheet: Sheet) -> str:
    steps = "".join(f'<i style="--p:{p}"></i>' for p in (0, 0.25, 0.5, 0.75, 1))
    large = {
        "threshold": f"by {sheet.score_threshold:g} or more",
        "mixture": "by more than the fitted mixture takes for usual",
    }[sheet.rule]
    return f"""<p>{word(NOISY)}: the mean of the clips' predictions prefers another class to the
given one, {large} (the <em>gap</em>). {word(HARD)}: it does not, but fewer than
{sheet.threshold:.0%} of the clips vote for the given class. {word(CLEAN)}: neither.</p>
<p>The table of each video has a row a class and a column a clip. The fuller the colour, the higher
the probability: 0 <span class="key" role="img" aria-label="five shades">{steps}</span> 1.
<em>Agreement</em> counts the clips that vote for the most voted class. <em>Loss</em> is the
cross-entropy of the mean prediction with the given label, in nats.</p>"""


def _choices(sheet: Sheet) -> str:
    return "".join(
        f'<label><input type="checkbox" id="show-{reason}" checked> {word(reason)}'
        f' <span class="soft">{sheet.count(reason)}</span></label> '
        for reason in (NOISY, HARD, CLEAN)
    )
