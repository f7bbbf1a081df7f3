import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfer.base.errors import UserError
from rdfer.pipeline import provenance
from rdfer.pipeline.provenance import closure, code_hash, read_source

FILES = {
    "__init__.py": "",
    "base.py": "LIMIT = 3\n",
    "middle.py": "from pack.base import LIMIT\n\n\ndef twice():\n    return 2 * LIMIT\n",
    "top.py": "import numpy\nfrom pack import middle\n\nprint(middle.twice(), numpy.pi)\n",
    "alone.py": "X = 1\n",
    "sub/__init__.py": "from .leaf import f\n",
    "sub/leaf.py": "from ..base import LIMIT as f\nNAME = 'data.bin'\n",
    "sub/assets/data.bin": "bytes",
    "sub/assets/other.bin": "bytes",
}


@pytest.fixture
def package(tmp_path):
    """Write a package ``pack`` with some files changed; returns its directory."""
    count = iter(range(100))

    def write(**changes):
        # a directory of its own each time, as a process reads a module once
        root = tmp_path / str(next(count)) / "pack"
        changed = {name.replace("__", "/").replace("_py", ".py"): t for name, t in changes.items()}
        for name, text in {**FILES, **changed}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    return write


def test_closure_follows_imports_of_every_form(package):
    root = package()
    assert list(closure(["pack.top"], package=root)) == [
        "pack",
        "pack.base",
        "pack.middle",
        "pack.top",
    ]
    assert list(closure(["pack.sub.leaf"], package=root)) == [
        "pack",
        "pack.base",
        "pack.sub",
        "pack.sub.leaf",
    ]
    assert "pack.sub.leaf" in closure(["pack.sub"], package=root)


def test_the_hash_changes_with_what_is_below_and_only_then(package):
    before = code_hash(["pack.top"], package=package())
    assert before == code_hash(["pack.top", "pack.top"], package=package())
    assert before != code_hash(["pack.top"], package=package(base_py="LIMIT = 4\n"))
    assert before == code_hash(["pack.top"], package=package(alone_py="X = 2\n"))


def test_comments_docstrings_and_layout_do_not_count(package):
    before = code_hash(["pack.middle"], package=package())
    text = (
        '"""Said at length."""\n\nfrom pack.base import LIMIT  # why\n\n'
        'def twice():\n    """Twice it."""\n    return (\n        2\n        * LIMIT\n    )\n'
    )
    assert before == code_hash(["pack.middle"], package=package(middle_py=text))


def test_an_asset_counts_where_it_is_named(package):
    root, changed = package(), package()
    (changed / "sub" / "assets" / "data.bin").write_text("other bytes")
    (changed / "sub" / "assets" / "other.bin").write_text("other bytes")
    assert code_hash(["pack.top"], package=root) == code_hash(["pack.top"], package=changed)
    assert code_hash(["pack.sub"], package=root) != code_hash(["pack.sub"], package=changed)


def test_a_module_that_is_not_there_is_refused(package):
    with pytest.raises(UserError, match=r"module = 'pack\.gone'"):
        code_hash(["pack.gone"], package=package())
    with pytest.raises(UserError, match="module = 'numpy'"):
        code_hash(["numpy"], package=package())


@pytest.mark.parametrize(
    ("one", "other"),
    [("x = 1", "x = True"), ("x = None", "x = ()"), ("x = 'a'", "x = b'a'"), ("f(a)", "f(*a)")],
)
def test_different_code_has_different_digests(one, other):
    assert read_source(one).digest != read_source(other).digest


@given(st.integers(), st.text())
def test_digests_tell_constants_apart(number, text):
    assert read_source(f"x = {number}").digest != read_source(f"x = {number + 1}").digest
    assert read_source(f"x = {text!r}").digest != read_source(f"x = {text + '.'!r}").digest


def test_the_real_package_is_covered():
    found = closure(["rdfer.pipeline.provenance"])
    assert {"rdfer", "rdfer.base.files", "rdfer.base.machine", "rdfer.base.errors"} <= set(found)
    assert "rdfer.commands.cli" not in found


def test_provenance_is_plain_and_names_no_host():
    import dataclasses

    made = provenance.Provenance(
        hash="0", settings={}, seed=1, modules=("rdfer.base.files",), wall_s=1
    )
    text = json.dumps(dataclasses.asdict(made))
    assert socket.gethostname() not in text
    assert made.versions["python"].startswith("3.")
    assert made.date.endswith("+00:00")
