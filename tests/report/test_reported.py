"""The table of the literature's numbers: what it may hold, and what it does hold."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.report.reported import COLUMNS, INPUTS, SCORES, identifier, load_reported

BOOK = Path(__file__).parents[2] / "book"
ROW = {"method": "A", "inputs": "V", "cite": "a2020", "dfew_uar": "50.10", "gflops": "9.1"}
anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def written(path, *rows, columns=COLUMNS):
    text = io.StringIO()
    table = csv.DictWriter(text, columns, restval="", extrasaction="ignore")
    table.writeheader()
    table.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "reported.csv"


def test_cells_become_what_their_columns_mean(path):
    (peer,) = load_reported(written(path, {**ROW, "year": "2020", "note": " seen "})).values()
    assert (peer.method, peer.year, peer.inputs, peer.gflops) == ("A", 2020, "V", 9.1)
    assert (peer.score("dfew_uar"), peer.score("dfew_war")) == ("50.10", None)
    assert (peer.note, peer.checked_in, peer.params_m) == ("seen", "", None)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"method": " "}, r"row 2: method = ' ': must have at least 1 character"),
        ({"method": "a"}, r"method = 'a': there is one of this name already"),
        ({"method": "B|C"}, "must be one line without"),
        ({"note": "two\nlines"}, "must be one line without"),
        ({"dfew_uar": "57,1"}, r"dfew_uar = '57,1': not a number; leave it empty"),
        ({"dfew_uar": "nan"}, "dfew_uar = 'nan': not a number"),
        ({"mafw_war": "100.01"}, r"mafw_war = '100.01': must be less than or equal to 100"),
        ({"dfew_uar": "-1"}, "dfew_uar = '-1': must be greater than or equal to 0"),
        ({"gflops": "0"}, "gflops = '0': must be greater than or equal to 0.001"),
        ({"params_m": "1e3"}, "params_m = '1e3': not a number"),
        ({"year": "20"}, "year = '20': must be greater than or equal to 1900"),
        ({"year": "2020.5"}, "year = '2020.5': must be a whole number"),
        ({"inputs": "video"}, r"inputs = 'video': must be 'V', 'V\+T' or 'A\+V'"),
        ({"params_of": "some"}, "params_of = 'some': must be '' or 'trained'"),
        ({"cite": ""}, "cite = '': must have at least 1 character"),
        ({"cite": "a, b"}, "cite = 'a, b': must be one key of references.bib"),
    ],
)
def test_a_cell_that_breaks_its_rule_is_named(path, change, told):
    with pytest.raises(UserError, match=told):
        load_reported(written(path, ROW, {**ROW, "method": "B", **change}))


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ((*COLUMNS, "remark"), "column 'remark': unknown; known are method, year"),
        (COLUMNS[:-1], "column 'note': missing"),
        ((*COLUMNS, "cite"), "column 'cite': there twice"),
        ((), "column 'method': missing"),
    ],
)
def test_a_column_that_is_unknown_missing_or_twice_there_is_named(path, columns, told):
    with pytest.raises(UserError, match=told):
        load_reported(written(path, ROW, columns=columns))


def test_a_row_of_another_length_is_named(path):
    path.write_text(written(path, ROW).read_text() + "B,2020\n")
    with pytest.raises(UserError, match=f"row 2: 2 cells, but {len(COLUMNS)} columns"):
        load_reported(path)


def test_a_file_that_is_no_table_is_named(path):
    with pytest.raises(UserError, match=r"reported\.csv: no such file"):
        load_reported(path)
    path.write_bytes(b"method\xff")
    with pytest.raises(UserError, match="not a table in CSV and UTF-8"):
        load_reported(path)


hundredths = st.integers(0, 10_000).map(lambda n: f"{n / 100:.2f}")
words = st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="|"), max_size=12)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "method": st.text("abcdefgh-+", min_size=1, max_size=6),
            "year": st.sampled_from(["", "1999", "2026"]),
            "inputs": st.sampled_from(list(INPUTS)),
            "gflops": st.sampled_from(["", "0.44", "92"]),
            "cite": st.from_regex(r"[A-Za-z][A-Za-z0-9_:-]{0,8}", fullmatch=True),
            "note": words,
            **{score: st.just("") | hundredths for score in SCORES},
        }
    ),
    max_size=5,
    unique_by=lambda row: identifier(row["method"]),
)


@anywhere
@given(rows)
def test_what_was_written_is_read(tmp_path, rows):
    peers = load_reported(written(tmp_path / "t.csv", *rows))
    assert list(peers) == [row["method"] for row in rows]
    for row, peer in zip(rows, peers.values(), strict=True):
        assert {score: peer.score(score) or "" for score in SCORES} == {s: row[s] for s in SCORES}
        assert (peer.note, peer.cite, str(peer.year or "")) == (
            row["note"].strip(),
            row["cite"],
            row["year"],
        )


@anywhere
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | rows.map(repr).map(str.encode)
)
def test_anything_else_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_reported(path)
    assert "\n" not in str(caught.value)


# what the real table holds


def bibliography():
    text = (BOOK / "references.bib").read_text(encoding="utf-8")
    return dict(re.findall(r"^@\w+\{(\w+),(.*?)^\}", text, re.MULTILINE | re.DOTALL))


def test_every_row_has_its_publication_and_year():
    entries = bibliography()
    for peer in load_reported(BOOK / "reported_results.csv").values():
        assert peer.cite in entries, peer.method
        assert not peer.checked_in or peer.checked_in in entries, peer.method
        if peer.year is not None:
            assert re.search(rf"year\s*=\s*\{{{peer.year}\}}", entries[peer.cite]), peer.method


def test_every_row_says_something_of_dfew():
    for peer in load_reported(BOOK / "reported_results.csv").values():
        assert peer.score("dfew_war"), peer.method


def test_the_number_of_the_paper_is_second_hand():
    paper = load_reported(BOOK / "reported_results.csv")["RDFER"]
    assert paper.checked_in == ""
    assert paper.note.startswith("second hand")
    assert paper.gflops is None
