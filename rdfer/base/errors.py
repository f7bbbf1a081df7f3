"""The exceptions that the command line turns into one line, and hints for mistyped names."""

import difflib
from collections.abc import Iterable

#: Signs that are shown of a value from elsewhere, and of a whole message.
VALUE, MESSAGE = 80, 1000


def short(value: object, most: int = VALUE) -> str:
    r"""A value from elsewhere as a message quotes it: in one line, its middle left out if long.

    >>> short("one\ntwo"), short("abcdefghijklmnop", 12)
    ('one\\ntwo', 'abcdef .. op')
    """
    text = str(value)
    if len(text) > most:
        end = most // 5
        text = f"{text[: most - end - 4]} .. {text[-end:]}"
    if text.isprintable():
        return text
    # also what turns the direction of writing, and bytes of a file's name that are no text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class UserError(ValueError):
    """Bad input. The message is one line that names the thing, its value and the rule.

    The command line prints it as ``error: ...`` and exits with status 2. Whatever is quoted in
    it, it stays one line of at most some :data:`MESSAGE` signs; what is left out is the middle,
    so that the thing and the rule remain.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(short(message, MESSAGE))


class Stopped(RuntimeError):
    """Work that was begun could not be ended, for a reason that is told elsewhere in full.

    The command line prints it as ``error: ...`` and exits with status 1.
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for a mistyped name: the nearest known one, else the whole list."""
    known = sorted(map(short, known))
    near = difflib.get_close_matches(short(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else short("known: " + ", ".join(known), 300)
