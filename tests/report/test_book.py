"""Staging and building of the book, and what its pages may not hold."""

import json
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import v4

from rdfer.base.errors import UserError
from rdfer.report import api_pages, book, executed, included, schemes
from rdfer.report.included import FIGURES, TABLES
from rdfer.report.readout import load_results
from rdfer.report.reported import Peer, load_reported
from rdfer.report.schemes import SCHEMES
from rdfer.report.substitutions import substitutions

ROOT = Path(__file__).parents[2]
INVENTED = ROOT / "tests" / "book" / "results"
REAL = ROOT / "book" / book.REAL  # what shows a real run, in place of files of the same name
PARTS = ROOT / "book" / "parts"  # what pages include
TEXTS = sorted((ROOT / "book").rglob("*.md"))
PAGES = [p for p in TEXTS if not p.is_relative_to(REAL) and p.parent != PARTS]
RESULT_PAGES = [PARTS / "cover.md", *sorted((ROOT / "book" / "results").glob("*.md"))]
RESULT_TEXTS = [*RESULT_PAGES, ROOT / "book" / "index.md", *sorted(REAL.rglob("*.md"))]

sys.path.append(str(ROOT / "book" / "_ext"))
import docstrings  # noqa: E402
import static_math  # noqa: E402


def write_notebook(path, *cells, heading="# A notebook"):
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    body = [v4.new_markdown_cell(heading), *cells]
    nbformat.write(v4.new_notebook(cells=body, metadata=metadata), path)


def ran(source="1 + 1", *outputs):
    return v4.new_code_cell(source, execution_count=1, outputs=list(outputs))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A small project whose results are the invented ones, in results/ and in runs/smoke/.

    One figure is drawn: all are in test_figures.py, the schemes in the book of a real run.
    """
    monkeypatch.delenv("RDFER_RUNS", raising=False)
    monkeypatch.setattr(included, "FIGURES", {"main_comparison": FIGURES["main_comparison"]})
    monkeypatch.setattr(schemes, "SCHEMES", {})
    root = tmp_path / "a project"
    for name in ("_ext", "_static", "parts"):
        shutil.copytree(ROOT / "book" / name, root / "book" / name)
    (root / "book" / "api").mkdir()
    for name in ("references.bib", "reported_results.csv"):
        shutil.copy(ROOT / "book" / name, root / "book")
    (root / "book" / "captions.yml").write_text("main_comparison: Scores.\nunheard_of: What?\n")
    shutil.copy(ROOT / "_config.yml", root)
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: notebooks/train\n"
    )
    (root / "book" / "index.md").write_text(
        "# The book\n\n{{ uar_ours }} and $A = \\frac{1}{N}$\n\n"
        "```{include} /generated/figures/main_comparison.md\n```\n"
        + "".join(f"\n```{{include}} /book/parts/{p.name}\n```\n" for p in PARTS.glob("*.md"))
    )
    for place in (root / "results", root / "runs" / "smoke" / "results"):
        shutil.copytree(INVENTED, place)
    meta = root / "runs" / "smoke" / "results" / "meta.json"
    meta.write_text(meta.read_text().replace('"preset": "test"', '"preset": "smoke"'))
    write_notebook(root / "results" / "notebooks" / "train.ipynb", ran())
    write_notebook(root / "runs" / "smoke" / "notebooks" / "train.ipynb", ran())
    return root


def test_stage_of_the_reference(root):
    stage = book.stage(root)
    config = yaml.safe_load((stage / "_config.yml").read_text())
    assert config["parse"]["myst_substitutions"]["uar_ours"] == "70.2"
    assert "announcement" not in config["html"]
    assert "launch_buttons" not in config
    assert (stage / "notebooks" / "train.ipynb").exists()
    figure = (stage / "generated" / "figures" / "main_comparison.md").read_text()
    assert ":alt: Mean and 95 % interval" in figure
    assert "not run here" in (stage / "generated" / "figures" / "unheard_of.md").read_text()
    assert (stage / "figures" / "main_comparison.svg").exists()


def test_a_book_of_a_run_says_so_on_every_page(root):
    config = yaml.safe_load((book.stage(root, preset="smoke") / "_config.yml").read_text())
    assert "<b>smoke</b>" in config["html"]["announcement"]


def test_pictures_that_notebooks_made_come_along(root):
    made = root / "figures"
    made.mkdir()
    (made / "unheard_of.png").write_bytes(b"png")
    stage = book.stage(root)
    text = (stage / "generated" / "figures" / "unheard_of.md").read_text()
    assert "/figures/unheard_of.png" in text
    assert ":alt: What?" in text


@pytest.mark.parametrize("name", book.NEEDED)
def test_a_missing_result_is_named(root, name):
    (root / "results" / f"{name}.json").unlink()
    with pytest.raises(UserError, match=rf"{name}\.json: no such file; run `make reference`"):
        book.stage(root)


def test_a_run_that_is_not_there_is_named(root):
    with pytest.raises(UserError, match="rdfer reproduce --preset laptop"):
        book.stage(root, preset="laptop")


def test_an_unknown_preset_is_refused(root):
    with pytest.raises(UserError, match="preset = 'smok': unknown; did you mean 'smoke'"):
        book.find_source(root, "smok")


def test_a_run_is_found_where_runs_are(root, tmp_path, monkeypatch):
    assert book.find_source(root, "smoke").results == root / "runs" / "smoke" / "results"
    elsewhere = tmp_path / "else where"
    shutil.move(root / "runs", elsewhere)
    monkeypatch.setenv("RDFER_RUNS", str(elsewhere))
    assert book.find_source(root, "smoke").results == elsewhere / "smoke" / "results"


def test_a_run_on_a_real_set_needs_no_ablation_and_shows_that_there_is_none(root):
    run = root / "runs" / "dfew"
    for name in book.NEEDED_REAL:
        (run / "results").mkdir(parents=True, exist_ok=True)
        shutil.copy(INVENTED / "meta.json", run / "results" / f"{name}.json")
    source = book.find_source(root, "dfew")
    assert source.real and not book.find_source(root, "smoke").real
    (run / "results" / "labels.json").unlink()
    with pytest.raises(UserError, match=r"labels\.json: no such file; run `rdfer reproduce"):
        book.find_source(root, "dfew")
    write_notebook(root / "notebooks" / "ablate.ipynb", v4.new_code_cell("1 + 1"))
    out = root / "unrun.ipynb"
    executed.stage_unrun(root / "notebooks" / "ablate.ipynb", out)
    heading, note, *_ = nbformat.read(out, as_version=4).cells
    assert heading.source == "# A notebook" and "not run here" in note.source
    with pytest.raises(UserError, match="no such file, but the book has a page of it"):
        executed.stage_unrun(root / "notebooks" / "other.ipynb", out)


REAL_ROW = {
    **{f"{s}_{part}": 0.5 for s in ("uar", "war") for part in ("mean", "low", "high", "pooled")},
    **{f"{s}_by_fold": [0.41, 0.59] for s in ("uar", "war")},
    **{"n_seeds": 1, "forward_passes": 7},
}


@pytest.fixture(scope="module")
def real_run(tmp_path_factory):
    """A run on DFEW, two folds and two methods, invented; pages and figures are the real ones."""
    tmp_path = tmp_path_factory.mktemp("real")
    results = tmp_path / "runs" / "dfew" / "results"
    results.mkdir(parents=True)
    names = {"plain": "Plain", "ours": "RDFER (ours)"}
    gain = {"a": "ours", "b": "plain", "mean": 0.05, "low": 0.01, "high": 0.09, "n_seeds": 1}
    main = {
        "rows": [{"method": m, "name": name, **REAL_ROW} for m, name in names.items()],
        "differences": [{**gain, "metric": metric} for metric in ("uar", "war")],
        "classes": ["A", "B"],
        "folds": [1, 2],
        "intervals": "bootstrap over clips",
        "epoch": "validation",
        "per_class": {m: {"A": 0.5, "B": 0.5} for m in names},
        "confusion": {m: [[2, 1], [1, 2]] for m in names},
    }
    meta = json.loads((INVENTED / "meta.json").read_text())
    meta |= {"preset": "dfew", "data": "DFEW", "pool": "DFEW, five official folds"}
    labels = {"classes": [], "histogram": {}, "quality": []}
    for name, content in (("main", main), ("meta", meta), ("labels", labels)):
        (results / f"{name}.json").write_text(json.dumps(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RDFER_RUNS", str(tmp_path / "runs"))
        stage = book.stage(ROOT, preset="dfew", out=tmp_path / "stage")
    assert {path.stem for path in (stage / "figures").glob("*.svg")} >= {*schemes.SCHEMES, "peers"}
    return stage


def shown(stage, page):
    """A staged page with everything that it includes."""
    text = (stage / page).read_text()
    return re.sub(r"```\{include\} /(\S+)\n```", lambda found: shown(stage, found[1]), text)


def test_a_book_of_a_real_run_never_calls_its_scores_synthetic(real_run):
    results = sorted((real_run / "book" / "results").glob("*.md"))
    pages = ["book/index.md", *(str(path.relative_to(real_run)) for path in results)]
    with_scores = [page for page in pages if "figure} /figures/" in shown(real_run, page)
                   or re.search(r"^\| .*\d", shown(real_run, page), re.M)]  # fmt: skip
    assert with_scores == ["book/index.md", "book/results/main.md"]
    for page in with_scores:
        text = " ".join(shown(real_run, page).split())
        for said in ("synthetic", "embedded benchmark", "over seeds", "equally frequent, so"):
            assert said not in text
        assert "DFEW" in text or "data_set" in text
    # no number of this run stands where the benchmark is told of
    assert "uar_plain" not in shown(real_run, "book/data.md")


def test_a_book_of_a_real_run_shows_its_folds(real_run):
    text = shown(real_run, "book/results/main.md")
    assert "| UAR / WAR, % | Fold 1 | Fold 2 | Mean over folds | Pooled |" in text
    assert "| Plain | 41.0 / 41.0 | 59.0 / 59.0 | 50.0 / 50.0 | 50.0 / 50.0 |" in text
    numbers = yaml.safe_load((real_run / "_config.yml").read_text())["parse"]["myst_substitutions"]
    assert numbers["data_set"] == "DFEW" and numbers["real_sets_run"].startswith("DFEW")
    assert numbers["folds"] == "1, 2"
    assert numbers["gain_ours_plain_says"].endswith("points of UAR over 2 folds")
    assert not (real_run / "book" / "real").exists()


def test_scores_on_real_sets_reach_the_book_of_any_run(root):
    row = {"method": "Plain", "data": "MAFW", "preset": "mafw", "changes": {}, "folds": [1]}
    row |= {"seeds": [0], "uar": 0.5, "war": 0.6, "epoch": "last", "gflops": None}
    row |= {"settings_hash": "0", "date": "2000-01-01"}
    place = root / "runs" / "mafw" / "results"
    place.mkdir(parents=True)
    (place / "real.json").write_text(json.dumps({"rows": [row]}))
    stage = book.stage(root)
    tables = stage / "generated" / "tables"
    assert "MAFW 50.00 / 60.00 (mafw, fold 1 alone)" in (tables / "peers.md").read_text()
    assert "| MAFW | Plain | mafw |" in (tables / "own_runs.md").read_text()
    config = yaml.safe_load((stage / "_config.yml").read_text())
    assert config["parse"]["myst_substitutions"]["real_sets_run"] == "MAFW"


def test_every_file_for_a_real_run_has_one_whose_place_it_takes():
    for path in REAL.rglob("*.md"):
        assert (ROOT / "book" / path.relative_to(REAL)).exists()
    usual, real = (
        yaml.safe_load(path.read_text())
        for path in (ROOT / "book" / "captions.yml", REAL / "captions_real.yml")
    )
    assert set(real) == {name for name, plan in FIGURES.items() if plan.needs == "main"}
    assert set(real) < set(usual)


def test_results_of_another_preset_are_refused(root):
    shutil.copy(INVENTED / "meta.json", root / "runs" / "smoke" / "results")
    with pytest.raises(UserError, match="preset = 'test'"):
        book.stage(root, preset="smoke")


def test_a_page_that_is_not_there_is_named(root):
    (root / "book" / "index.md").unlink()
    with pytest.raises(UserError, match=r"index\.md: no such file"):
        book.stage(root)


def test_a_missing_notebook_is_named(root):
    (root / "results" / "notebooks" / "train.ipynb").unlink()
    with pytest.raises(UserError, match=r"train\.ipynb: no such file"):
        book.stage(root)


def test_a_notebook_that_was_not_run_is_refused(root):
    path = root / "results" / "notebooks" / "train.ipynb"
    write_notebook(path, v4.new_code_cell("1 + 1"))
    with pytest.raises(UserError, match="was not executed"):
        book.stage(root)


def test_a_notebook_that_failed_is_refused(root):
    error = v4.new_output("error", ename="KeyError", evalue="'x'", traceback=[])
    write_notebook(root / "results" / "notebooks" / "train.ipynb", ran("x", error))
    with pytest.raises(UserError, match=r"ended in an error \(KeyError: 'x'\)"):
        book.stage(root)


def test_staged_notebooks_describe_pictures_and_hide_the_place(tmp_path):
    picture = v4.new_output("display_data", data={"image/png": "AAAA", "text/plain": "<Figure>"})
    text = v4.new_output("stream", name="stdout", text=f"{tmp_path}/runs/x and {tmp_path}\n")
    path, out = tmp_path / "in.ipynb", tmp_path / "out" / "in.ipynb"
    write_notebook(path, ran("plot", picture, text), heading="# One\n\n## The curve")
    executed.stage_notebook(path, out, root=tmp_path)
    cell = nbformat.read(out, as_version=4).cells[1]
    assert cell.metadata["mystnb"]["image"]["alt"] == "Picture under the heading: The curve"
    assert cell.outputs[1].text == "runs/x and .\n"


def test_repository_is_known_only_where_it_is_named(tmp_path):
    path = tmp_path / "pyproject.toml"
    assert book.repository(path) is None
    path.write_text('[project]\nname = "x"\n')
    assert book.repository(path) is None
    path.write_text('[project.urls]\nRepository = "https://github.com/someone/thing/"\n')
    assert book.repository(path) == "https://github.com/someone/thing"
    path.write_text('[project.urls]\nRepository = "https://example.org/thing"\n')
    assert book.repository(path) is None


def test_a_book_is_built_whole_or_the_old_one_stands(root):
    page = book.build(root)
    assert page == root / "_build" / "html" / "index.html"
    first = root / "_build" / "html" / "book" / "index.html"
    text = first.read_text()
    assert "70.2" in text
    # parts of pages, their substitutions and what they include in turn
    assert "RDFER (ours) is above Plain: +4.8" in text and "Plain, compute-matched" in text
    assert "{{" not in text
    assert 'aria-label="A = \\frac{1}{N}"' in text
    assert 'alt="Mean and 95 % interval' in text
    assert not re.findall(r'<(?:script|link)[^>]+(?:src|href)="https?://', text)
    (root / "book" / "index.md").write_text("# The book\n\n{{ no_such_number }}\n")
    with pytest.raises(UserError, match=r"book\.log: the book was not built"):
        book.build(root)
    assert first.read_text() == text


def test_complaints_are_the_lines_that_say_what_is_wrong():
    assert book.complaints("reading\na.md:3: WARNING: what\nfine") == ["a.md:3: WARNING: what"]
    assert book.complaints("one\ntwo") == ["one", "two"]


# what the real pages hold


def test_table_of_contents_and_pages_are_the_same():
    listed = {page for page in book.toc_pages(ROOT / "_toc.yml") if page.startswith("book/")}
    listed -= {f"book/api/{room}" for room in api_pages.ROOMS}  # written by staging
    assert listed == {str(path.relative_to(ROOT).with_suffix("")) for path in PAGES}


@pytest.mark.parametrize("page", RESULT_TEXTS, ids=lambda p: p.stem)
def test_no_result_is_typed_in_prose(page):
    prose = re.sub(r"```.*?```|\{\{.*?\}\}", "", page.read_text(), flags=re.DOTALL)
    # one half is what guessing reaches, whatever was run
    assert set(re.findall(r"\d+\.\d+|\d+ ?%", prose)) <= {"0.5", "95 %"}


@pytest.mark.parametrize("page", RESULT_PAGES, ids=lambda p: p.stem)
def test_every_result_page_says_on_what(page):
    assert "embedded benchmark" in " ".join(page.read_text().replace("*", "").split())


def test_pages_quote_only_numbers_that_exist():
    known = substitutions(load_results(INVENTED), load_reported(ROOT / "book/reported_results.csv"))
    texts = [*TEXTS, ROOT / "book" / "captions.yml", REAL / "captions_real.yml"]
    quoted = {name for p in texts for name in re.findall(r"\{\{ ?(\w+) ?\}\}", p.read_text())}
    assert quoted <= set(known)


def test_pages_include_only_what_staging_writes():
    captions = yaml.safe_load((ROOT / "book" / "captions.yml").read_text())
    made = {f"figures/{name}" for name in captions}
    tables = [*TABLES, "peers", "peer_sources", "own_runs", "claims", "claims_brief"]
    made |= {f"tables/{name}" for name in tables} | {"api_rooms"}
    wanted = {n for p in TEXTS for n in re.findall(r"/generated/(\S+)\.md", p.read_text())}
    assert wanted <= made
    parts = {n for p in TEXTS for n in re.findall(r"\{include\} /(book/\S+)", p.read_text())}
    assert parts == {str(path.relative_to(ROOT)) for path in PARTS.glob("*.md")}
    assert set(captions) == set(FIGURES) | set(SCHEMES) | {"peers"}


def test_every_citation_is_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text(), re.M))
    cited = {k for p in TEXTS for g in re.findall(r"\{cite:\w+\}`([^`]+)`", p.read_text())
             for k in g.split(",")}  # fmt: skip
    for peer in load_reported(ROOT / "book/reported_results.csv").values():
        cited |= {peer.cite, *filter(None, [peer.checked_in])}
    assert cited <= keys


def test_every_marked_part_bears_one_of_the_three_marks():
    text = (ROOT / "book" / "provenance.md").read_text()
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    marks = [
        row[2].strip() for row in rows if len(row) == 5 and row[2].strip() not in ("Mark", ":--")
    ]
    assert len(marks) > 25
    assert all(re.match(r"(STATED|PRECURSOR|OURS)\b", mark) for mark in marks)


def test_every_module_is_documented_once_on_the_page_of_its_room(tmp_path):
    table = api_pages.write_pages(tmp_path)
    found = {
        path.stem: re.findall(r"^\.\. automodule:: (\S+)", path.read_text(), re.M)
        for path in tmp_path.iterdir()
    }
    for room, names in found.items():
        files = (ROOT / "rdfer" / room).glob("*.py")
        expected = {f"rdfer.{room}.{p.stem}".removesuffix(".__init__") for p in files}
        assert len(names) == len(set(names)) and set(names) == expected
        assert f"| [{room}]({room}.md) | " in table
    assert set(found) == {path.parent.name for path in (ROOT / "rdfer").glob("*/__init__.py")}
    toc = [page for page in book.toc_pages(ROOT / "_toc.yml") if page.startswith("book/api/")]
    assert toc == [f"book/api/{name}" for name in ("index", *api_pages.ROOMS)]


def test_a_module_stands_below_those_that_it_imports():
    method = [name.rpartition(".")[2] for name in api_pages.modules("method")]
    assert method[0] == "method"
    assert method.index("streams") < method.index("network")


# the two extensions of Sphinx


def formulas():
    for page in TEXTS:
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
        for found in re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", text, flags=re.DOTALL):
            yield from static_math.rows(found[0] or found[1])


@pytest.mark.parametrize("tex", sorted(set(formulas())))
def test_every_formula_of_the_pages_can_be_set(tex):
    svg = static_math.to_svg(" ".join(tex.split()))
    assert svg.startswith("<svg")
    assert "NaN" not in svg.upper().replace("ARIA-LABEL", "")


def test_rows_of_an_aligned_formula():
    tex = r"\begin{aligned} a &= b \\ c &= \frac{d}{e} \end{aligned}"
    assert static_math.rows(tex) == ["a = b", r"c = \dfrac{d}{e}"]


def test_a_formula_hangs_on_the_line_of_the_text():
    assert "vertical-align:-0.0" in static_math.to_svg("x")
    depth = float(re.search(r"vertical-align:(-[\d.]+)em", static_math.to_svg("y_j"))[1])
    assert depth < -0.2


def test_what_cannot_be_set_is_an_error():
    with pytest.raises(ValueError, match=r"\\nosuch"):
        static_math.to_svg(r"\nosuch{x}")


def test_pictures_in_docstrings_are_set_as_they_stand():
    lines = ["As follows:", "", "    f x f", "", "    T = 3", "", "Then.", "", "Args:", "    x: y"]
    done = docstrings.literal_blocks(lines)
    assert done[:4] == ["As follows:", "", "::", ""]
    assert done.count("::") == 1
    assert docstrings.literal_blocks(["Like this::", "", "    x"]).count("::") == 0
    assert docstrings.literal_blocks(["- item", "", "  more"]).count("::") == 0


def test_several_names_with_one_text_get_it_each():
    lines = [":ivar a, b: frames,", "   both", ":param c: x"]
    expected = [":ivar a: frames,", "   both", ":ivar b: frames,", "   both", ":param c: x"]
    assert docstrings.one_field_a_name(lines) == expected


def test_a_record_has_no_signature():
    assert docstrings.bare_record(None, "class", "Peer", Peer, None, "(*, year: int)", None) == (
        "",
        None,
    )
    assert docstrings.bare_record(None, "class", "Path", Path, None, "(x)", None) is None
