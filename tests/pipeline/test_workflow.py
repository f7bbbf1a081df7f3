"""The real Snakefile, run over notebooks that do nothing and a book that is one line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rdfer.base.errors import Stopped, UserError
from rdfer.base.files import write_json
from rdfer.datasets import DATASETS
from rdfer.pipeline import workflow
from rdfer.pipeline.runs import Run
from rdfer.pipeline.workflow import (
    NOTEBOOKS,
    forget_damaged,
    note_source,
    reproduce,
    runs_there,
    write_keys,
)
from rdfer.settings.presets import PRESETS
from rdfer.settings.schema import Settings
from rdfer.studies.design import STUDIES
from tests.datasets import trees

ROOT = Path(__file__).resolve().parents[2]
PER_SEED = ("train", "ablate")
EVERY = (*NOTEBOOKS, *STUDIES, "worlds", "claims")


#: In place of ``python -m rdfer notebook NAME``: says that the job began, and writes its files.
QUICK = """#!/bin/sh
shift 3; title=$1; shift
while [ $# -gt 0 ]; do
  case $1 in
    -p) [ "$2" = preset ] || title="$title $2 $3"; shift 3 ;;
    --out) : > "$2"; shift 2 ;;
    --done) echo '{}' > "$2"; shift 2 ;;
    *) shift 2 ;;
  esac
done
echo "$title: started" >&2
"""


@pytest.fixture
def quick(clone):
    """The same project, where a notebook's job takes no time."""
    job, text = clone / "runs" / "quick", (clone / "Snakefile").read_text()
    job.parent.mkdir()
    job.write_text(QUICK)
    job.chmod(0o755)
    assert text.count("PYTHON = sys.executable") == 1
    (clone / "Snakefile").write_text(text.replace("= sys.executable", f"= {str(job)!r}"))
    return clone


@pytest.fixture
def clone(project, write_notebook):
    """A project with the real Snakefile and empty notebooks, whose book is one line of shell."""
    text = (ROOT / "Snakefile").read_text()
    book = '"{PYTHON:q} -m rdfer book --preset {PRESET.name} --done {output:q}"'
    assert book in text
    made = "../../_build"
    shell = (
        f"mkdir -p {made}/html && touch {made}/html/index.html && "
        f'echo \'{{{{\\"preset\\": \\"smoke\\"}}}}\' | tee {{output:q}} > {made}/built_from.json'
    )
    (project / "Snakefile").write_text(text.replace(book, f'"{shell}"'))
    (project / "book").mkdir()
    (project / "book" / "page.md").write_text("a page\n")
    (project / "_config.yml").write_text("title: x\n")
    for name in EVERY:
        seed = "\nseed = 0" if name in (*PER_SEED, *STUDIES, "worlds") else ""
        own = {"worlds": '\nworld = "dfew"', "noise": '\nkind = ""'}.get(name, "")
        write_notebook(name, 'preset = "laptop"' + own + seed, "1 + 1")
    return project


def jobs(capfd):
    """Names of the notebooks' jobs that were started since the last look."""
    lines = capfd.readouterr().err.splitlines()
    return sorted(line.removesuffix(": started") for line in lines if line.endswith(": started"))


def test_the_workflow_is_run_once_and_then_only_what_changed(clone, write_notebook, capfd):
    page = reproduce("smoke", cores=2)
    assert page == clone / "_build" / "html" / "index.html" and page.exists()
    preset = PRESETS["smoke"]
    every = ["agreement", "data", "evaluate", "figures"]
    every += [f"train seed {seed}" for seed in preset.seeds]
    every += [f"ablate seed {seed}" for seed in preset.ablation_seeds]
    assert jobs(capfd) == sorted(every)
    run = clone / "runs" / "smoke"
    executed = {path.stem for path in (run / "notebooks").glob("*.ipynb")}
    assert set(NOTEBOOKS) <= executed
    assert json.loads((run / "done" / "train-seed1.json").read_text())["parameters"]["seed"] == 1
    # nothing but the run and the book was written
    places = {"notebooks", "book", "_config.yml", "_toc.yml", "Snakefile", "runs", "_build"}
    assert {path.name for path in clone.iterdir()} == places

    reproduce("smoke", cores=2)
    assert jobs(capfd) == []

    write_notebook("agreement", 'preset = "laptop"', "1 + 2")
    reproduce("smoke", cores=2)
    assert jobs(capfd) == ["agreement", "figures"]

    # another book was built meanwhile: this one is built again, and nothing else
    shutil.rmtree(clone / "_build")
    reproduce("smoke", cores=2)
    assert jobs(capfd) == [] and page.exists()


def test_jobs_whose_runs_were_edited_or_are_gone_run_again(project, capsys):
    folder = project / "runs" / "smoke"
    runs = [
        Run(folder=at, experiment="train", variant="plain", seed=seed, settings=Settings())
        for at in (folder, folder.with_name("smoke+ab"), folder.with_name("smoke-other"))
        for seed in (0, 1)
    ]
    for run in runs:
        run.record({"uar": 0.5}, wall_s=1)
    notes = [folder / "done" / f"train-seed{seed}.json" for seed in (0, 1)]
    for seed, note in enumerate(notes):
        mine = runs_there("smoke", seed)
        assert mine == [f"{at}/trained/train/plain/seed{seed}" for at in ("smoke+ab", "smoke")]
        write_json(note, {"runs": mine})
    write_json(folder / "done" / "data.json", {})
    forget_damaged(folder)
    assert all(note.exists() for note in notes)
    shutil.rmtree(runs[3].path)
    forget_damaged(folder)
    assert [note.exists() for note in notes] == [True, False]
    assert (
        "smoke+ab/trained/train/plain/seed1: is gone; it is made again" in capsys.readouterr().err
    )
    (runs[0].path / "arrays.npz").write_bytes(b"")
    forget_damaged(folder)
    assert not notes[0].exists() and (folder / "done" / "data.json").exists()


def test_studies_are_run_when_asked_for_and_the_claims_after_all_of_them(quick, capfd):
    preset = PRESETS["smoke"]
    reproduce("smoke", cores=2)
    jobs(capfd)
    reproduce("smoke", cores=2, studies="headline")
    assert jobs(capfd) == [f"noise seed {seed} kind symmetric" for seed in preset.few_seeds]
    reproduce("smoke", cores=2, studies="all")
    others = {f"{name} seed {seed}" for name in STUDIES for seed in preset.study_seeds}
    others |= {
        f"worlds world {world} seed {seed}" for world in preset.worlds for seed in preset.few_seeds
    }
    assert jobs(capfd) == sorted([*others, "claims", "figures"])
    with pytest.raises(UserError, match="studies = 'most'"):
        reproduce("smoke", studies="most")


def test_a_real_set_is_trained_fold_by_fold_and_has_no_ablation(clone, tmp_path, monkeypatch):
    data, folds = tmp_path / "DFEW", trees.small_folds()
    trees.touch(data / "Clip/original", (f"{c}.mp4" for part in folds.values() for c in part))
    trees.write_dfew(data, folds)
    run = clone / "runs" / "dfew"
    # noted, and so checked, here: the other process knows the real set's counts alone
    monkeypatch.setitem(DATASETS, "dfew", trees.small_dfew(folds))
    assert note_source("dfew", data=str(data)) == (1, 2, 3, 4, 5)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(clone / "Snakefile")]
    command += ["--directory", str(run), "--config", "preset=dfew", f"data={data}"]
    command += ["--dry-run", "--cores", "1", "--nolock"]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    lines = (told.stdout + told.stderr).splitlines()
    outputs = {line.split()[1] for line in lines if line.strip().startswith("output:")}
    assert outputs == {
        *(f"done/{name}.json" for name in ("data", "evaluate", "agreement", "figures", "book")),
        *(f"done/train-fold{k}-seed0.json" for k in range(1, 6)),
    }
    assert json.loads((run / "source.json").read_text())["root"] == str(data)


def test_a_real_set_without_its_folder_is_one_line(clone, tmp_path):
    with pytest.raises(UserError, match=r"data = '': tell where DFEW lies"):
        reproduce("dfew")
    with pytest.raises(UserError, match=r"no such folder"):
        reproduce("dfew", data=str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="this preset renders its own videos"):
        reproduce("smoke", data=str(tmp_path))
    assert not (clone / "runs" / "dfew").exists()


def test_what_stops_a_job_is_told_in_one_line(clone, write_notebook, capfd):
    cell = "from rdfer.base.errors import UserError\nraise UserError('train.txt = 3: must be 4')"
    write_notebook("data", 'preset = "laptop"', cell)
    with pytest.raises(UserError, match=r"data\.ipynb: train\.txt = 3: must be 4"):
        reproduce("smoke", cores=1)
    assert jobs(capfd) == ["data"]
    write_notebook("data", 'preset = "laptop"', "1 / 0")
    with pytest.raises(Stopped, match="ZeroDivisionError"):
        reproduce("smoke", cores=1)


@pytest.mark.parametrize("started", ["", "trap '' INT; "], ids=["at a prompt", "behind nohup"])
def test_a_polite_kill_ends_every_job_and_leaves_nothing_half_done(clone, write_notebook, started):
    # the job itself asks for the end of the command that started it, and would wait for ever
    cell = (
        "import os, signal, threading\n"
        "os.kill(int(os.environ['STARTER']), signal.SIGTERM)\n"
        "threading.Event().wait()"
    )
    write_notebook("data", 'preset = "laptop"', cell)
    command = (
        f'{started}STARTER=$$ exec "{sys.executable}" -m rdfer reproduce --preset smoke --cores 1'
    )
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert ended.returncode == 130
    assert ended.stderr.splitlines()[-1] == "interrupted; the same command goes on from here"
    run = clone / "runs" / "smoke"
    assert not list(run.glob("done/*")) and not list(run.glob("notebooks/*"))
    with workflow.only_one(run):  # nobody works on
        assert run.is_dir()


def test_two_at_once_in_one_run_are_refused(clone):
    run = clone / "runs" / "smoke"
    told = rf"another `rdfer reproduce` is at work there \(process {os.getpid()}\)"
    with workflow.only_one(run), pytest.raises(UserError, match=told):
        reproduce("smoke")
    with workflow.only_one(run):
        assert run.is_dir()


def test_a_missing_tool_is_named_before_anything_begins(clone, monkeypatch):
    monkeypatch.setattr(workflow.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="bash: not found"):
        reproduce("smoke")
    monkeypatch.setattr(workflow.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="snakemake: not installed"):
        reproduce("smoke")
    assert not (clone / "runs").exists()


def test_keys_are_rewritten_only_when_they_change(clone, write_notebook):
    def stamps():
        folder = clone / "runs" / "smoke" / "keys"
        return {path.stem: (path.stat().st_mtime_ns, path.read_text()) for path in folder.glob("*")}

    write_keys("smoke", EVERY)
    before = stamps()
    assert set(before) == {*EVERY, "book"}
    write_keys("smoke", EVERY)
    assert stamps() == before
    write_notebook("figures", 'preset = "laptop"', "from rdfer import files")
    write_keys("smoke", EVERY)
    after = stamps()
    assert {name for name in after if after[name] != before[name]} == {"figures"}


def test_settings_are_part_of_the_keys(clone):
    for preset in ("smoke", "laptop"):
        write_keys(preset)
    texts = {
        p: (clone / "runs" / p / "keys" / "data.json").read_text() for p in ("smoke", "laptop")
    }
    assert texts["smoke"] != texts["laptop"]


def test_a_missing_notebook_is_named(clone):
    (clone / "notebooks" / "train.ipynb").unlink()
    with pytest.raises(UserError, match=r"train\.ipynb: no such file"):
        workflow.write_keys("smoke", EVERY)


def test_jobs_that_outlive_the_workflow_are_waited_for(tmp_path):
    """Else they clear up behind the back of who believes them ended."""
    (tmp_path / "job.py").write_text(
        "import signal, sys, time\n"
        "def clear(*_):\n"
        "    time.sleep(0.3)\n"
        "    open('cleared', 'w').close()\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGINT, clear)\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    command = ["sh", "-c", f'"{sys.executable}" job.py & wait']
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        workflow.stop(process)
        assert (tmp_path / "cleared").exists()
