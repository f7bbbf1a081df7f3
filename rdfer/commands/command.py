"""What a command is, and the types of its arguments."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One word after ``rdfer``.

    Attributes:
        about: one line of help.
        arguments: adds its arguments to a parser.
        run: does the work on the parsed arguments.
    """

    about: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number from 1 on")
    return int(text)


def natural(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number from 0 on")
    return int(text)


def add_preset(parser: argparse.ArgumentParser, default: str | None = "laptop") -> None:
    """The argument ``--preset``; its value is checked where it is used."""
    parser.add_argument("--preset", default=default, help="smoke, laptop or gpu")
