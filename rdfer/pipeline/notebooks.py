"""Notebooks as files: their parameters, their code, and running one in a kernel of its own.

papermill alone only warns about a parameter that the notebook does not have, and hands on strings
where numbers are meant. Here both are errors, before anything runs. A notebook that is called by
plain papermill has its types checked in its second cell (:func:`rdfer.pipeline.context.begin`); a
misspelt name cannot be seen there: papermill's warning is all there is.
"""

import ast
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rdfer.base.errors import Stopped, UserError, did_you_mean, short
from rdfer.base.files import read_json, write_atomic
from rdfer.pipeline.runs import find_root
from rdfer.settings.presets import get_preset
from rdfer.settings.schema import Seed, check_value, override

# what numerical libraries read when they start, and what this package reads
THREADS = (
    "RDFER_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
START_S = 300  # a kernel that starts is waited for; on a busy machine a minute is not enough


def find_notebook(name_or_path: str | Path) -> Path:
    """A notebook by its path, or by the name of one in ``notebooks/``.

    Raises:
        UserError: there is none.
    """
    path = Path(name_or_path)
    if path.suffix == ".ipynb":
        if not path.is_file():
            raise UserError(f"notebook {path}: no such file")
        return path
    directory = find_root() / "notebooks"
    known = {found.stem: found for found in directory.glob("*.ipynb")}
    if str(name_or_path) not in known:
        raise UserError(f"notebook {str(name_or_path)!r}: {did_you_mean(str(path), known)}")
    return known[str(name_or_path)]


def code_of(path: Path) -> str:
    """The code of a notebook as one text; lines of IPython (``%``, ``!``) are left out.

    Raises:
        UserError: the file is no notebook, or a cell is no Python.
    """
    found = read_json(path)
    try:
        if found["nbformat"] != 4:
            raise ValueError
        cells = found["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a notebook of format 4") from None
    lines = "\n".join(code).splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        told = short(getattr(error, "msg", error))
        raise UserError(f"{path}: a code cell is not valid Python ({told})") from None
    return text


def declared(path: Path) -> dict[str, Any]:
    """Parameters of a notebook with their defaults: the cell tagged ``parameters``.

    Raises:
        UserError: no notebook, no such cell, or a default that is no literal.
    """
    import papermill  # a second, which no other command should wait for

    code_of(path)
    found = papermill.inspect_notebook(path)
    if not found:
        raise UserError(f"{path}: no cell is tagged 'parameters', or it has none")
    defaults = {}
    for name, told in found.items():
        try:
            defaults[name] = ast.literal_eval(told["default"])
        except (ValueError, SyntaxError):
            rule = "its default must be a literal"
            raise UserError(f"{path}: parameter {name!r}: {rule}") from None
    return defaults


def parse_text(name: str, text: str, default: Any) -> Any:
    """A parameter from the command line, read as the type of its default.

    Raises:
        UserError: it does not read so.
    """
    expected = type(default)
    if expected is str:
        return text
    try:
        # JSON knows numbers, true, false, null, lists and objects; nothing is guessed
        value = json.loads(text)
    except ValueError:
        value = text
    return value if default is None else check_value(name, value, expected)


def check_parameters(path: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Check parameters against the defaults of a notebook: known names, the same types.

    Raises:
        UserError: an unknown name, or a value of another type than its default.
    """
    defaults = declared(path)
    for name in parameters:
        if name not in defaults:
            hint = did_you_mean(name, defaults)
            raise UserError(f"{path.name}: parameter {name!r}: unknown; {hint}")
    return {
        name: value if defaults[name] is None else check_value(name, value, type(defaults[name]))
        for name, value in parameters.items()
    }


def _check_values(values: Mapping[str, Any]) -> None:
    """Refuse what the notebook's second cell would refuse, before a kernel starts.

    Raises:
        UserError: an unknown preset, settings without meaning, a seed out of its range.
    """
    if "seed" in values:
        check_value("seed", values["seed"], Seed)
    if "preset" not in values:
        return
    changes = values.get("overrides") or {}
    override(get_preset(values["preset"]).settings, changes)
    if "network.encoder" in changes:  # which models there are, timm knows: seconds, so only then
        from rdfer.pipeline.context import begin

        begin(values["preset"], changes)


@contextmanager
def kernel_environment(threads: int | None) -> Iterator[Path]:
    """The environment that a notebook's kernel inherits, and a private directory for its files.

    A kernel draws no figures into its notebook where ``MPLBACKEND`` names a backend for files,
    so that variable is taken away.
    """
    before = dict(os.environ)
    os.environ.pop("MPLBACKEND", None)
    # the kernel of this environment, not one of the same name in the user's home
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    # tqdm misses its widgets; our own progress is lines there
    quiet = ["ignore:IProgress not found", *filter(None, [before.get("PYTHONWARNINGS")])]
    os.environ["PYTHONWARNINGS"] = ",".join(quiet)
    if threads is not None:
        os.environ.update(dict.fromkeys(THREADS, str(threads)))
    try:
        with tempfile.TemporaryDirectory(prefix="rdfer-", ignore_cleanup_errors=True) as folder:
            os.environ["JUPYTER_RUNTIME_DIR"] = folder
            yield Path(folder)
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_notebook(
    name_or_path: str | Path,
    out: str | Path,
    parameters: Mapping[str, Any],
    *,
    threads: int | None = None,
) -> Path:
    """Run a notebook from top to bottom and write it, with its outputs, to ``out``.

    ``out`` appears only when the notebook ran through. What stopped half way lies beside it as
    ``<name>.failed.ipynb``, with the traceback.

    Args:
        name_or_path: a path, or the name of one in ``notebooks/``.
        out: where the executed notebook goes.
        parameters: laid over the notebook's own, by name, of the type of their defaults.
        threads: for numerical libraries in the kernel; as they please without it.

    Returns:
        ``out``.

    Raises:
        UserError: unknown notebook or parameter, a wrong type, or a :class:`UserError` inside.
        Stopped: any other error inside.
    """
    path, out = find_notebook(name_or_path), Path(out)
    checked = check_parameters(path, parameters)
    _check_values({**declared(path), **checked})
    failed = out.with_name(f"{out.stem}.failed.ipynb")
    _execute(path.resolve(), failed.resolve(), checked, threads)
    _forget_paths(failed)
    os.replace(failed, out)
    return out


def _execute(path: Path, out: Path, parameters: dict[str, Any], threads: int | None) -> None:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with kernel_environment(threads) as folder:
            # sockets of its own: a free port can be lost to a kernel that starts beside
            ipc = {"transport": "ipc", "ip": str(folder / "kernel")}
            papermill.execute_notebook(
                path,
                out,
                parameters=parameters,
                cwd=path.parent,
                progress_bar=False,
                start_timeout=START_S,
                stderr_file=sys.stderr,
                config=Config(KernelManager=ipc if os.name == "posix" else {}),
                # a kernel that is shut down calls that an error; errors of cells come by papermill
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            )
    except PapermillExecutionError as error:
        if error.ename == UserError.__name__:
            raise UserError(f"{path.name}: {error.evalue}") from None
        raise Stopped(
            f"{path.name}: {error.ename}: {error.evalue} (the notebook with its traceback: {out})"
        ) from None
    except DeadKernelError:
        raise Stopped(f"{path.name}: its kernel died; was there enough memory?") from None
    except RuntimeError as error:
        raise Stopped(f"{path.name}: its kernel failed ({error})") from None
    except KeyboardInterrupt:
        out.unlink(missing_ok=True)
        raise


def _forget_paths(path: Path) -> None:
    """Take out the places where papermill found and put the notebook: nobody else has them."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for name in ("input_path", "output_path"):
        notebook.metadata.get("papermill", {}).pop(name, None)
    with write_atomic(path, "w") as file:
        nbformat.write(notebook, file)
