"""What README.md and the pages tell a newcomer to type is there, and does what it says."""

import inspect
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from packaging.requirements import Requirement

import rdfer.pipeline.notebooks as notebooks
from rdfer.commands import COMMANDS, cli
from rdfer.settings.presets import get_preset

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "book").rglob("*.md")))
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
VARIABLES = set(re.findall(r"^#   ([A-Z_]+) ", MAKEFILE, re.M))

CHECKED = {"rdfer", "make", "papermill", "pip", "conda"}
# other programs and words of the shell, which may stand beside these in a block
OTHERS = {"git", "cd", "mkdir", "python", ".", "snakemake", "for", "do", "done"}

#: Commands that are run here as README.md shows them, with what makes them small.
RUN = {
    "status": [],
    "datasets": [],
    "check-env": [],
    "claims": [],
    "faces": ["--videos", "2", "--frames", "16", "--size", "32"],
}
#: Commands that are only read: they train, build the book or need data. Other tests run them.
READ = {
    "reproduce", "notebook", "pretrain", "figures", "book", "reference", "check", "ingest", "audit"
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A block of code of a page: what its fence says, and its text."""

    page: str
    kind: str
    text: str


def blocks_of(name, text):
    """Fenced blocks, and indented ones that follow an empty line, in their order."""
    blocks, lines, indented = [], iter(text.splitlines()), []
    before = ""

    def end_indented():
        if indented:
            blocks.append(Block(name, "indented", "\n".join(indented)))
            indented.clear()

    for line in lines:
        fence = re.match(r" {0,3}(`{3,})(.*)", line)
        if fence:
            end_indented()
            inside = []
            for row in lines:
                if re.fullmatch(rf" {{0,3}}{fence[1]}`*\s*", row):
                    break
                inside.append(row)
            else:
                raise AssertionError(f"{name}: a fence is not closed: {line}")
            blocks.append(Block(name, fence[2].strip(), "\n".join(inside)))
        elif line.startswith("    ") and (indented or not before):
            indented.append(line[4:])
        elif line.strip():
            end_indented()
        before = line.strip()
    end_indented()
    return blocks


BLOCKS = [
    block
    for page in PAGES
    for block in blocks_of(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8"))
]


def is_shell(block):
    """Whether a block is to be typed: it says so, or says nothing and has a command of ours."""
    begins = {line.split()[0] for line in block.text.splitlines() if line.split()}
    return block.kind in ("bash", "sh", "console") or (
        block.kind in ("", "indented") and not begins.isdisjoint(CHECKED)
    )


def commands_of(text):
    """The commands of a shell text as lists of words; those of a loop's body stand alone."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&")
        lexer.whitespace_split = True
        words = []
        for word in [*lexer, ";"]:
            if word not in (";", "&&"):
                words.append(word)
            elif words:
                yield words[1:] if words[0] == "do" and words[1:] else words
                words = []


COMMANDS_SHOWN = [
    pytest.param(words, id=f"{block.page}: {' '.join(words)}")
    for block in BLOCKS
    if is_shell(block)
    for words in commands_of(block.text)
]


def parsed(words):
    """The arguments of an ``rdfer`` command, or of one that stands for it."""
    try:
        return cli.build_parser().parse_args(words)
    except SystemExit as end:
        assert end.code == 0, words  # --help ends well
        return None


def check_notebook(name, parameters):
    path = notebooks.find_notebook(name)
    defaults = notebooks.declared(path)
    values = {
        key: notebooks.parse_text(key, text, defaults.get(key))
        for key, text in parameters
        if not text.startswith("$")  # of a loop
    }
    assert {key for key, _ in parameters} <= set(defaults)
    notebooks.check_parameters(path, values)
    get_preset(values.get("preset", defaults["preset"]))


def check_rdfer(words):
    arguments = parsed(words)
    if arguments is None:
        return
    if getattr(arguments, "preset", None):
        get_preset(arguments.preset)
    if words[0] == "notebook":
        check_notebook(arguments.name, arguments.parameters)


def check_make(words):
    values = dict(word.split("=", 1) for word in words if "=" in word)
    assert {word for word in words if "=" not in word} <= TARGETS
    assert set(values) <= VARIABLES
    if "PRESET" in values:
        get_preset(values["PRESET"])
    if "READ" in values:
        parsed(["reproduce", *shlex.split(values["READ"])])


def check_papermill(words):
    assert (ROOT / words[0]).is_file(), words[0]
    options = words[2:]
    assert options[::3] == ["-p"] * len(options[::3])
    check_notebook(ROOT / words[0], list(zip(options[1::3], options[2::3], strict=True)))


def check_pip(words):
    assert words[0] == "install"
    assert "-c" not in words or (ROOT / words[words.index("-c") + 1]).is_file()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for word in words:
        if word.startswith(".["):
            wanted = Requirement(f"rdfer{word[1:]}").extras
            assert wanted <= set(project["optional-dependencies"])


def check_conda(words):
    assert (ROOT / words[words.index("-f") + 1]).is_file()


@pytest.fixture
def beside(monkeypatch, tmp_path):
    """A folder to work in; runs lie in it, and the project is this one."""
    monkeypatch.setenv("RDFER_ROOT", str(ROOT))
    monkeypatch.setenv("RDFER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("RDFER_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS_SHOWN)
def test_a_command_shown_can_be_typed(words, beside):
    program, *rest = words
    assert program in CHECKED | OTHERS, "say in this test what it is"
    if program in CHECKED:
        globals()[f"check_{program}"](rest)


def inline(page):
    """Commands within sentences, as lists of words; some name the command and no more."""
    text = re.sub(
        r"^( {0,3})(`{3,}).*?^ {0,3}\2`*\s*?$", "", page.read_text("utf-8"), flags=re.M | re.S
    )
    spans = re.findall(r"(?<![`}])`((?:rdfer|make|papermill|conda)\s[^`]+)`", text)
    return [shlex.split(span) for span in spans]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_within_a_sentence_exists(page, beside, capsys):
    for program, *words in inline(page):
        if program == "make":
            check_make(words)
        elif program == "papermill":
            check_papermill(words)
        elif program == "conda":
            check_conda(words)
        elif not words[0].startswith("-"):
            assert words[0] in COMMANDS, words
            parsed([words[0], "--help"])
            options = re.findall(
                r"(?<!\S)--?[a-z][\w-]*", capsys.readouterr().out.replace(",", " ")
            )
            assert {word for word in words[1:] if word.startswith("-")} <= set(options), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_notebooks_that_a_page_names_are_there(page):
    for path in re.findall(r"\bnotebooks/\w+\.ipynb", page.read_text("utf-8")):
        assert (ROOT / path).is_file(), path


def test_every_command_is_run_or_said_not_to_be():
    assert set(RUN) | READ == set(COMMANDS)
    assert not set(RUN) & READ


SMALL = [["rdfer", "--help"], ["rdfer", "claims"]]
for param in COMMANDS_SHOWN:
    (shown,) = param.values
    if param.id.startswith("README.md") and shown[:1] == ["rdfer"] and shown[1] in RUN:
        SMALL.append(shown)


@pytest.mark.parametrize("words", SMALL, ids=" ".join)
def test_a_quick_command_of_the_readme_works(words, beside, capsys):
    small = RUN.get(words[1], [])
    try:
        status = cli.main([*words[1:], *small])
    except SystemExit as end:
        status = end.code
    assert status == 0, capsys.readouterr().err
    if words[1] == "faces":
        out = beside / words[words.index("--out") + 1]
        assert len(list((out / "videos").glob("*.mp4"))) == 2
        assert (out / "truth.json").is_file()
    else:
        assert "error" not in capsys.readouterr().err


def test_the_readme_shows_the_commands_that_a_newcomer_needs():
    shown = {words[1] for words in SMALL}
    assert {"status", "datasets", "check-env", "faces"} <= shown


def small_encoder():
    """Any module from [N, 3, H, W] to [N, 8]."""
    nn = torch.nn
    first = nn.Conv2d(3, 8, kernel_size=4, stride=4)
    return nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def test_python_of_the_readme_runs(beside):
    """Each block alone, with small data; one that defines ``train`` is asked to train."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (12, 16, 40, 40, 3), dtype=np.uint8)
    given = np.arange(12) % 3
    scripts = [b.text for b in BLOCKS if b.page == "README.md" and b.kind == "python"]
    assert scripts or "```python" not in (ROOT / "README.md").read_text()
    for number, script in enumerate(scripts):
        space = {"__name__": "readme", "frames": frames, "given": given}
        exec(compile(script, f"README.md, Python block {number}", "exec"), space)
        if "train" in space:
            # long enough to sweep and treat, and no longer
            offered = {**space, "classes": 3, "size": 32, "epochs": 7, "batch": 6}
            offered["encoder"], offered["width"] = small_encoder(), 8
            asked = inspect.signature(space["train"]).parameters
            network = space["train"](**{name: offered[name] for name in asked if name in offered})
            assert all(value.isfinite().all() for value in network.state_dict().values())


# --- the environment --------------------------------------------------------------------------


def make(*words, cwd=ROOT):
    """What ``make`` prints, without what a ``make`` around the tests was told."""
    told = {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "TORCH_INDEX"}
    environment = {k: v for k, v in os.environ.items() if k not in told}
    done = subprocess.run(
        ["make", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_make_takes_torch_from_an_index_only_where_it_is_named():
    named = make("-n", "env", "TORCH_INDEX=the address")
    assert '-i "the address"' in named
    assert named.index("the address") < named.index("--require-hashes") < named.index("--editable")
    usual = make("-n", "env")
    assert " -i " not in usual and "torchvision" not in usual
    assert usual.count("pip install") == 2


@pytest.fixture
def newcomer(tmp_path):
    """A clone whose environment notes what its Python is asked to do, and does nothing."""
    root = tmp_path / "a clone"
    root.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "requirements.lock"):
        shutil.copy(ROOT / name, root / name)
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$@" >> asked; echo >> asked\n')
    python.chmod(0o755)
    return root


def asked(root):
    calls = [line.split("|")[:-1] for line in (root / "asked").read_text().splitlines()]
    usual = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    assert all(call[: len(usual)] == usual for call in calls)
    return [call[len(usual) :] for call in calls]


HASHED = ["--no-deps", "--require-hashes", "--requirement"]
PROJECT = ["--no-deps", "--no-build-isolation", "--editable", "."]


def test_the_pair_from_an_index_has_the_pinned_versions_and_comes_first(newcomer):
    make("env", "TORCH_INDEX=the address", cwd=newcomer)
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pair = [line for line in lines if line.split("==")[0] in ("torch", "torchvision")]
    assert len(pair) == 2
    first = ["--no-deps", "-i", "the address", *pair]
    assert asked(newcomer) == [first, [*HASHED, ".venv/.without-torch"], PROJECT]
    lock = (ROOT / "requirements.lock").read_text()
    rest = (newcomer / ".venv" / ".without-torch").read_text()
    assert lock.startswith(rest) and "\ntimm==" in rest
    assert not re.search("^(torch|torchvision|triton|nvidia-.*|cuda-.*)==", rest, re.M)


def test_an_environment_without_an_index_is_what_the_lock_says(newcomer):
    assert "6.6 GB" in make("env", cwd=newcomer)
    everything = [[*HASHED, "requirements.lock"], PROJECT]
    assert asked(newcomer) == everything
    make("env", cwd=newcomer)
    assert asked(newcomer) == everything  # it is there
    with open(newcomer / "requirements.lock", "a") as lock:
        lock.write("# another\n")
    make("env", cwd=newcomer)
    assert asked(newcomer) == everything * 2


def test_builds_with_a_local_label_satisfy_the_pins():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line.split("==")[0] in ("torch", "torchvision"):
            pin = Requirement(line)
            version = line.split("==")[1]
            assert pin.specifier.contains(f"{version}+cpu")
            assert not pin.specifier.contains(f"{version}1+cpu")


def test_make_names_no_index_and_says_what_is_needed():
    assert re.search(r"^TORCH_INDEX \?=$", MAKEFILE, re.M)
    assert "://" not in MAKEFILE
    helped = make("help")
    assert "6.6 GB" in helped and "TORCH_INDEX" in helped
    assert "the main results" in helped


def test_every_variable_that_make_takes_is_documented():
    assert set(re.findall(r"^([A-Z_]+) \?=", MAKEFILE, re.M)) == VARIABLES
