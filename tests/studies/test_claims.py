"""The claims themselves, the file of their verdicts, and how both are shown."""

import copy
import json
import re

import numpy as np
import pytest
import yaml

from rdfer.base.errors import UserError
from rdfer.commands import cli
from rdfer.metrics import verdict
from rdfer.metrics.verdict import VERDICTS, Evidence
from rdfer.report.claim_tables import (
    NOT_JUDGED,
    all_tables,
    brief_table,
    family_table,
    phrases,
    terminal,
    verdict_cell,
)
from rdfer.studies.claims import FILE as CLAIMS_FILE
from rdfer.studies.claims import load_claims
from rdfer.studies.judging import FILE, Found, judged, read_results, write_results

CLAIMS = load_claims()


def found(claim, mean, **kwargs):
    """Evidence that is the same for every comparison of a claim."""
    spread = np.linspace(-0.001, 0.001, claim.seeds)
    evidence = [Evidence(differences=mean + spread, **kwargs) for _ in claim.comparisons]
    return Found(evidence=evidence, runs=("train/ours/seed0",))


@pytest.fixture
def content():
    every = {claim.id: found(claim, claim.margin + 0.05) for claim in CLAIMS.claims}
    every["C1a"] = found(CLAIMS.by_id["C1a"], -0.05)
    every["C1b"] = Found(lacking=("train/vote/seed3 stale",))
    return judged(CLAIMS, every, method="v1")


# what was claimed


def test_every_family_is_there_and_both_methods_have_claims_of_their_own():
    assert list(CLAIMS.titles) == ["C1", "C2", "C3", "C4", "C5", "C6"]
    for family in ("C1", "C2", "C3", "C6"):
        assert {"RDFER (vote)", "RDFER (ours)"} <= {claim.about for claim in CLAIMS.of(family)}
    said = {claim.prediction for claim in CLAIMS.claims}
    assert said == {"holds", "fails", "open"}


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=lambda claim: claim.id)
def test_every_claim_says_on_what_and_is_one_sentence_with_one_reason(claim):
    assert "on the embedded benchmark" in claim.text
    for text in (claim.statement, claim.reason):
        assert re.fullmatch(r"[A-Z][^.!?]*\.", text), text
    assert not re.search(r"\d+\.\d", claim.reason)
    assert claim.seeds == (10 if claim.headline else 5)
    assert claim.family in ("C1", "C2", "C3") or not claim.headline
    assert abs(claim.margin) == (0.01 if claim.metric == "uar" else 0.02)


def test_best_compares_with_every_rival_everywhere():
    raw = yaml.safe_load(CLAIMS_FILE.read_text())
    rivals = CLAIMS.by_id["C1g"].comparisons
    assert [c.b.what for c in rivals] == raw["rivals"]["scores"]
    assert all((c.a.passes, c.a.epochs) == ("clips", "mean") for c in rivals)
    assert all((c.b.passes, c.b.epochs) == ("own", "own") for c in rivals)
    places = {(c.b.what, c.b.rate) for c in CLAIMS.by_id["C3f"].comparisons}
    assert places == {(m, r) for m in raw["rivals"]["methods"] for r in (0.2, 0.4)}


def test_a_gain_is_compared_with_the_gain_elsewhere():
    (pair,) = CLAIMS.by_id["C4b"].comparisons
    assert (pair.a.over, pair.a.detail) == ("short key", "resampled")
    assert [(r.over, r.detail) for r in pair.beyond] == [
        ("long key", "resampled"),
        ("long key", "even"),
    ]


def test_not_worse_has_the_margin_below_zero():
    assert CLAIMS.by_id["C6a"].margin == -0.02


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prediction": "maybe"}, "C1a: prediction = 'maybe': must be 'holds', 'fails' or 'open'"),
        ({"about": "SCN"}, "C1a: about = 'SCN'"),
        ({"metric": "war"}, "C1a: metric = 'war'"),
        ({"against": "everybody"}, "C1a: against = 'everybody'"),
        ({"against": [{}]}, "C1a: compares wrong vote with itself"),
        ({"against": []}, "C1a: compares nothing"),
        ({"against": [{"kind": "human"}]}, "C1a: kind = 'human'"),
        ({"against": [{"colour": "red"}]}, "C1a: colour is not known"),
        ({"against": [{"rate": 1}]}, "C1a: rate = 1"),
        ({"because": "so"}, "C1a: because is not known"),
        ({"reason": None}, "C1a: reason is missing"),
        ({"of": {}}, "C1a: what is missing"),
    ],
)
def test_a_claim_that_is_refused(tmp_path, change, message):
    raw = yaml.safe_load(CLAIMS_FILE.read_text())
    claim = raw["families"]["C1"]["claims"]["C1a"]
    claim.update(change)
    if change.get("reason", "") is None:
        del claim["reason"]
    path = tmp_path / "claims.yml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    with pytest.raises(UserError, match=re.escape(message)):
        load_claims(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "not valid YAML"), ("- 1", "must be a mapping"), (None, "no such")],
)
def test_a_file_that_is_refused(tmp_path, text, message):
    path = tmp_path / "claims.yml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=message) as raised:
        load_claims(path)
    assert "\n" not in str(raised.value)


# how they were judged


def test_verdicts_of_a_family_are_adjusted_together(content):
    rows = {row["id"]: row for row in content["claims"]}
    assert rows["C1a"]["verdict"] == "fails" and rows["C1c"]["verdict"] == "holds"
    assert rows["C1b"]["verdict"] == "missing"
    assert rows["C1b"]["lacking"] == ["train/vote/seed3 stale"] and rows["C1b"]["effect"] is None
    shares = sorted(rows[claim.id]["share"] or 0 for claim in CLAIMS.of("C1"))
    assert shares[1] == pytest.approx(verdict.ALPHA / len(CLAIMS.of("C1")))


def test_fewer_seeds_are_missing_and_never_averaged():
    claim = CLAIMS.by_id["C3a"]
    few = Found(evidence=[Evidence(differences=[0.1] * (claim.seeds - 1))], runs=("x",))
    rows = {r["id"]: r for r in judged(CLAIMS, {"C3a": few}, method="v1")["claims"]}
    assert rows["C3a"]["verdict"] == "missing" and rows["C3a"]["effect"] is None
    assert rows["C3a"]["lacking"] == ["seeds: fewer than 10"]
    assert rows["C4a"]["lacking"] == ["not run"]


def test_evidence_of_other_claims_is_refused():
    with pytest.raises(UserError, match="claim = 'C9a'"):
        judged(CLAIMS, {"C9a": Found()}, method="v1")
    with pytest.raises(UserError, match="C1g: 1 comparisons found, it makes 14"):
        judged(CLAIMS, {"C1g": found(CLAIMS.by_id["C1a"], 0.1)}, method="v1")


def test_a_file_is_read_as_it_was_written(tmp_path, content):
    path = tmp_path / FILE
    assert read_results(path, CLAIMS) is None
    write_results(path, content, CLAIMS)
    rows = read_results(path, CLAIMS)
    assert list(rows) == list(CLAIMS.by_id)
    assert list(rows.values()) == json.loads(path.read_text())["claims"]


def test_a_method_is_judged_once(tmp_path, content):
    path = tmp_path / FILE
    write_results(path, content, CLAIMS)  # one claim is missing: it may be completed
    every = {claim.id: found(claim, 0.1) for claim in CLAIMS.claims}
    whole = judged(CLAIMS, every, method="v1")
    write_results(path, whole, CLAIMS)
    write_results(path, {**whole, "date": "later"}, CLAIMS)
    other = judged(CLAIMS, {**every, "C1a": found(CLAIMS.by_id["C1a"], 0.2)}, method="v1")
    with pytest.raises(UserError, match="method 'v1' was judged already"):
        write_results(path, other, CLAIMS)
    write_results(path, {**other, "method": "v2"}, CLAIMS)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pool", "development", "pool = 'development': claims are judged on confirmation alone"),
        ("claims_hash", "0", "judges other claims"),
        ("method", "", "method = ''"),
        ("claims", [], "must judge every claim once"),
        ("claims", {}, "must be a valid list"),
        ("more", 1, "more is not known"),
    ],
)
def test_a_file_of_verdicts_that_is_refused(tmp_path, content, key, value, message):
    with pytest.raises(UserError, match=message):
        write_results(tmp_path / FILE, {**content, key: value}, CLAIMS)
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("C1a", {"verdict": "wins"}, "verdict = 'wins'"),
        ("C1a", {"verdict": "holds"}, "not what its interval says"),
        ("C1a", {"margin": 0.1}, "another margin"),
        ("C1a", {"effect": None}, "finite numbers"),
        ("C1a", {"effect": float("nan")}, "effect = nan: must be a finite number"),
        ("C1a", {"low": 0.5}, "not in order"),
        ("C1a", {"resampled": [0.1]}, "at least 2 items"),
        ("C1a", {"n_seeds": 9}, "needs 10 seeds"),
        ("C1a", {"runs": []}, "its runs"),
        ("C1a", {"lacking": ["x"]}, "none of them lacking"),
        ("C1b", {"effect": 0.1}, "has no numbers"),
        ("C1b", {"lacking": []}, "what is lacking"),
        ("C1a", {"more": 1}, "more is not known"),
    ],
)
def test_a_verdict_that_is_refused(tmp_path, content, name, change, message):
    bad = copy.deepcopy(content)
    next(row for row in bad["claims"] if row["id"] == name).update(change)
    with pytest.raises(UserError, match=f"{name}: .*{message}"):
        write_results(tmp_path / FILE, bad, CLAIMS)


# how it is shown


def rows_of(content):
    return {row["id"]: row for row in content["claims"]}


def test_nothing_is_judged_until_there_is_a_file():
    table = all_tables(CLAIMS, None)
    assert table.count(NOT_JUDGED) == len(CLAIMS.claims)
    assert "on the embedded benchmark" in family_table(CLAIMS, "C1", None)
    assert phrases(CLAIMS, None)["claims_came_true"] == "no claim is judged yet"
    assert phrases(CLAIMS, None)["verdict_C1a"] == "not judged yet"


def test_verdicts_stand_beside_predictions(content):
    rows = rows_of(content)
    line = next(x for x in family_table(CLAIMS, "C1", rows).splitlines() if x.startswith("| C1a"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[4].startswith("*fails*: ") and cells[5] == "fails"
    assert cells[6].startswith("\N{MINUS SIGN}5.0 [")
    assert phrases(CLAIMS, rows)["verdict_C1a"] == "fails"
    _, _, *brief = brief_table(CLAIMS, rows).splitlines()
    for family, line in zip(CLAIMS.titles, brief, strict=True):
        counted = dict(part.split()[::-1] for part in line.strip("| ").split("|")[1].split(","))
        verdicts = [rows[claim.id]["verdict"] for claim in CLAIMS.of(family)]
        assert counted == {v: str(verdicts.count(v)) for v in VERDICTS if v in verdicts}
    assert re.fullmatch(
        rf"\d+ of {sum(r['verdict'] != 'missing' for r in rows.values())} predictions came true",
        phrases(CLAIMS, rows)["claims_came_true"],
    )


def test_a_verdict_is_marked_where_other_people_might_change_it(content):
    rows = rows_of(content)
    claim = CLAIMS.by_id["C1c"]
    rows["C1c"]["resampled"] = [-0.1, 0.2]
    assert verdict_cell(claim, rows) == "holds†"
    rows["C1c"]["resampled"] = [0.05, 0.2]
    assert verdict_cell(claim, rows) == "holds"


def test_the_command_prints_every_claim_within_the_width(capsys, project, monkeypatch, content):
    monkeypatch.setenv("COLUMNS", "90")
    assert cli.main(["claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(NOT_JUDGED in line for line in lines) == len(CLAIMS.claims)
    assert max(map(len, lines)) <= 90
    write_results(project / "results" / FILE, content, CLAIMS)
    assert cli.main(["claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(x for x in lines if x.startswith("C1b")).split()[1:3] == ["open", "missing"]
    (project / "results" / FILE).write_text("{}")
    assert cli.main(["claims"]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_lines_of_a_narrow_terminal_still_hold_the_statement():
    text = " ".join(" ".join(terminal(CLAIMS, None, width=10)).split())
    assert "than the loss of one clip" in text
