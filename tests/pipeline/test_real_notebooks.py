"""The notebooks themselves on a real set, from its folder to the pages that tell its scores.

CREMA-D of the project's own faces, with videos that cannot be read. Its kernels are told, before
their first cell, that so small a set is whole and its protocol short; nothing else is replaced. Of
the book's pages those without scores of the run are their headings alone: they take most of the
time of building, and link to the rest of the book.
"""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup

from rdfer.base.files import read_json
from rdfer.data.manifest import Manifest
from rdfer.datasets import DATASETS, read
from rdfer.datasets.cremad import CLASSES as CREMAD_CLASSES
from rdfer.pipeline.context import Context
from rdfer.pipeline.notebooks import run_notebook
from rdfer.report import api_pages, book
from rdfer.settings.presets import PRESETS
from rdfer.settings.variants import METHODS
from tests.datasets.faces_trees import plant
from tests.datasets.layouts import LAYOUTS

#: Pages with scores of the run.
SCORED = ("index", "results/main", "label_quality", "comparison")
ROOT = Path(__file__).resolve().parents[2]
PRESET = "cremad"
#: Run by every kernel before its first cell, and by this process.
SMALL = """
from dataclasses import replace
from rdfer.pipeline.context import Context
from rdfer.datasets import DATASETS
from rdfer.datasets.dataset import Known
from rdfer.settings.presets import PRESETS
from rdfer.settings.schema import override

DATASETS["cremad"] = replace(DATASETS["cremad"], known=(Known("all", 0, CLIPS),), groups=5)
PRESETS["cremad"] = replace(PRESETS["cremad"], settings=override(PRESETS["cremad"].settings, {
    "data.frames": 16, "data.size": 32, "data.val_share": 0.34,
    "network.hidden": 8, "network.heads": 2,
    "training.epochs": 3, "training.warmup": 1, "training.lr": 0.01,
    "agreement.clips": 3, "agreement.start": 1, "agreement.every": 1,
}))
# of five folds two are run
Context.folds = property(lambda self: (self.fold,) if self.fold else FOLDS)
"""
# not while the kernel starts: who waits for it would wait for these imports too
STARTUP = """
def small(_):
    get_ipython().events.unregister("pre_run_cell", small)
    exec(SMALL, {})

get_ipython().events.register("pre_run_cell", small)
"""


@pytest.fixture
def tree(tmp_path):
    """Root and clips of the set."""
    root = tmp_path / "CREMA-D"
    return root, plant(root, LAYOUTS[PRESET])


@pytest.fixture
def folds(tree, project, tmp_path, monkeypatch):
    """The folds that test videos which cannot be read, alone; small in all processes."""
    root, items = tree
    lost = {item.id for item in items if not item.count}
    held = {k: {c.id for c in read(PRESET, root, fold=k).select(split="test").videos}
            for k in range(1, 6)}  # fmt: skip
    folds = tuple(k for k, tested in held.items() if tested & lost)
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    text = f"FOLDS, CLIPS = {folds}, {len(items)}\n{SMALL}"
    (startup / "00-small.py").write_text(f"SMALL = {text!r}\n{STARTUP}")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # what the text replaces is put back at the end
    monkeypatch.setitem(DATASETS, PRESET, DATASETS[PRESET])
    monkeypatch.setitem(PRESETS, PRESET, PRESETS[PRESET])
    monkeypatch.setattr(Context, "folds", Context.folds)
    exec(text, {})
    for name in ("notebooks", "book"):
        shutil.copytree(ROOT / name, project / name, dirs_exist_ok=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, project)
    shorten(project / "book")
    return folds


def shorten(pages):
    """Leave of pages without scores what others link to; and no links into the API's pages."""
    for path in pages.rglob("*.md"):
        name, text = path.relative_to(pages).with_suffix(""), path.read_text()
        if str(name) in (*SCORED, "bibliography") or name.parts[0] in ("parts", "real"):
            path.write_text(re.sub(r"\{py:\w+\}", "", text))
        else:
            text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
            found = re.findall(r"^(?:#+ .*|\(.*\)=)$", text, re.MULTILINE)
            path.write_text("\n\n".join(found) + "\n")


def run_all(run, root, folds):
    """Every notebook, as the workflow starts them; each fold is prepared by its own."""
    out = run / "notebooks"
    for fold in folds:
        parameters = {"preset": PRESET, "fold": fold, "seed": 0, "data": str(root)}
        run_notebook("train", out / f"train-fold{fold}-seed0.ipynb", parameters, threads=1)
    shutil.copy(out / f"train-fold{folds[0]}-seed0.ipynb", out / "train.ipynb")
    for name in ("evaluate", "agreement", "figures"):
        run_notebook(name, out / f"{name}.ipynb", {"preset": PRESET}, threads=1)


CODES = dict(zip(("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"), CREMAD_CLASSES, strict=True))


def hits_of(run, items, fold, method):
    """Whether each test clip is predicted as its own name says: [(class, right)] of a fold."""
    rows = Manifest.load(run / "manifests" / f"fold{fold}.json").videos
    arrays = np.load(run / "trained" / f"train-fold{fold}" / method / "seed0" / "arrays.npz")
    said = arrays["test_probs"].argmax(1)
    seen = {rows[v].id: CREMAD_CLASSES[c] for v, c in zip(arrays["test_videos"], said, strict=True)}
    actors = {id[:4] for id in seen}
    tested = [item.id for item in items if item.group in actors]
    return [(CODES[id.split("_")[2]], seen.get(id) == CODES[id.split("_")[2]]) for id in tested]


def scores(hits):
    """UAR / WAR in percent, as tables print them, of [(class, right)]."""
    recalls = [np.mean([right for c, right in hits if c == name]) for name in CREMAD_CLASSES]
    return np.array([np.mean(recalls), np.mean([right for _, right in hits])]) * 100


def table_of(page, title):
    """Cells of the table with a heading, by the first of each row."""
    for table in BeautifulSoup(page.read_text(), "html.parser").find_all("table"):
        rows = [[c.get_text(" ", strip=True) for c in row.find_all(["th", "td"])]
                for row in table.find_all("tr")]  # fmt: skip
        if rows[0][0] == title:
            return rows[0][1:], {row[0]: row[1:] for row in rows[1:]}
    raise AssertionError(f"{page}: no table {title!r}")


def shown(page):
    """The text that a page shows, pictures' descriptions included."""
    soup = BeautifulSoup(page.read_text(), "html.parser")
    told = [soup.find("article").get_text(" "), *(i.get("alt", "") for i in soup.find_all("img"))]
    return re.sub(r"\s+", " ", " ".join(told))


def test_from_the_notebooks_to_the_pages(tree, folds, project, monkeypatch):
    monkeypatch.setattr(api_pages, "ENTRY", "\n## {name}\n")  # what modules hold takes long to read
    root, items = tree
    run = project / "runs" / PRESET
    assert len(folds) == 2
    run_all(run, root, folds)
    html = book.build(project, preset=PRESET).parent

    page = html / "book" / "results" / "main.html"
    header, rows = table_of(page, "UAR / WAR, %")
    assert header == [*(f"Fold {k}" for k in folds), "Mean over folds", "Pooled"]
    methods = {v.title: name for name, v in METHODS.items() if name != "clean"}
    assert set(rows) == set(methods)
    apart = 0
    for title, cells in rows.items():
        of_fold = [hits_of(run, items, k, methods[title]) for k in folds]
        values = [*map(scores, of_fold)]
        values += [np.mean(values, axis=0), scores([hit for hits in of_fold for hit in hits])]
        assert cells == ["{:.1f} / {:.1f}".format(*pair) for pair in values]
        apart += cells[-1] != cells[-2]
    # folds of other sizes: mean and pooled value are not taken for each other
    assert apart
    # every clip of the actors tested counts, those that cannot be read as wrong
    lost = [item for item in items if not item.count]
    main = read_json(run / "results" / "main.json")["rows"][0]
    assert main["unreadable"] == len(lost) == 2 and main["n_clips"] == sum(map(len, of_fold))

    _, quality = table_of(html / "book" / "label_quality.html", "Score")
    assert "Gap against the given label" in quality
    for name in ("index", "results/main", "label_quality"):
        text = shown(html / "book" / f"{name}.html")
        assert "synthetic" not in text and "not run here" not in text
        assert "CREMA-D" in text
