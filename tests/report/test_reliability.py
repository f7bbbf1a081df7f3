"""Tables of what was tried, from invented counts."""

from pathlib import Path

import pytest

from rdfer.report import reliability
from rdfer.report.readout import NOT_RUN, load_results

INVENTED = Path(__file__).parents[1] / "book" / "results"


@pytest.fixture
def results():
    return load_results(INVENTED)


def test_each_kind_of_file_is_a_line_with_its_faults_counted(results):
    lines = reliability.reliability_table(results).splitlines()[2:]
    assert [line.split(" | ")[1] for line in lines] == ["functions", "`rdfer ingest`"]
    assert lines[1].endswith("| 50 | 20 | 5 | 22 | 1 | 2 |")


def test_every_fault_is_named_also_where_there_was_none(results):
    lines = reliability.fault_table(results).splitlines()[2:]
    assert len(lines) == len(reliability.FAULTS)
    counts = {line.split(" | ")[0].strip("| "): line.split(" | ")[1].strip("| ") for line in lines}
    assert counts["tracebacks"] == "1" and counts["processes left"] == "0"


def test_the_second_decoder_has_a_table_of_its_own(results):
    assert reliability.decoder_table(results).splitlines()[2:] == ["| 20 | 18 | 2 | 0 |"]


def test_kills_of_all_parts_stand_in_one_table_and_what_was_not_run_says_so(results):
    lines = reliability.kill_table(results).splitlines()[2:]
    assert lines[0] == "| training | 10 | 3 | 3 | 0 |"
    assert lines[1] == "| the whole workflow |" + f" {NOT_RUN} |" * 4
    assert len(reliability.trial_table(results).splitlines()) == 2 + 2
