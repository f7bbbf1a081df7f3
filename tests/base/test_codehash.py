"""What makes a result stale, and what does not: on a small package, and on the real one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rdfer.base.codehash import PACKAGE, code_hash, reach
from rdfer.base.errors import UserError
from rdfer.pipeline.runs import ROOTS
from rdfer.settings.schema import Settings, to_dict

FILES = {
    "__init__.py": "PUBLIC = {'top': 'total'}\n",
    "base/__init__.py": "",
    "base/errors.py": "class UserError(Exception):\n    pass\n",
    "base/progress.py": "def log(text):\n    print(text)\n\ndef progress(xs, label): return xs\n",
    "values.py": "LIMIT = 3\nUNUSED = 1\n",
    "middle.py": "from pack.values import LIMIT\n\n\ndef twice():\n    return 2 * LIMIT\n",
    "top.py": """
import numpy as np
from pack import middle
from pack.base.errors import UserError
from pack.base.progress import log, progress
from .shapes import Box

def total(xs, settings):
    if not xs:
        raise UserError("xs: must not be empty")
    out = middle.twice() * np.pi
    for x in xs:
        out += x
    if settings.extra.bonus:
        out += 1
    return Box(out).size()
""",
    "shapes.py": """
FILE = "data.bin"

class Box:
    def __init__(self, side):
        self.side = side

    def size(self):
        return self.side ** 2, FILE

    def other(self):
        return 0
""",
    "assets/data.bin": "bytes",
    "assets/other.bin": "bytes",
}
OFF, ON = {"extra": {"bonus": 0.0}}, {"extra": {"bonus": 1.0}}


@pytest.fixture
def package(tmp_path):
    """Write a package ``pack`` with some texts replaced; returns its directory."""
    count = iter(range(100))

    def write(name="", old="", new=""):
        # a directory of its own each time, as a process reads a module once
        root = tmp_path / str(next(count)) / "pack"
        for file, text in FILES.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            if file == name:
                assert old in text
                text = text.replace(old, new) if old else new
            (root / file).write_text(text)
        return root

    return write


def of_pack(root, settings=OFF):
    return code_hash(["pack.top.total"], settings=settings, package=root)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("values.py", "UNUSED = 1", "UNUSED = 2"),
        ("values.py", "UNUSED = 1", "UNUSED = 1\nNEW = 4"),
        ("middle.py", "def twice():", "def twice() -> int:\n    '''Said at length.'''"),
        ("middle.py", "2 * LIMIT", "(2  # why\n        * LIMIT)"),
        ("top.py", "xs: must not be empty", "xs = []: at least one is needed"),
        ("top.py", "    out = middle", "    log('begun')\n    out = middle"),
        ("top.py", "for x in xs:", "for x in progress(xs, label='sum'):"),
        (
            "top.py",
            "    out = middle",
            "    if len(xs) > 9:\n        raise UserError('long')\n    out = middle",
        ),
        ("top.py", "        out += 1\n", "        out += 2\n"),  # behind a setting that is off
        ("top.py", "    return Box", "    if settings.extra.new:\n        out = 0\n    return Box"),
        ("top.py", "import numpy as np", "import numpy"),
        ("shapes.py", "return 0", "return 1"),  # a method that nobody calls
        ("base/progress.py", "print(text)", "print(text, flush=True)"),
        ("assets/other.bin", "", "other bytes"),
    ],
)
def test_what_cannot_change_a_number_leaves_the_hash(package, name, old, new):
    changed = package(name, old, new)
    if new == "import numpy":
        text = (changed / "top.py").read_text().replace("np.pi", "numpy.pi")
        (changed / "top.py").write_text(text)
    settings = {"extra": {"bonus": 0.0, "new": False}} if ".new:" in new else OFF
    assert of_pack(changed, settings) == of_pack(package())


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("values.py", "LIMIT = 3", "LIMIT = 4"),
        ("middle.py", "2 * LIMIT", "3 * LIMIT"),
        ("top.py", "np.pi", "np.e"),
        ("top.py", "out += x", "out -= x"),
        ("top.py", "if not xs:", "if len(xs) < 2:\n        xs = [1, 2]\n    if not xs:"),
        ("shapes.py", "** 2", "** 3"),
        ("shapes.py", "self.side = side", "self.side = side + 1"),
        ("assets/data.bin", "", "other bytes"),
    ],
)
def test_what_can_change_a_number_changes_the_hash(package, name, old, new):
    assert of_pack(package(name, old, new)) != of_pack(package())


def test_a_branch_counts_where_its_setting_is_on(package):
    before, changed = package(), package("top.py", "        out += 1\n", "        out += 2\n")
    assert of_pack(changed, OFF) == of_pack(before, OFF)
    assert of_pack(changed, ON) != of_pack(before, ON)


def test_a_package_can_hand_names_on(package):
    root = package()
    assert code_hash(text="import pack\npack.total([1], s)", package=root) == code_hash(
        text="import pack\npack.total([1], s)", package=package("values.py", "UNUSED = 1", "A = 2")
    )
    assert ("pack.values", "LIMIT") in reach(
        [], text="import pack\npack.total", package=root
    ).digests


def test_what_is_handed_on_by_another_name_is_followed_to_its_methods(package):
    text = "from pack import top\ntop.Cube.other(None)"
    handed = package("top.py", "import Box\n", "import Box as Cube\nBox = Cube\n")
    assert ("pack.shapes", "Box.other") in reach([], text=text, package=handed).digests


@pytest.mark.parametrize("root", ["pack.gone", "pack.top.gone", "numpy", "numpy.pi"])
def test_a_root_that_is_not_there_is_refused(package, root):
    with pytest.raises(UserError, match=re.escape(f"code = {root!r}: no such definition")):
        code_hash([root], package=package())


# On the real code -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Copy the package with some texts replaced; returns its directory."""
    count = iter(range(100))

    def write(*changes, moved=None):
        root = tmp_path_factory.mktemp("copy") / str(next(count)) / "rdfer"
        shutil.copytree(PACKAGE, root, ignore=shutil.ignore_patterns("__pycache__"))
        for name, old, new in changes:
            text = (root / name).read_text()
            assert old in text, (name, old)
            (root / name).write_text(text.replace(old, new))
        if moved:
            old, new = moved
            (root / new).parent.mkdir(exist_ok=True)
            (root / old).rename(root / new)
            (room, name), (place, new_name) = (
                n.removesuffix(".py").replace("/", ".").rsplit(".", 1) for n in moved
            )
            for path in root.rglob("*.py"):
                text = path.read_text().replace(f"rdfer.{room}.{name}", f"rdfer.{place}.{new_name}")
                # "from rdfer.room import one, name, other"
                of_room = re.search(rf"^from rdfer\.{room} import (.*\b{name}\b.*)$", text, re.M)
                if of_room:
                    others = [n for n in of_room[1].split(", ") if n != name]
                    lines = [f"from rdfer.{place} import {new_name} as {name}"]
                    lines += [f"from rdfer.{room} import {', '.join(others)}"] if others else []
                    text = text.replace(of_room[0], "\n".join(lines))
                path.write_text(text)
        return root

    return write


def of_a_run(root=PACKAGE):
    return code_hash(ROOTS, settings=to_dict(Settings()), package=root)


def of_frames(root=PACKAGE):
    return code_hash(["rdfer.faces.video.render_sample"], package=root)


def test_moving_a_module_leaves_all_results_fresh(real):
    assert of_a_run(real(moved=("method/sampling.py", "method/frames/choice.py"))) == of_a_run()
    assert of_frames(real(moved=("faces/degrade.py", "faces/spoil.py"))) == of_frames()


@pytest.mark.parametrize(
    ("roots", "old", "new"),
    [
        (ROOTS, "training/fit.py", "training/learning.py"),
        (("rdfer.faces.video.render_sample",), "faces/tracks.py", "faces/course.py"),
    ],
)
def test_a_module_may_share_its_name_with_a_function_in_it(real, roots, old, new):
    name = Path(old).stem
    assert (f"rdfer.{old[:-3].replace('/', '.')}", name) in reach(roots).digests
    assert code_hash(roots, package=real(moved=(old, new))) == code_hash(roots)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("method/sampling.py", "Which frames of a video make a clip", "Frames of clips"),
        ("method/sampling.py", "must be at least 1", "has to be 1 or more"),
        ("method/treatment.py", "must be finite", "has to be finite"),
        ("method/agreement.py", "def vote(", "def unanimous(probs):\n    return 1\n\n\ndef vote("),
        (
            "settings/schema.py",
            "    dropout: Share = 0.0\n",
            "    dropout: Share = 0.0\n    stride: int = 0\n",
        ),
        (
            "training/loop.py",
            "        self.epoch += 1\n",
            "        if self.settings.network.stride:\n            self.epoch += 2\n"
            "        self.epoch += 1\n",
        ),
    ],
)
def test_words_and_what_is_new_and_off_leave_all_results_fresh(real, name, old, new):
    settings = to_dict(Settings())
    settings["network"]["stride"] = 0
    changed = code_hash(ROOTS, settings=settings, package=real((name, old, new)))
    assert changed == of_a_run()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("method/losses.py", "clamp_min(torch.finfo(torch.float32).tiny)", "clamp_min(1e-3)"),
        ("method/sampling.py", "(first + end) // 2", "first"),
        ("training/loop.py", "eps=1e-8", "eps=1e-7"),
        ("training/schedule.py", "0.5 * (1 + math.cos", "0.4 * (1 + math.cos"),
        ("settings/schema.py", "self.reinforce > 0 or", "self.reinforce > 1 or"),
    ],
)
def test_a_changed_constant_makes_results_stale(real, name, old, new):
    assert of_a_run(real((name, old, new))) != of_a_run()


def test_frames_depend_on_what_draws_them_alone(real):
    assert of_frames(real(("method/streams.py", "dropout", "drop_out"))) == of_frames()
    assert (
        of_frames(real(("faces/degrade.py", "BRIGHTEST = 0.22", "BRIGHTEST = 0.3"))) != of_frames()
    )


def test_training_rests_on_no_room_above_it():
    rooms = {place[0].split(".")[1] for place in reach(ROOTS).digests if place[0] != "rdfer"}
    assert rooms <= {"base", "method", "metrics", "settings", "data", "training"}


@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13"])
def test_every_python_gives_the_same_hash(python):
    code = (
        "from rdfer.base.codehash import code_hash;"
        f"print(code_hash({ROOTS!r}), code_hash(['rdfer.faces.video.render_sample']))"
    )
    try:
        subprocess.run([python, "-c", ""], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"{python} is not here")
    done = subprocess.run(
        [python, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [code_hash(ROOTS), of_frames()]


def test_the_package_is_where_it_is_looked_for():
    assert (Path(PACKAGE) / "base" / "codehash.py").is_file()
