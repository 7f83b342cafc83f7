import sys
import sysconfig
from types import ModuleType

import pytest

from pytest_rdsfailover.trial.fingerprints import HASHED, UNKNOWN
from pytest_rdsfailover.trial.key import ProjectCode, TrialKey, _hash_of


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Load a module of a project, as far as its code asks for it."""

    def module(name, text=""):
        path = tmp_path / name
        if not name.startswith("/"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        made = ModuleType(name)
        made.__file__ = str(path)
        monkeypatch.setitem(sys.modules, f"of the project {name}", made)
        _hash_of.cache_clear()  # as in another process
        return path

    return module


def changed(before, after, code):
    return TrialKey(after, code).changes_since(TrialKey(before, code).plain())


def test_a_change_is_named_down_to_the_part(tmp_path):
    code = ProjectCode(tmp_path)

    assert changed({"a": 1}, {"a": 1}, code) == ""
    assert changed({"a": (1, 2)}, {"a": [1, 2]}, code) == ""
    assert changed({"rate": 1, "b": 2}, {"rate": 3, "b": 2}, code) == "rate was 1 and is 3"
    nested = {"profile": {"dns": ["1s"], "cut": "reset"}}
    assert (
        changed(nested, {"profile": nested["profile"] | {"dns": ["2s"]}}, code)
        == 'profile dns was ["1s"] and is ["2s"]'
    )
    assert changed({}, {"n": "x" * 99}, code) == f'n was null and is "{"x" * 59}...'
    assert changed({}, {"n": "x" * 58}, code) == f'n was null and is "{"x" * 58}"'
    assert changed({"a": {"b": 1}}, {"a": 1}, code) == 'a was {"b": 1} and is 1'
    assert changed({"a": 1}, {"a": {"b": 1}}, code) == 'a was 1 and is {"b": 1}'


def test_a_hash_is_shown_to_nobody(tmp_path):
    code = ProjectCode(tmp_path)

    assert changed({"workload": f"{HASHED}1"}, {"workload": f"{HASHED}2"}, code) == (
        "workload has changed"
    )
    assert changed({"setup": f"{HASHED}1"}, {"setup": f"{UNKNOWN}2"}, code) == (
        "setup has no source to tell by"
    )


def test_an_edited_file_of_the_project_is_named(tmp_path, module):
    module("shop.py", "one")
    module("test_it.py", "two")
    before = TrialKey({}, ProjectCode(tmp_path)).plain()
    assert {"shop.py", "test_it.py"} <= set(before["code"])

    module("shop.py", "three")
    assert TrialKey({}, ProjectCode(tmp_path)).changes_since(before) == "code shop.py has changed"
    (tmp_path / "shop.py").unlink()
    _hash_of.cache_clear()
    assert TrialKey({}, ProjectCode(tmp_path)).changes_since(before) == "code shop.py has changed"


def test_which_files_are_loaded_is_no_change(tmp_path, module):
    """It depends on the tests that ran before, which pytest-xdist shares out anew."""
    module("shop.py")
    before = TrialKey({}, ProjectCode(tmp_path)).plain()
    module("later.py")

    assert TrialKey({}, ProjectCode(tmp_path)).changes_since(before) == ""


def test_other_tests_and_what_is_installed_are_no_part_of_it(tmp_path, module):
    other = module("test_other.py")
    module(".venv/lib/site-packages/a.py")
    module("env/lib/site-packages/b.py")
    module(f"{sysconfig.get_path('stdlib')}/c.py")
    module("conftest.py")

    code = ProjectCode(tmp_path, frozenset({other})).hashes()
    assert [name for name in code if not name.startswith("../")] == ["conftest.py"]
    assert not any("-packages/" in name or "/c.py" in name for name in code)


def test_code_beside_the_project_and_what_no_module_leads_to_count(tmp_path, module):
    """The application of a `tests/pytest.ini`, a package that is worked on, a hidden conftest.py."""
    root = tmp_path / "tests"
    module("shop.py", "one")
    hidden = tmp_path / "conftest.py"
    hidden.write_text("one")
    code = ProjectCode(root, more=frozenset({hidden}))
    before = TrialKey({}, code).plain()

    for path in (tmp_path / "shop.py", hidden):
        path.write_text("two")
    _hash_of.cache_clear()
    assert TrialKey({}, code).changes_since(before) == (
        "code ../conftest.py has changed, code ../shop.py has changed"
    )
