"""The command line: ``rdfer ...``, thin over the package's functions.

Bad input is one line ``error: ...`` and exit status 2, and so is a package that is not installed;
an interrupt is one line and 130. Where nobody reads the output any more, as after ``| head``, a
command ends without a word and with 141, as others do.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from rdfer.base.errors import Stopped, UserError
from rdfer.base.progress import log
from rdfer.commands import COMMANDS

#: What the package imports beyond its core, by the extra that brings it.
EXTRAS = {
    "faces": "numba",
    "workflow": "lightning_fabric nbclient nbformat pandas papermill psutil pydantic"
    " snakemake traitlets yaml",
    "book": "adjustText matplotlib seaborn sphinx_external_toc",
    "audit": "jinja2",
    "rivals": "cleanlab",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all of this package's are."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with status 2."""
        self.exit(2, f"error: {self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> Parser:
    """The parser of every command."""
    about = "Robust dynamic facial expression recognition: results, data, training, labels judged."
    parser = Parser(prog="rdfer", description=about, allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name, help=command.about, description=command.about, allow_abbrev=False
        )
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    if isinstance(sys.stderr, io.TextIOWrapper):
        # where Python is told not to buffer, a line's end is a write of its own: lines of jobs
        # that run side by side would mix
        sys.stderr.reconfigure(line_buffering=True, write_through=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # names of files need not be text
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:  # Python flushes again at its end, and would say so
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return 141


def _run(argv: Sequence[str] | None) -> int:
    arguments = build_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except UserError as error:
        log(f"error: {error}")
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        # a place that does not exist or may not be written; a full device is a UserError already
        log(f"error: {error.filename or 'file'}: {error.strerror or error}")
        return 2
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        extras = [extra for extra, names in EXTRAS.items() if name in names.split()]
        if not extras:
            raise
        log(f"error: {name}: not installed; install rdfer[{extras[0]}]")
        return 2
    except Stopped as error:
        log(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        log("interrupted; the same command goes on from here")
        return 130
    return 0
