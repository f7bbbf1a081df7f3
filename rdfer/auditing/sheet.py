"""The review sheet: every video with what its clips say about its label, as arrays and as csv."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rdfer.auditing.input import Strings
from rdfer.base.files import as_cell, write_atomic

if TYPE_CHECKING:
    import pandas as pd

Rule: TypeAlias = Literal["threshold", "mixture"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """Every video with what its clips say about its label, the most suspicious first.

    Attributes:
        ids: of the V videos.
        classes: names of the C classes.
        probs: clip predictions, float64 [V, N, C].
        given: index of the given label, int64 [V].
        suspected: index of the class that the mean softmax favours, int64 [V]; the given one
            where no other has more.
        reason: "clean", "hard" or "noisy", [V].
        gap: by how much the mean softmax favours the suspected class to the given one, [V].
        contrary: the gap with its sign, by which the sheet is ranked, [V].
        agreement: share of the clips that vote for ``majority``, [V].
        majority: index of the class that most clips vote for, int64 [V].
        support: share of the clips that vote for the given label, [V].
        max_mean_softmax: highest probability of the mean softmax, [V].
        loss: cross-entropy of the mean softmax with the given label, nats, [V].
        rule: what made a label noisy, a threshold or a mixture.
        score_threshold: gap from which on a label is noisy by the rule "threshold".
        threshold: support from which on the rest is clean.
        notes: what a reader should know, a sentence each.
    """

    ids: Strings
    classes: Strings
    probs: NDArray[np.float64]
    given: NDArray[np.int64]
    suspected: NDArray[np.int64]
    reason: NDArray[Any]  # of text; Sphinx cannot write the name of its type
    gap: NDArray[np.float64]
    contrary: NDArray[np.float64]
    agreement: NDArray[np.float64]
    majority: NDArray[np.int64]
    support: NDArray[np.float64]
    max_mean_softmax: NDArray[np.float64]
    loss: NDArray[np.float64]
    rule: Rule
    score_threshold: float
    threshold: float
    notes: Strings = ()

    def __len__(self) -> int:
        return len(self.ids)

    def count(self, reason: str) -> int:
        """How many videos are called so."""
        return int((self.reason == reason).sum())

    def columns(self) -> dict[str, Any]:
        """The rows by column: rank, id, given, suspected, reason and the scores."""
        return {
            "rank": np.arange(1, len(self) + 1),
            "id": list(self.ids),
            "given": [self.classes[c] for c in self.given],
            "suspected": [self.classes[c] for c in self.suspected],
            "reason": self.reason,
            "gap": self.gap,
            "agreement": self.agreement,
            "max_mean_softmax": self.max_mean_softmax,
            "loss": self.loss,
        }

    def frame(self) -> "pd.DataFrame":
        """The same as a table of pandas, which the core does without."""
        import pandas as pd

        return pd.DataFrame(self.columns())


def write_csv(sheet: Sheet, path: str | Path) -> None:
    """Write every row of a sheet as csv with six decimals, whole or not at all."""
    columns = sheet.columns()
    with write_atomic(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([f"{x:.6f}" if isinstance(x, float) else as_cell(x) for x in row])
