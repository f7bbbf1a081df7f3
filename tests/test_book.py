"""Staging and building of the book, and what its pages may not hold."""

import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import v4

from rdfer import api_pages, book, executed
from rdfer.errors import UserError
from rdfer.figures import FIGURES
from rdfer.included import TABLES
from rdfer.readout import load_results
from rdfer.reported import load_reported
from rdfer.schemes import SCHEMES
from rdfer.substitutions import substitutions

ROOT = Path(__file__).parents[1]
INVENTED = ROOT / "tests" / "book" / "results"
PAGES = sorted(path for path in (ROOT / "book").rglob("*.md"))
RESULT_PAGES = [ROOT / "book" / "index.md", *sorted((ROOT / "book" / "results").glob("*.md"))]

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
    """A small project whose results are the invented ones, in results/ and in runs/smoke/."""
    monkeypatch.delenv("RDFER_RUNS", raising=False)
    root = tmp_path / "a project"
    for name in ("_ext", "_static"):
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
    assert listed == {str(path.relative_to(ROOT).with_suffix("")) for path in PAGES}


@pytest.mark.parametrize("page", RESULT_PAGES, ids=lambda p: p.stem)
def test_no_result_is_typed_in_prose(page):
    prose = re.sub(r"```.*?```|\{\{.*?\}\}", "", page.read_text(), flags=re.DOTALL)
    # one half is what guessing reaches, whatever was run
    assert set(re.findall(r"\d+\.\d+|\d+ ?%", prose)) <= {"0.5", "95 %"}


@pytest.mark.parametrize("page", RESULT_PAGES, ids=lambda p: p.stem)
def test_every_result_page_says_on_what(page):
    assert "embedded benchmark" in " ".join(page.read_text().replace("*", "").split())


def test_pages_quote_only_numbers_that_exist():
    known = substitutions(load_results(INVENTED), load_reported(ROOT / "book/reported_results.csv"))
    quoted = {name for p in PAGES for name in re.findall(r"\{\{ ?(\w+) ?\}\}", p.read_text())}
    assert quoted <= set(known)


def test_pages_include_only_what_staging_writes():
    captions = yaml.safe_load((ROOT / "book" / "captions.yml").read_text())
    made = {f"figures/{name}" for name in captions}
    tables = [*TABLES, "peers", "peer_sources", "claims"]
    made |= {f"tables/{name}" for name in tables} | {"api_rest"}
    wanted = {n for p in PAGES for n in re.findall(r"/generated/(\S+)\.md", p.read_text())}
    assert wanted <= made
    assert set(captions) == set(FIGURES) | set(SCHEMES) | {"peers"}


def test_every_citation_is_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text(), re.M))
    cited = {k for p in PAGES for g in re.findall(r"\{cite:\w+\}`([^`]+)`", p.read_text())
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


def test_every_module_is_documented_once(tmp_path):
    named = api_pages.documented(ROOT / "book" / "api")
    assert len(named) == len(set(named))
    assert set(named) <= {"rdfer.faces", "rdfer.datasets", "rdfer.commands", *api_pages.modules()}
    rest = api_pages.write_rest(ROOT / "book" / "api", tmp_path / "rest.md")
    assert set(rest) == set(api_pages.modules()) - set(named)


# the two extensions of Sphinx


def formulas():
    for page in PAGES:
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
