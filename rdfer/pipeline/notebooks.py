"""Run a parameterized notebook strictly, in a kernel of this environment."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

from rdfer.base.errors import Stopped, UserError
from rdfer.base.files import write_atomic
from rdfer.pipeline.parameters import check_parameters, find_notebook

# what numerical libraries read when they start, and what this package reads
THREADS = (
    "RDFER_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
START_S = 300  # a kernel that starts is waited for; on a busy machine a minute is not enough


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
    failed = out.with_name(f"{out.stem}.failed.ipynb")
    _execute(path.resolve(), failed.resolve(), checked, threads)
    _forget_paths(failed)
    os.replace(failed, out)
    return out


def _execute(path: Path, out: Path, parameters: dict[str, Any], threads: int | None) -> None:
    # papermill takes a second to import, and only this function needs it
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
    notebook = nbformat.read(path, as_version=4)
    for name in ("input_path", "output_path"):
        notebook.metadata.get("papermill", {}).pop(name, None)
    with write_atomic(path, "w") as file:
        nbformat.write(notebook, file)
