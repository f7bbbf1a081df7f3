"""What a command is, and the types of its arguments."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdfer.base.errors import Stopped, UserError, short
from rdfer.base.files import write_json


@dataclass(frozen=True)
class Command:
    """One word after ``rdfer``.

    Attributes:
        run: does the work on the parsed arguments; its docstring is the help.
        arguments: adds its arguments to a parser.
    """

    run: Callable[[argparse.Namespace], None]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda _: None

    @property
    def about(self) -> str:
        """One line of help."""
        return " ".join(str(self.run.__doc__).split()).removesuffix(".")


def natural(text: str, *, least: int = 0) -> int:
    """A whole number from 0 to 2^32 - 1, which every seed is as well."""
    most = 2**32 - 1
    if not (text.isdecimal() and len(text) < 12 and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(
            f"{short(text)!r}: must be a whole number from {least} on, at most {most}"
        )
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 on."""
    return natural(text, least=1)


def add_preset(parser: argparse.ArgumentParser, default: str | None = "laptop") -> None:
    """The argument ``--preset``; its value is checked where it is used."""
    parser.add_argument(
        "--preset", default=default, help="smoke, laptop, gpu, or a data set such as dfew"
    )


@contextmanager
def noted(path: Path | None) -> Iterator[dict[str, Any]]:
    """Write at the end what the block put into the dictionary; beside it, what stopped it.

    The workflow waits for the one (``<job>.json``) and tells the other (``<job>.error.json``).
    """
    note: dict[str, Any] = {}
    try:
        yield note
    except (UserError, Stopped) as error:
        if path is not None:
            told = {"user": isinstance(error, UserError), "message": str(error)}
            write_json(path.with_suffix(".error.json"), told)
        raise
    if path is not None:
        write_json(path, note)
