import pytest

from rdfer.base.errors import UserError
from rdfer.pipeline import paths


def test_root_is_the_nearest_directory_with_a_toc(tmp_path, monkeypatch):
    monkeypatch.delenv("RDFER_ROOT", raising=False)
    inside = tmp_path / "book" / "results"
    inside.mkdir(parents=True)
    (tmp_path / "_toc.yml").touch()
    assert paths.find_root(inside) == tmp_path
    monkeypatch.chdir(inside)
    assert paths.find_root() == tmp_path


def test_no_root_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("RDFER_ROOT", raising=False)
    with pytest.raises(UserError, match="RDFER_ROOT"):
        paths.find_root(tmp_path)


def test_the_variable_wins_and_must_be_right(tmp_path, monkeypatch, project):
    monkeypatch.chdir(tmp_path)
    assert paths.find_root(tmp_path) == project
    monkeypatch.setenv("RDFER_ROOT", str(tmp_path))
    with pytest.raises(UserError, match=r"RDFER_ROOT = .*_toc\.yml"):
        paths.find_root()


def test_runs_lie_in_the_project_or_where_told(tmp_path, monkeypatch, project):
    assert paths.preset_dir("smoke") == project / "runs" / "smoke"
    monkeypatch.setenv("RDFER_RUNS", str(tmp_path / "else where"))
    assert paths.preset_dir("laptop") == tmp_path / "else where" / "laptop"
    assert paths.preset_dir("laptop", root=project) == tmp_path / "else where" / "laptop"
    monkeypatch.delenv("RDFER_RUNS")
    assert paths.preset_dir("smoke", root=tmp_path) == tmp_path / "runs" / "smoke"


def test_overrides_have_a_run_of_their_own(project):
    one = paths.preset_dir("smoke", {"noise.rate": 0.4, "agreement.clips": 3})
    same = paths.preset_dir("smoke", {"agreement.clips": 3, "noise.rate": 0.4})
    other = paths.preset_dir("smoke", {"noise.rate": 0.5})
    assert one == same != other
    assert one.name.startswith("smoke+")
    assert paths.preset_dir("smoke", {}) == project / "runs" / "smoke"


def test_unknown_preset_is_refused_with_a_hint(project):
    with pytest.raises(UserError, match="did you mean 'laptop'"):
        paths.preset_dir("labtop")
