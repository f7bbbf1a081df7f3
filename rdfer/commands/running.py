"""Commands that run things: the whole workflow, one notebook; and what stands where."""

import argparse
import time
from pathlib import Path
from typing import Any

from rdfer.base.progress import log
from rdfer.commands.command import add_preset, noted, positive
from rdfer.commands.datasets import add_options, reading_options


def add_reproduce(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`reproduce`."""
    add_preset(parser)
    parser.add_argument("--cores", type=positive, help="default: all that may be used")
    parser.add_argument(
        "--studies",
        choices=("none", "headline", "all"),
        default="none",
        help="larger studies too: headline (symmetric noise, first seeds) or all behind the claims",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the folder of a real data set; noted, so told once",
    )
    add_options(parser.add_argument_group("how a real data set is read, told together with --data"))


def reproduce(arguments: argparse.Namespace) -> None:
    """Run what is not up to date: data, training, evaluation, figures, book."""
    from rdfer.pipeline.workflow import reproduce

    # jobs work in other directories, so paths are made absolute
    reading = {
        name: str(value.absolute()) if isinstance(value, Path) else value
        for name, value in reading_options(arguments).items()
    }
    page = reproduce(
        arguments.preset,
        cores=arguments.cores,
        studies=arguments.studies,
        data="" if arguments.data is None else str(arguments.data.absolute()),
        reading=reading,
    )
    log(f"the book: {page}")


def add_notebook(parser: argparse.ArgumentParser) -> None:
    """The arguments of :func:`notebook`."""
    parser.add_argument("name", help="of a notebook in notebooks/, or a path")
    parser.add_argument(
        "-p",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        dest="parameters",
        help="a parameter; numbers, true, false, lists and objects as in JSON",
    )
    parser.add_argument("--out", type=Path, help="default: in the preset's folder")
    parser.add_argument("--threads", type=positive, help="for numerical code")
    parser.add_argument("--done", type=Path, help="a small file to write at the end")


def notebook(arguments: argparse.Namespace) -> None:
    """Run one notebook, strict about its parameters."""
    with noted(arguments.done) as note:
        note.update(_run_notebook(arguments))


def _run_notebook(arguments: argparse.Namespace) -> dict[str, Any]:
    from rdfer.base import machine
    from rdfer.pipeline import notebooks, provenance
    from rdfer.pipeline.runs import preset_dir
    from rdfer.pipeline.workflow import runs_there

    path = notebooks.find_notebook(arguments.name)
    defaults = notebooks.declared(path)
    given = dict(arguments.parameters)
    values = {k: notebooks.parse_text(k, v, defaults.get(k)) for k, v in given.items()}
    values = notebooks.check_parameters(path, values)
    if values.get("data"):  # the notebook works in another directory
        values["data"] = str(Path(values["data"]).absolute())
    out = arguments.out
    if out is None:
        preset = values.get("preset", defaults.get("preset", "laptop"))
        folder = preset_dir(preset, values.get("overrides"))
        # one fold's evaluation does not take the place of the whole
        alone = f"-fold{values['fold']}" if values.get("fold") and "seed" not in defaults else ""
        out = folder / "notebooks" / f"{path.stem}{alone}.ipynb"
    title = " ".join([path.stem, *(f"{k} {v}" for k, v in given.items() if k != "preset")])
    log(f"{title}: started")
    begun = time.monotonic()
    notebooks.run_notebook(path, out, values, threads=arguments.threads)
    wall = round(time.monotonic() - begun, 1)
    log(f"{title}: done in {wall} s")
    told = {**defaults, **values}
    trained = {}
    if "seed" in told and "preset" in told:
        trained["runs"] = runs_there(told["preset"], told["seed"])
    return {
        **trained,
        "notebook": path.name,
        "parameters": values,
        "wall_s": wall,
        "date": provenance.now(),
        "versions": provenance.versions(),
        "machine": machine.describe(),
    }


def status(arguments: argparse.Namespace) -> None:
    """Show which runs of a preset are fresh, stale or missing."""
    from rdfer.pipeline.runs import collect, missing_message, preset_dir
    from rdfer.studies.plan import expected_runs

    frame = collect(preset_dir(arguments.preset), expected_runs(arguments.preset))
    counts = frame.groupby(["experiment", "variant", "state"], sort=False).agg(
        seeds=("seed", lambda seeds: ", ".join(map(str, seeds))), seconds=("wall_s", "sum")
    )
    print(counts.round(0).to_string())
    message = missing_message(frame)
    print(message or f"all {len(frame)} runs are fresh")


def check_env(arguments: argparse.Namespace) -> None:
    """Check that this environment can do the work."""
    from rdfer.pipeline.provenance import check_environment

    for line in check_environment():
        print(line)
