"""What several tests use: a project directory of their own, and small notebooks in it."""

import json
import signal

import pytest

# a shell has what it starts in the background ignore interrupts, and children inherit that: tests
# that interrupt one would wait for ever
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with a space in its path, which the package takes for the real one."""
    root = tmp_path / "a project"
    (root / "notebooks").mkdir(parents=True)
    (root / "_toc.yml").write_text("root: index\n")
    monkeypatch.setenv("RDFER_ROOT", str(root))
    monkeypatch.delenv("RDFER_RUNS", raising=False)
    # for small tensors more threads are only slower, and far slower on a busy machine
    monkeypatch.setenv("RDFER_THREADS", "1")
    return root


@pytest.fixture
def write_notebook(project):
    """Write ``notebooks/<name>.ipynb`` with a parameters cell and further code cells."""

    def write(name, parameters="", *cells):
        tagged = [({"tags": ["parameters"]}, parameters)] if parameters else []
        body = [
            {
                "cell_type": "code",
                "id": f"cell{k}",
                "metadata": metadata,
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for k, (metadata, source) in enumerate([*tagged, *(({}, cell) for cell in cells)])
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = project / "notebooks" / f"{name}.ipynb"
        metadata = {"kernelspec": kernel}
        content = {"cells": body, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(content))
        return path

    return write
