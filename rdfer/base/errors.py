"""The exceptions that the command line turns into one line, and hints for mistyped names."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Bad input. The message is one line that names the thing, its value and the rule.

    The command line prints it as ``error: ...`` and exits with status 2.
    """


class Stopped(RuntimeError):
    """Work that was begun could not be ended, for a reason that is told elsewhere in full.

    The command line prints it as ``error: ...`` and exits with status 1.
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for a mistyped name: the nearest known one, else the whole list."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(known)
