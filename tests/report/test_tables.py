"""Tables from invented results (tests/book/results)."""

from pathlib import Path

import pytest

from rdfer.data.manifest import CLASSES
from rdfer.report import detection, parts, scores, tables
from rdfer.report.included import TABLES
from rdfer.report.readout import CEILING, NOT_RUN, SAME, load_results
from rdfer.report.reported import load_reported
from rdfer.report.substitutions import substitutions
from rdfer.settings.variants import METHODS

HERE = Path(__file__).parents[1]
INVENTED = HERE / "book" / "results"
REPORTED = HERE.parent / "book" / "reported_results.csv"


@pytest.fixture
def results():
    return load_results(INVENTED)


def cells(table):
    return [[c.strip() for c in line.strip("|").split("|")] for line in table.splitlines()]


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_rectangular(results, name):
    widths = {len(row) for row in cells(TABLES[name](results))}
    assert len(widths) == 1


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_result_says_that_it_was_not_run(name):
    assert TABLES[name](load_results(HERE)) == f"*{NOT_RUN}*\n"


def test_columns_of_numbers_alone_are_right_aligned():
    table = tables.markdown(["a", "b", "c"], [["x", "1.0 [0, 2]", "+3"], ["y", NOT_RUN, "higher"]])
    assert cells(table)[1] == [":--", "--:", ":--"]


def test_main_table_holds_every_method_with_its_numbers(results):
    rows = cells(scores.main_table(results))[2:]
    *rivals, top = results["main"]["rows"]
    for row, stored in zip(rows, [*rivals, top], strict=True):
        assert stored["name"] in row[0]
        assert row[0].startswith("*Ceiling") == (stored is top)
        assert row[1].startswith(f"{100 * stored['uar_mean']:.1f} [")
        assert row[3] == str(stored["n_seeds"])


def test_the_ceiling_is_the_last_row_and_no_rival(results):
    main = {**results["main"], "rows": results["main"]["rows"][::-1]}
    assert cells(scores.main_table({"main": main}))[-1][0] == "*Ceiling: Plain, no label noise*"
    for table in (scores.brief_table, scores.per_class_table):
        assert "no label noise" not in table(results)


def test_differences_are_signed_and_judged(results):
    header, _, *rows = cells(scores.difference_table(results))
    assert header[1] == "Points of UAR [95 %]"
    assert [row[-1] for row in rows] == ["higher", "higher", "higher", SAME, "higher"]
    assert rows[0][1].startswith("+4.8 [+3.2")


def test_an_unbalanced_test_part_has_differences_in_both_scores(results):
    counts = [row[:] for row in results["main"]["confusion"]["plain"]]
    counts[0][0] += 100
    main = {**results["main"], "confusion": {"plain": counts}}
    names = [row[0] for row in cells(scores.difference_table({"main": main}))[2:]]
    assert {name[-3:] for name in names} == {"UAR", "WAR"}


def test_scores_are_judged_on_each_selection_named_for_what_it_is(results):
    header, _, vote, *_ = cells(detection.agreement_table(results))
    assert header == [
        "Score",
        "Noisy against all",
        "Noisy against hard, high loss of a clip that the scores use too",
        "Noisy against hard, high loss of a clip that the scores leave out",
    ]
    assert [cell[:5] for cell in vote[1:]] == ["0.610", "0.600", "0.570"]
    said = substitutions(results, load_reported(REPORTED))
    assert said["auroc_vote_high"][:5] == "0.600" and said["auroc_vote_high_apart"][:5] == "0.570"


def test_results_without_a_selection_say_so_and_lose_nothing_else(results):
    rows = [r for r in results["agreement"]["scores"] if r["over"] != "high-loss-apart"]
    older = {**results, "agreement": {**results["agreement"], "scores": rows}}
    with_it, without = (cells(detection.agreement_table(r)) for r in (results, older))
    assert {row[3] for row in without[2:]} == {NOT_RUN}
    assert [row[:3] for row in with_it] == [row[:3] for row in without]
    said = substitutions(older, load_reported(REPORTED))
    assert said["auroc_vote_high_apart"] == NOT_RUN


def test_the_run_is_told_in_short(results):
    meta = {**results["meta"], "date": "2000-01-01T12:34:56+00:00"}
    rows = dict(cells(tables.meta_table({"meta": meta}))[2:])
    assert rows["Date"] == "2000-01-01"
    assert rows["Label noise"] == "symmetric, 20 %"


def test_per_class_table_is_in_the_order_of_the_classes(results):
    assert tuple(row[0] for row in cells(scores.per_class_table(results))[2:]) == CLASSES


def test_the_whole_method_has_no_difference_to_itself(results):
    rows = cells(parts.ablation_table(results))[2:]
    assert rows[0][3] == "–"
    assert all("[" in row[3] for row in rows[1:])


def test_one_seed_leaves_no_interval(results):
    row = dict(results["main"]["rows"][0])
    row.update(uar_low=None, uar_high=None, n_seeds=1)
    table = scores.main_table({"main": {"rows": [row]}})
    assert cells(table)[2][1] == "65.4"


def test_substitutions_quote_the_results(results):
    said = substitutions(results, load_reported(REPORTED))
    assert said["uar_ours"] == "70.2"
    assert said["gain_ours_plain_says"].startswith("RDFER (ours) is above Plain: +4.8")
    assert said["gain_vote_plain_says"].startswith(f"RDFER (vote) and Plain show {SAME}: +1.4")
    assert said["noise_rate"] == "20"
    assert said["reported_m3dfel_dfew_war"] == "69.25"
    assert said["reported_rdfer_ferv39k_war"] == "not reported"


def test_other_networks_are_said_to_be_above_or_below(results):
    said = substitutions(results, load_reported(REPORTED))
    assert said["networks_say"] == NOT_RUN  # the invented ablation has none
    ends = {"LSTM": (-0.03, -0.01), "transformer": (0.01, 0.03), "mean": (-0.01, 0.01)}
    rows = [
        {"name": name, "part": "network", "n_seeds": 3, "delta_mean": (low + high) / 2}
        | {"delta_low": low, "delta_high": high}
        for name, (low, high) in ends.items()
    ]
    said = substitutions({**results, "ablation": {"rows": rows}}, load_reported(REPORTED))
    lstm, transformer, mean = said["networks_say"].split("; ")
    assert lstm.startswith("LSTM below (\N{MINUS SIGN}2.0 [")
    assert transformer.startswith("transformer above (+2.0 [") and "3 seeds" in transformer
    assert mean.startswith("mean with no detectable difference (+0.0 [")


def test_substitutions_have_the_same_names_whatever_was_run(results):
    reported = load_reported(REPORTED)
    empty = substitutions(load_results(HERE), reported)
    assert set(empty) == set(substitutions(results, reported))
    assert {empty[f"uar_{m.replace('-', '_')}"] for m in METHODS if m != CEILING} == {NOT_RUN}
    assert all(name.isidentifier() for name in empty)
