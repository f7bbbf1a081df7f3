"""One video of a review sheet as HTML. Everything that came from outside is escaped here."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from rdfer.auditing.frames import Film
from rdfer.auditing.sheet import Sheet
from rdfer.method.treatment import CLEAN, HARD, NOISY

#: Rows of a picture of predictions; of more classes, those of highest mean are shown.
CLASSES_SHOWN = 10
SIGNS = {NOISY: "✕", HARD: "◐", CLEAN: "✓"}


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


def card(sheet: Sheet, row: int, film: Film | None) -> str:
    """One video: its labels, frames if there are any, the reason in words, its predictions."""
    reason = str(sheet.reason[row])
    given, suspected = (
        f"<b>{escape(sheet.classes[c])}</b>" for c in (sheet.given[row], sheet.suspected[row])
    )
    doubted = sheet.given[row] != sheet.suspected[row]
    labels = f"given {given}" + (f" → suspected {suspected}" if doubted else "")
    return f"""<li class="video {reason}">
<div class="head"><span class="rank">{row + 1}</span><h3>{escape(sheet.ids[row])}</h3>
{word(reason)}<span class="labels">{labels}</span></div>
<div class="body"><div>{_frames(film)}<p>{escape(explain(sheet, row))}</p>
{_numbers(sheet, row)}</div>
{_heat(sheet, row)}</div>
</li>
"""


def word(reason: str) -> str:
    """A reason with its sign, in its colour."""
    sign = f'<span aria-hidden="true">{SIGNS[reason]}</span>'
    return f'<span class="reason {reason}">{sign} {reason}</span>'


def _frames(film: Film | None) -> str:
    if film is None:
        return ""
    if film.state == "missing":
        return '<p class="nothing">no video of this name</p>'
    if film.state == "unreadable":
        return f'<p class="nothing">the video cannot be shown: {escape(film.reason)}</p>'
    images = "".join(
        f'<img src="{address}" alt="frame {k} of {len(film.frames)}" loading="lazy">'
        for k, address in enumerate(film.frames, start=1)
    )
    return f'<div class="frames">{images}</div>'


def _numbers(sheet: Sheet, row: int) -> str:
    clips = sheet.probs.shape[1]
    votes = round(sheet.agreement[row] * clips)
    majority = escape(sheet.classes[sheet.majority[row]])
    values = (
        ("gap", f"{sheet.gap[row]:.3f}"),
        ("agreement", f"{votes} of {clips} for {majority}"),
        ("highest mean", f"{sheet.max_mean_softmax[row]:.2f}"),
        ("loss", f"{sheet.loss[row]:.2f}"),
    )
    return "<dl>" + "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in values) + "</dl>"


def _heat(sheet: Sheet, row: int) -> str:
    """Classes x clips, each probability a shade; the mean over clips as a number."""
    probs = sheet.probs[row]  # [N, C]
    mean = probs.mean(0)
    given, suspected = int(sheet.given[row]), int(sheet.suspected[row])
    lines = []
    for c in _classes_shown(mean, given):
        kinds = [k for k, known in (("given", given), ("suspected", suspected)) if c == known]
        kinds = kinds[:1]  # what is suspected of being itself is not suspected
        tag = "".join(f' <span class="tag">{kind}</span>' for kind in kinds)
        cells = "".join(f'<td class="p"><i style="opacity:{p:.2f}"></i></td>' for p in probs[:, c])
        lines.append(
            f'<tr class="{" ".join(f"is-{kind}" for kind in kinds)}">'
            f"<th scope=row>{escape(sheet.classes[c])}{tag}</th>{cells}"
            f'<td class="mean">{mean[c]:.2f}</td></tr>'
        )
    hidden = len(mean) - len(lines)
    rest = f'<p class="soft">{hidden} classes of lower mean not shown.</p>' if hidden else ""
    return f"""<div><table class="heat"><thead><tr><th></th>
<th colspan="{len(probs)}">clips 1 to {len(probs)}</th><th class="mean">mean</th></tr></thead>
<tbody>{"".join(lines)}</tbody></table>{rest}</div>"""


def _classes_shown(mean: NDArray[np.float64], given: int) -> list[int]:
    if len(mean) <= CLASSES_SHOWN:
        return list(range(len(mean)))
    highest = np.argsort(-mean, kind="stable")[:CLASSES_SHOWN].tolist()
    return sorted({*highest, given})
