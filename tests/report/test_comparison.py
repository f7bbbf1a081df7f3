"""The comparison page: its tables and phrases, and what it may not say."""

import re
from pathlib import Path

import pytest

from rdfer.base.errors import UserError
from rdfer.report import comparison
from rdfer.report.readout import NOT_RUN
from rdfer.report.reported import INPUTS, SCORES, load_reported
from rdfer.studies.real_results import RealResult

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "comparison.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def peers():
    return load_reported(ROOT / "book" / "reported_results.csv")


def run(method="RDFER (vote)", data="DFEW", folds=(1, 2, 3, 4, 5), **changes):
    values = {
        "preset": data.lower(),
        "changes": {},
        "seeds": (0,),
        "uar": 0.51234,
        "war": 0.6,
        "epoch": "last",
        "gflops": 8.0,
        "settings_hash": "0",
        "date": "2000-01-01",
        **changes,
    }
    return RealResult(method=method, data=data, folds=folds, **values)


def cells(table):
    rows = [[c.strip() for c in line.strip("|").split(" | ")] for line in table.splitlines()]
    return rows[0], {row[0].strip("*"): row for row in rows[2:]}


def test_every_method_stands_there_with_its_numbers(peers):
    header, rows = cells(comparison.score_table(peers, ()))
    assert list(rows) == [p.method for p in comparison.ordered(peers)] + list(comparison.OWN)
    assert {len(row) for row in rows.values()} == {len(header)}
    for method, peer in peers.items():
        assert rows[method][1] == peer.inputs
        assert rows[method][2:8] == [peer.score(score) or "–" for score in SCORES]
        if peer.year is not None:
            assert f"`{peer.cite}`" in rows[method][header.index("Year")]


def test_without_runs_every_cell_of_this_project_says_so(peers):
    header, rows = cells(comparison.score_table(peers, ()))
    assert {row[header.index("This project")] for row in rows.values()} == {NOT_RUN}


def test_only_runs_fill_the_column_of_this_project(peers):
    runs = [run(), run(data="MAFW", folds=(1,)), run("M3DFEL", "FERV39k", (1,))]
    header, rows = cells(comparison.score_table(peers, runs))
    own = {name: row[header.index("This project")] for name, row in rows.items()}
    assert own["RDFER (vote)"] == (
        "DFEW 51.23 / 60.00 (dfew); MAFW 51.23 / 60.00 (mafw, fold 1 alone)"
    )
    assert own["M3DFEL"] == "FERV39k 51.23 / 60.00 (ferv39k)"
    assert {own[name] for name in own if name not in ("RDFER (vote)", "M3DFEL")} == {NOT_RUN}
    assert rows["RDFER (vote)"][-1] == "8"
    assert rows["M3DFEL"][2:8] == [peers["M3DFEL"].score(score) or "–" for score in SCORES]


def test_what_own_runs_saw_and_what_it_costs_is_told(peers):
    small = {"frames": 32, "size": 64, "gflops": 0.29733}
    runs = [
        run(frames=32, size=112, gflops=34.904),
        run(data="MAFW", frames=32, size=112, gflops=34.904),
        run(data="FERV39k", folds=(1,), gflops=None),
        run(data="CREMA-D", **small),
        run("Plain", epoch="test", **small),
    ]
    header, rows = cells(comparison.score_table(peers, runs))
    place = header.index("Input"), header.index("GFLOPs")
    # of sets that have no column, and after a look at the test fold, nothing stands there
    assert [rows["RDFER (vote)"][k] for k in place] == ["V, 32 × 112 px", "34.9"]
    assert [rows["Plain"][k] for k in place] == ["V", "–"]
    header, *_ = (line.strip("| ").split(" | ") for line in comparison.run_table(runs).splitlines())
    place = header.index("Input"), header.index("GFLOPs")
    lines = [line.strip("| ").split(" | ") for line in comparison.run_table(runs).splitlines()[2:]]
    assert {(row[0], *(row[k] for k in place)) for row in lines} == {
        ("DFEW", "32 × 112 px", "34.9"),
        ("DFEW", "32 × 64 px", "0.297"),
        ("MAFW", "32 × 112 px", "34.9"),
        ("FERV39k", "–", "–"),
        ("CREMA-D", "32 × 64 px", "0.297"),
    }


def test_two_presets_of_one_set_stand_side_by_side(peers):
    runs = [run(), run(preset="dfew-imagenet", uar=0.55)]
    _, rows = cells(comparison.score_table(peers, runs))
    told = "DFEW 51.23 / 60.00 (dfew); DFEW 55.00 / 60.00 (dfew-imagenet)"
    assert told in rows["RDFER (vote)"]
    assert "55.00" in comparison.run_table(runs) and "51.23" in comparison.run_table(runs)


def test_both_choices_of_the_epoch_follow_each_other_and_one_stays_from_the_literature(peers):
    looked = run(changes={"training.choose": "test"}, epoch="test", uar=0.57)
    runs = [looked, run(preset="dfew-imagenet"), run("Plain"), run(epoch="validation")]
    table = [line.strip("| ").split(" | ") for line in comparison.run_table(runs).splitlines()[2:]]
    assert [row[1:4] for row in table] == [
        ["Plain", "dfew", "the last one"],
        ["RDFER (vote)", "dfew", "on a validation part"],
        ["RDFER (vote)", "dfew, training.choose = test", "**on the test fold**"],
        ["RDFER (vote)", "dfew-imagenet", "the last one"],
    ]
    assert "57.00" not in comparison.score_table(peers, runs)


def test_the_table_of_runs_marks_a_part_and_says_where_there_is_none():
    assert "1, 2 alone" in comparison.run_table([run(folds=(1, 2))])
    assert comparison.run_table(()) == f"*{NOT_RUN}*\n"


def test_a_set_without_numbers_of_the_literature_is_in_the_table_of_runs_alone(peers):
    runs = [run(data="CREMA-D")]
    assert "CREMA-D" in comparison.run_table(runs)
    assert "CREMA-D" not in comparison.score_table(peers, runs)


def test_a_run_of_an_unknown_method_is_refused(peers):
    with pytest.raises(UserError, match="method = 'Mine': must be one of C3D"):
        comparison.score_table(peers, [run("Mine")])


def test_rows_rise_within_what_methods_see(peers):
    rows = comparison.ordered(peers)
    assert [p.inputs for p in rows] == sorted((p.inputs for p in rows), key=list(INPUTS).index)
    for inputs in INPUTS:
        known = [p.dfew_uar for p in rows if p.inputs == inputs]
        scores = [score for score in known if score is not None]
        assert scores == sorted(scores)
        assert known[: len(scores)] == scores


def test_a_cost_that_leaves_something_out_and_trained_parameters_are_marked(peers):
    header, rows = cells(comparison.score_table(peers, ()))
    assert rows["PTH-Net"][-1] == "0.44†"
    assert rows["S2D"][header.index("Params, M")] == "9\\*"


def test_every_row_names_its_source_or_says_that_nobody_checked_it(peers):
    _, rows = cells(comparison.source_table(peers))
    for method, peer in peers.items():
        assert f"`{peer.cite}`" in rows[method][1]
        seen = rows[method][2]
        if not peer.checked_in:
            assert seen == "*source not checked*"
        else:
            assert seen == "the source" if peer.checked_in == peer.cite else peer.checked_in in seen
    assert rows["RDFER"][2] == "*source not checked*"


def test_a_method_is_drawn_or_named_in_the_caption(peers):
    drawn = {peer.method for peer, *_ in comparison.placed(peers)}
    told = set(comparison.phrases(peers)["peers_not_drawn"].split(", "))
    assert drawn.isdisjoint(told)
    assert drawn | told == set(peers) - {"RDFER"}
    assert comparison.phrases({})["peers_not_drawn"] == "none"


def test_no_score_of_the_embedded_benchmark_gets_in():
    """The modules read the two files of real sets and none of the other results."""
    for name in ("report/reported", "studies/real_results", "report/comparison"):
        source = (ROOT / "rdfer" / f"{name}.py").read_text(encoding="utf-8")
        assert not re.search(r"main\.json|load_results|rows_of", source)
    included = set(re.findall(r"/generated/(\S+)\.md", PAGE))
    assert included == {
        "figures/peers",
        *(f"tables/{t}" for t in ("peers", "peer_sources", "own_runs")),
    }


def test_the_page_says_what_the_numbers_are_worth():
    prose = " ".join(PAGE.split())
    for said in (
        "second hand",
        "share films",
        "test fold",
        "says little",
        "never stand on this page",
    ):
        assert said in prose


def test_no_number_is_typed_in_the_page():
    prose = re.sub(r"```.*?```|`[^`]*`|FERV39k", "", PAGE, flags=re.DOTALL)
    assert not re.findall(r"\d", prose)
