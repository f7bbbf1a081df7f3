import importlib
import json
import os
import socket
import subprocess
import sys
from unittest.mock import create_autospec

import pytest

from rdfer.base import machine
from rdfer.base.errors import Stopped, UserError
from rdfer.commands import COMMANDS, cli
from rdfer.commands.command import noted


def run(capsys, *argv):
    """Exit status and the lines on standard error."""
    try:
        status = cli.main(argv)
    except SystemExit as stop:
        status = stop.code
    return status, capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "COMMAND"),
        (["reprodcue"], "invalid choice: 'reprodcue'"),
        (["reproduce", "--presets", "smoke"], "--presets"),
        (["reproduce", "--preset", "smok"], "preset = 'smok': unknown; did you mean 'smoke'?"),
        (["reproduce", "--preset", "dfew"], "data = '': tell where DFEW lies"),
        (["reproduce", "--preset", "mafw", "--data", "nowhere"], "nowhere': no such folder"),
        (["reproduce", "--data", "x"], "this preset renders its own videos"),
        (["reproduce", "--cores", "0"], "'0': must be a whole number from 1 on"),
        (["reference", "--preset", "smoke"], "the reference is made from 'laptop' alone"),
        (["faces", "--out", "x", "--videos", "many"], "'many': must be a whole number"),
        (["faces", "--videos", "3"], "--out"),
        (["notebook", "trian"], "did you mean 'train'?"),
        (["notebook", "train", "-p", "sed", "1"], "parameter 'sed': unknown; did you mean 'seed'"),
        (["notebook", "train", "-p", "seed", "one"], "seed = 'one': must be of type int"),
        (["notebook", "train", "-p", "preset", "smok"], "did you mean 'smoke'?"),
    ],
)
def test_bad_input_is_one_line_and_status_2(capsys, write_notebook, argv, told):
    write_notebook("train", 'preset = "laptop"\nseed = 0', "raise SystemError")
    status, lines = run(capsys, *argv)
    assert status == 2
    assert len(lines) == 1 and lines[0].startswith("error: ") and told in lines[0]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UserError("x = 1: no"), 2, "error: x = 1: no"),
        (PermissionError(13, "Permission denied", "out"), 2, "error: out: Permission denied"),
        (Stopped("half way"), 1, "error: half way"),
        (KeyboardInterrupt(), 130, "interrupted; the same command goes on from here"),
        (
            ModuleNotFoundError("No module named 'seaborn'", name="seaborn"),
            2,
            "error: seaborn: not installed; install rdfer[book]",
        ),
        (
            ModuleNotFoundError("No module named 'yaml.cyaml'", name="yaml.cyaml"),
            2,
            "error: yaml: not installed; install rdfer[workflow]",
        ),
    ],
)
def test_every_end_has_its_status_and_one_line(capsys, monkeypatch, error, status, line):
    def stop(*args, **kwargs):
        raise error

    monkeypatch.setattr(importlib.import_module("rdfer.pipeline.workflow"), "reproduce", stop)
    assert run(capsys, "reproduce") == (status, [line])


@pytest.mark.parametrize("name", ["rdfer.lost", "torch", None])
def test_a_module_that_no_extra_brings_is_a_fault_of_ours(monkeypatch, name):
    def stop(*args, **kwargs):
        raise ModuleNotFoundError("No module", name=name)

    monkeypatch.setattr(importlib.import_module("rdfer.pipeline.workflow"), "reproduce", stop)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["reproduce"])


def test_the_audit_names_the_extra_that_is_missing(capsys, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "rdfer.auditing.page", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)  # as where it is not installed
    status, lines = run(capsys, "audit", "p.npy", "l.npy", "--out", str(tmp_path / "out"))
    assert (status, lines) == (2, ["error: jinja2: not installed; install rdfer[audit]"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("argv", [["datasets"], ["--help"], ["datasets", "--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_nobody_reads_ends_a_command_without_a_word(argv, unbuffered):
    there, here = os.pipe()
    os.close(there)
    command = [sys.executable, "-m", "rdfer", *argv]
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=here, stderr=subprocess.PIPE, text=True, env=env)
    os.close(here)
    assert done.stderr == ""
    # where Python does not buffer, argparse itself passes over the failed write of its help
    assert done.returncode == (0 if unbuffered and "--help" in argv else 141)


def test_messages_that_nobody_reads_end_a_command_too():
    there, here = os.pipe()
    os.close(there)
    command = [sys.executable, "-m", "rdfer", "reproduce", "--preset", "smok"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=here)
    os.close(here)
    assert (done.returncode, done.stdout) == (141, b"")


def test_a_notebook_runs_into_the_run_of_its_preset(capsys, project, write_notebook):
    write_notebook("tiny", 'preset = "laptop"\nseed = 0', "seed + 1")
    done = project / "done.json"
    argv = ["notebook", "tiny", "-p", "preset", "smoke", "-p", "seed", "4", "--done", str(done)]
    status, lines = run(capsys, *argv)
    assert status == 0
    assert next(line for line in lines if line.startswith("tiny")) == "tiny seed 4: started"
    assert (project / "runs" / "smoke" / "notebooks" / "tiny.ipynb").is_file()
    note = json.loads(done.read_text())
    assert note["parameters"] == {"preset": "smoke", "seed": 4}
    assert note["notebook"] == "tiny.ipynb"


def test_a_fold_alone_is_evaluated_beside_the_whole_notebook(
    capsys, project, write_notebook, monkeypatch
):
    made = []
    monkeypatch.setattr(
        importlib.import_module("rdfer.pipeline.notebooks"),
        "run_notebook",
        lambda p, out, *_, **__: made.append(out.name),
    )
    write_notebook("evaluate", 'preset = "laptop"\nfold = 0')
    write_notebook("train", 'preset = "laptop"\nfold = 0\nseed = 0')
    for name, fold in (("evaluate", "0"), ("evaluate", "2"), ("train", "2")):
        assert run(capsys, "notebook", name, "-p", "preset", "dfew", "-p", "fold", fold)[0] == 0
    assert made == ["evaluate.ipynb", "evaluate-fold2.ipynb", "train.ipynb"]


@pytest.mark.parametrize(("error", "user"), [(UserError("bad"), True), (Stopped("no"), False)])
def test_what_stopped_a_job_is_noted_beside(tmp_path, error, user):
    path = tmp_path / "job.json"
    with pytest.raises(type(error)), noted(path):
        raise error
    told = json.loads((tmp_path / "job.error.json").read_text())
    assert told == {"user": user, "message": str(error)}
    assert not path.exists()
    with noted(path) as note:
        note["a"] = 1
    assert json.loads(path.read_text()) == {"a": 1}


def test_pretrain_asks_for_what_was_said(monkeypatch, tmp_path):
    pretrain = importlib.import_module("rdfer.faces.pretrain")
    asked = []
    work = create_autospec(pretrain.main, side_effect=lambda *a, **k: asked.append((a, k)))
    monkeypatch.setattr(pretrain, "main", work)
    out = tmp_path / "x.safetensors"
    argv = ["pretrain", "--out", str(out), "--encoder", "resnet18", "--size", "112"]
    assert cli.main([*argv, "--epochs", "3"]) == 0
    (((path, settings), others),) = asked
    assert path == out and others == {"workers": machine.usable_cores()}
    assert (settings.encoder, settings.size, settings.epochs) == ("resnet18", 112, 3)
    assert settings.render_size == 126 and settings.task == "blendshapes"
    sizes = ["--task", "classes", "--faces", "70", "--batch", "96"]
    assert cli.main(["pretrain", "--out", str(out), *sizes]) == 0
    settings = asked[1][0][1]
    assert (settings.task, settings.faces, settings.batch) == ("classes", 70, 96)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(capsys, name):
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0
    assert COMMANDS[name].about.split()[0] in capsys.readouterr().out


def test_a_line_is_one_write_even_where_python_is_told_not_to_buffer():
    """Else the lines of jobs side by side mix; a datagram is what one write wrote."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        here.settimeout(60)
        command = [sys.executable, "-u", "-m", "rdfer", "reproduce", "--preset", "smok"]
        assert subprocess.run(command, stderr=there.fileno()).returncode == 2
        assert here.recv(4096).endswith(b"did you mean 'smoke'?\n")
