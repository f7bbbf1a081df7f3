"""Figures from invented results (tests/book/results), and the schematic ones."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from rdfer.base.errors import UserError
from rdfer.base.files import sha256_file
from rdfer.report import detection, drawing, parts, schemes, scores
from rdfer.report.included import FIGURES, draw_all
from rdfer.report.readout import load_results

INVENTED = Path(__file__).parents[1] / "book" / "results"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    return out, draw_all(INVENTED, out)


def test_every_figure_is_drawn_with_its_provenance(drawn):
    out, paths = drawn
    assert set(paths) == set(FIGURES)
    meta = json.loads((INVENTED / "meta.json").read_text())
    for name, plan in FIGURES.items():
        notes = json.loads((out / f"{name}.json").read_text())
        source = INVENTED / f"{plan.needs}.json"
        assert notes["results"] == {source.name: sha256_file(source)}
        assert notes["settings_hash"] == meta["settings_hash"]
        assert len(notes["alt"]) > 20


def test_same_numbers_give_the_same_bytes(drawn, tmp_path):
    _, paths = drawn
    again = draw_all(INVENTED, tmp_path)
    assert {n: p.read_bytes() for n, p in paths.items()} == {
        n: p.read_bytes() for n, p in again.items()
    }


def test_a_figure_has_a_ground_of_its_own(drawn):
    for path in drawn[1].values():
        assert re.search(r"fill: (#ffffff|white)", path.read_text())


def test_a_figure_without_its_result_is_left_out(tmp_path):
    for name in ("meta", "main"):
        shutil.copy(INVENTED / f"{name}.json", tmp_path)
    out = tmp_path / "out"
    wanted = {name for name, plan in FIGURES.items() if plan.needs == "main"}
    assert set(draw_all(tmp_path, out)) == wanted
    assert {p.stem for p in out.iterdir()} == wanted


def test_a_result_that_lacks_something_is_named(tmp_path):
    main = json.loads((INVENTED / "main.json").read_text())
    del main["rows"][0]["uar_mean"]
    (tmp_path / "main.json").write_text(json.dumps(main))
    with pytest.raises(UserError, match=r"main\.json: key 'uar_mean' is missing"):
        draw_all(tmp_path, tmp_path / "out")


def test_main_comparison_shows_means_where_they_are():
    results = load_results(INVENTED)
    with drawing.style():
        figure, said = scores.main_comparison(results)
    left = figure.axes[0]
    means = [c.lines[0].get_xdata()[0] for c in left.containers]
    rivals = [row for row in results["main"]["rows"] if row["method"] != "clean"]
    assert np.allclose(means, [100 * row["uar_mean"] for row in rivals])
    (top,) = [row for row in results["main"]["rows"] if row["method"] == "clean"]
    lines = [line for line in left.lines if line.get_label() == f"ceiling: {top['name']}"]
    assert np.allclose(lines[0].get_xdata(), 100 * top["uar_mean"])
    assert "RDFER (ours) UAR 70.2 %" in said


def test_confusion_rows_add_up_to_a_hundred_and_their_changes_to_nothing():
    results = load_results(INVENTED)
    with drawing.style():
        figure, said = scores.confusion(results)
    above, below = (
        np.asarray(axis.collections[0].get_array(), float).reshape(7, 7) for axis in figure.axes
    )
    assert np.allclose(above.sum(1), 100)
    assert np.allclose(below.sum(1), 0)
    gain = results["main"]["per_class"]
    rise = 100 * (gain["ours"]["Disgust"] - gain["plain"]["Disgust"])
    assert below[5, 5] == pytest.approx(rise, abs=0.1)
    assert f"disgust +{rise:.1f}" in said


def test_confusion_of_one_method_stands_alone():
    results = load_results(INVENTED)
    only = {"main": {**results["main"], "confusion": {"vote": np.eye(7).tolist()}}}
    figure, said = scores.confusion(only)
    assert len(figure.axes) == 1 and "RDFER (vote)" in said


def test_scores_without_the_label_stand_below_the_others():
    results = load_results(INVENTED)
    figure, _ = detection.agreement_auroc(results)
    (axis,) = figure.axes
    rows = [label.get_text().replace("\n", " ") for label in axis.get_yticklabels()]
    assert rows == [
        "wrong vote, last sweep",
        "gap, all sweeps",
        "loss, one clip",
        "Jensen– Shannon",
    ]
    steps = np.diff(axis.get_yticks())
    assert steps[-1] > steps[0]


def test_a_selection_is_in_the_legend_where_the_results_have_it():
    rows = load_results(INVENTED)["agreement"]["scores"]
    marks = [
        "against all",
        *(
            f"against hard, high loss of a clip that the scores {use}"
            for use in ("use too", "leave out")
        ),
    ]
    older = [row for row in rows if row["over"] != "high-loss-apart"]
    for shown, expected in ((rows, marks), (older, marks[:2])):
        figure, _ = detection.agreement_auroc({"agreement": {"scores": shown}})
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == expected


def test_an_auroc_axis_ends_where_an_auroc_does():
    ends = {"auroc_mean": 0.97, "auroc_low": 0.9, "auroc_high": 1.04}
    row = {"score": "gap", "over": "all", "n_seeds": 2, **ends}
    figure, _ = detection.agreement_auroc({"agreement": {"scores": [row]}})
    low, high = figure.axes[0].get_xlim()
    assert 0 <= low < 0.5 and high == 1


def test_scores_by_sweep_beside_chance_at_whole_epochs():
    rows = [{"epoch": 2, "last": 0.7, "mean": 0.7}, {"epoch": 4, "last": 0.6, "mean": 0.75}]
    figure, said = detection.agreement_by_sweep({"agreement": {"by_sweep": rows}})
    (axis,) = figure.axes
    drawn = {line.get_label(): line for line in axis.lines}
    assert np.allclose(drawn["mean of the sweeps so far"].get_ydata(), [0.7, 0.75])
    assert np.allclose(drawn["this sweep alone"].get_ydata(), [0.7, 0.6])
    assert np.allclose(drawn["chance"].get_ydata(), 0.5)
    assert all(float(tick).is_integer() for tick in axis.get_xticks())
    assert "epoch 4: 0.60 alone, 0.75 averaged" in said


def test_no_wrong_label_leaves_no_curve_of_memorised_ones():
    figure, _ = parts.dynamics(load_results(INVENTED))
    loss, _, memorised = ({line.get_label() for line in axis.lines} for axis in figure.axes)
    assert loss - memorised == {"Plain, no label noise"}
    assert "first sweep" in memorised


def lines_of(axis):
    return {line.get_label(): line for line in axis.lines}


def history(epochs, sweeps):
    return {
        "val_uar": np.linspace(0.2, 0.6, epochs).tolist(),
        "memorised": np.linspace(0.1, 0.3, len(sweeps)).tolist(),
        "sweep_epochs": sweeps,
    }


def test_histories_by_epoch_and_by_sweep():
    told = {"plain": "Plain", "ours": "RDFER (ours)", "plain-matched": "Plain, matched"}
    histories = {
        "plain": history(10, [2, 4]),
        "ours": history(10, [2, 4]),
        "plain-matched": history(12, []),
    }
    figure = parts.show_histories(histories, told)
    left, right = figure.axes
    drawn = lines_of(left)
    assert set(drawn) == set(told.values())
    np.testing.assert_allclose(drawn["Plain"].get_xdata(), np.arange(1, 11))
    np.testing.assert_allclose(drawn["Plain"].get_ydata()[[0, -1]], [20, 60])
    assert drawn["RDFER (ours)"].get_color() == drawing.method_look("ours").colour
    # without a wrong label there is nothing to memorise
    assert set(lines_of(right)) == {"Plain", "RDFER (ours)"}
    np.testing.assert_allclose(lines_of(right)["Plain"].get_xdata(), [2, 4])


def test_histories_without_known_truth_have_one_picture():
    figure = parts.show_histories(
        {"plain": history(4, [])}, {"plain": "Plain"}, scored="validation part"
    )
    (axis,) = figure.axes
    assert axis.get_ylabel() == "UAR, validation part, %"


def test_histograms_show_shares_of_each_kind():
    results = load_results(INVENTED)
    with drawing.style():
        figure, _ = detection.agreement_histogram(results)
    for axis in figure.axes:
        assert [np.isclose(p.get_data().values.sum(), 100) for p in axis.patches] == [True] * 3


def test_one_seed_draws_no_interval():
    _, reach = drawing.intervals([{"uar_mean": 0.5, "uar_low": None}], "uar")
    assert reach.tolist() == [[0.0], [0.0]]


def test_a_notebook_shows_a_figure_by_itself():
    with drawing.style():
        figure, _ = drawing.subplots(1, 1, height=1.0)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_methods_differ_in_colour_and_in_marker():
    looks = list(drawing.METHOD_STYLE.values())
    assert len({marker for _, marker, _ in looks}) == len(looks)


@pytest.mark.parametrize("name", [n for n in schemes.SCHEMES if n != "faces"])
def test_schematic_figures(name, tmp_path):
    with drawing.style():
        figure, said = schemes.SCHEMES[name]()
    drawing.save(figure, tmp_path / f"{name}.svg")
    assert (tmp_path / f"{name}.svg").read_text().startswith("<?xml")
    assert said.endswith(".")
