"""The lines of a report about a folder, and how they are shown."""

from dataclasses import dataclass
from typing import Literal

State = Literal["right", "note", "wrong"]
#: What is found of a fold whose lists or clips cannot be read at all.
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        what: is looked at.
        found: in this folder.
        known: what it should be, "" where nothing is known.
        state: right, a note, or wrong: the protocol cannot be run.
        advice: what it means and what to do.
    """

    what: str
    found: str
    known: str = ""
    state: State = "right"
    advice: str = ""

    @property
    def line(self) -> str:
        """All of it in one line."""
        known = f", known {self.known}" if self.known else ""
        told = f"{self.what.strip()} {self.found}".strip() + known
        return f"{told}: {self.advice}" if self.advice else told


@dataclass(frozen=True)
class Report:
    """All findings about one folder."""

    title: str
    folder: str
    findings: tuple[Finding, ...]

    @property
    def runnable(self) -> bool:
        """Whether the protocol can be run."""
        return all(finding.state != "wrong" for finding in self.findings)

    def lines(self) -> list[str]:
        """The report as a table, with what to do below the first line that needs it."""
        cells = [("", "found", "known", "")]
        cells += [(f.what, f.found, f.known, f.state) for f in self.findings]
        wide = [max(len(row[k]) for row in cells) for k in range(3)]
        text = [f"{self.title} in {self.folder}", ""]
        said = {""}
        for row, finding in zip(cells, (None, *self.findings), strict=True):
            what, found, known, state = row
            text.append(
                f"{what:{wide[0]}}  {found:>{wide[1]}}  {known:>{wide[2]}}  {state}".rstrip()
            )
            if finding is not None and finding.advice not in said:
                said.add(finding.advice)
                text.append(f"    {finding.advice}")
        return text


def compare(what: str, found: int, known: int, advice: str) -> Finding:
    """A count against the known one; ``advice`` is for when they differ."""
    if found == known:
        return Finding(what, str(found), str(known))
    return Finding(what, str(found), str(known), "wrong", advice)


def note(what: str, found: object, advice: str) -> Finding:
    """Something that has misled others, but does no harm here."""
    return Finding(what, str(found), "", "note", advice)
