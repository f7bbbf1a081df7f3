"""Staging and building of the book.

The pages in ``book/`` hold no numbers. Staging copies them to ``_build/stage``, lays the executed
notebooks over ``notebooks/``, and writes there what pages include: tables, figures, and the
single numbers that they quote. Sphinx then builds the stage with warnings as errors; the old
book stands until the new one is whole.

The results come from ``results/`` (the committed reference), or from ``runs/<preset>/``: then
every page carries a banner that says so. Of a run on a real data set, the files in ``book/real/``
take the place of those of the same name, which are about rendered videos.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from sphinx_external_toc.parsing import parse_toc_yaml

from rdfer.base.errors import UserError
from rdfer.base.progress import log
from rdfer.pipeline.data_folder import is_real
from rdfer.pipeline.runs import preset_dir
from rdfer.report import api_pages, executed, readout
from rdfer.report.included import write_figures, write_tables, write_text
from rdfer.report.reported import load_reported
from rdfer.report.substitutions import substitutions
from rdfer.settings.presets import get_preset
from rdfer.studies.real_results import gather_real

#: Results without which there is no book; the others may read "not run here".
NEEDED = ("meta", "main", "agreement", "ablation")
#: The same of a run on a real data set, where the truth is not known.
NEEDED_REAL = ("meta", "main", "labels")
#: Directory of the book's files that show a run on a real data set in place of another.
REAL = "real"
COLAB = "https://colab.research.google.com"


@dataclass(frozen=True)
class Source:
    """Where the results of one book lie."""

    preset: str | None  # None: the committed reference
    results: Path
    notebooks: Path
    figures: Path

    @property
    def real(self) -> bool:
        """Whether the run was one on a real data set: then some notebooks have no place in it."""
        return self.preset is not None and is_real(get_preset(self.preset).settings.data)


def find_source(root: Path, preset: str | None = None) -> Source:
    """The committed reference, or the run of a preset.

    Raises:
        UserError: there is no such preset or run, or a result that the book needs is missing in it.
    """
    if preset is None:
        results = root / "results"
        source = Source(None, results, results / "notebooks", root / "figures")
        remedy = "run `make reference`, or build the book of a run with --preset"
    else:
        run = preset_dir(preset, root=root)
        source = Source(preset, run / "results", run / "notebooks", run / "results" / "figures")
        remedy = f"run `rdfer reproduce --preset {preset}` first"
    needed = NEEDED_REAL if source.real else NEEDED
    missing = [n for n in needed if not (source.results / f"{n}.json").exists()]
    if missing:
        raise UserError(f"{source.results / missing[0]}.json: no such file; {remedy}")
    return source


def stage(root: str | Path, *, preset: str | None = None, out: str | Path | None = None) -> Path:
    """Write the tree that Sphinx builds.

    Args:
        root: the repository's root.
        preset: whose results; ``None`` takes the committed reference.
        out: the tree, replaced if it exists; ``_build/stage`` in the root if not given.

    Returns:
        The tree.

    Raises:
        UserError: a page, notebook or result that the book needs is missing, or a notebook ended
            in an error.
    """
    root = Path(root).resolve()
    source = find_source(root, preset)
    results = readout.load_results(source.results)
    if source.preset not in (None, results["meta"]["preset"]):
        raise UserError(
            f"{source.results / 'meta.json'}: preset = {results['meta']['preset']!r}, "
            f"but this is the run of {source.preset!r}"
        )
    reported, runs = load_reported(root / "book" / "reported_results.csv"), gather_real(root)
    target = Path(out) if out else root / "_build" / "stage"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(root / "book", target / "book", ignore=shutil.ignore_patterns(REAL))
    if source.real:
        shutil.copytree(root / "book" / REAL, target / "book", dirs_exist_ok=True)
    shutil.copytree(root / "book" / "_static", target / "_static")
    shutil.copy2(root / "_toc.yml", target)
    rooms = api_pages.write_pages(target / "book" / "api")
    write_text(target / "generated" / "api_rooms.md", rooms)
    for page in toc_pages(root / "_toc.yml"):
        if page.startswith("notebooks/"):
            made = source.notebooks / f"{Path(page).name}.ipynb"
            if source.real and not made.exists():
                executed.stage_unrun(root / f"{page}.ipynb", target / f"{page}.ipynb")
            else:
                executed.stage_notebook(made, target / f"{page}.ipynb", root=root)
        elif not (target / f"{page}.md").exists():
            raise UserError(f"{root / page}.md: no such file, but _toc.yml lists it")
    write_figures(source.results, source.figures, runs, target)
    write_tables(results, reported, runs, source.results, target / "generated" / "tables")
    _write_config(root, target, source.preset, substitutions(results, reported, runs))
    return target


def build(root: str | Path, *, preset: str | None = None) -> Path:
    """Stage and build the book with warnings as errors.

    Returns:
        ``_build/html/index.html``.

    Raises:
        UserError: staging failed, or Sphinx found something wrong. The book built before, if any,
            is left as it was.
    """
    root = Path(root).resolve()
    tree = stage(root, preset=preset)
    work = root / "_build" / "work"
    shutil.rmtree(work, ignore_errors=True)
    # the package has no __main__, and its script may lie outside PATH
    start = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "build", str(tree), "--path-output", str(work)]
    # the package of this tree is the one documented, installed or not
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    log("building the book")
    done = subprocess.run(
        [*command, "-W", "-n", "--keep-going", "-q"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    report = root / "_build" / "book.log"
    output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    report.write_text(output, encoding="utf-8")
    if done.returncode:
        for line in complaints(output):
            log(line)
        raise UserError(f"{report}: the book was not built; warnings count as errors")
    page = root / "_build" / "html"
    shutil.rmtree(page, ignore_errors=True)
    shutil.move(work / "_build" / "html", page)
    return page / "index.html"


def complaints(output: str) -> list[str]:
    """The lines of a build's output that say what is wrong; the last lines if none does."""
    lines = output.splitlines()
    marked = [line for line in lines if re.search(r"\b(WARNING|ERROR|Error):", line)]
    return marked or lines[-20:]


def toc_pages(path: str | Path) -> list[str]:
    """Every page that a table of contents lists, without suffix, in reading order."""
    return list(parse_toc_yaml(path))


def _write_config(root: Path, target: Path, preset: str | None, numbers: Mapping[str, str]) -> None:
    """The root's ``_config.yml`` plus what is known only now: numbers, banner, repository."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    config["parse"]["myst_substitutions"] = dict(numbers)
    if preset is not None:
        config["html"]["announcement"] = (
            f"This book was built from a run with the preset <b>{html.escape(preset)}</b>. "
            "Its numbers are not the reference results of the project."
        )
    url = repository(root / "pyproject.toml")
    if url:
        config["repository"] = {"url": url, "branch": "main", "path_to_book": ""}
        config["launch_buttons"] = {"notebook_interface": "classic", "colab_url": COLAB}
        config["html"]["use_repository_button"] = True
    write_text(target / "_config.yml", yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def repository(pyproject: Path) -> str | None:
    """The project's GitHub address if ``pyproject.toml`` names one; Colab opens only such."""
    if not pyproject.exists():
        return None
    urls = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {}).get("urls", {})
    url = {key.lower(): value.rstrip("/") for key, value in urls.items()}.get("repository", "")
    return url if url.startswith("https://github.com/") else None
