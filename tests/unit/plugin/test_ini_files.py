"""Which ini file is a project's own, and what leads pytest to another."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.plugin.ini_choice import check_ini, own_ini, stray_value

PYPROJECT = "[tool.pytest.ini_options]\n"


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("pytest.ini", "", True), (".pytest.ini", "", True), ("pytest.toml", "", True),
        ("pyproject.toml", PYPROJECT, True), ("pyproject.toml", "[tool.ruff]\n", False),
        ("pyproject.toml", "", False), ("pyproject.toml", "[tool", False),
        ("tox.ini", "[pytest]\n", True), ("tox.ini", "[tox]\n", False), ("tox.ini", "no section", False),
        ("setup.cfg", "[tool:pytest]\n", True), ("setup.cfg", "[pytest]\n", False),
        ("other.ini", "[pytest]\n", False),
    ],
)  # fmt: skip
def test_an_ini_file_is_what_pytest_takes_for_one(tmp_path, name, text, counts):
    (tmp_path / name).write_text(text)

    assert own_ini(tmp_path) == (tmp_path / name if counts else None)


def test_the_nearest_ini_file_counts_and_in_one_folder_the_first_of_its_names(tmp_path):
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("")
    assert own_ini(here) == tmp_path / "pytest.ini"
    (tmp_path / "a" / "tox.ini").write_text("[pytest]\n")
    assert own_ini(here) == tmp_path / "a" / "tox.ini"
    (tmp_path / "a" / "pytest.ini").write_text("")
    assert own_ini(here) == tmp_path / "a" / "pytest.ini"
    (here / "pytest.ini").mkdir()  # no file
    assert own_ini(here) == tmp_path / "a" / "pytest.ini"


@pytest.mark.parametrize(
    ("arguments", "added", "found"),
    [
        (("--rds-ca", "ca.pem"), "", ("--rds-ca", "ca.pem")),
        (("-q", "--rds-journal", "ca.pem::x"), "", ("--rds-journal", "ca.pem::x")),
        (("--rds-ca=ca.pem",), "", None),
        (("--rds-ca", "gone.pem"), "", None),
        (("--rds-ca", "-q"), "", None),
        (("--rds-strict", "ca.pem"), "", None),  # a switch has no value: this is a test path
        (("--tb", "ca.pem"), "", None),
        ((), "--rds-ca ca.pem", ("--rds-ca", "ca.pem")),
        (("--rds-server", "ca.pem"), "--rds-ca ca.pem", ("--rds-ca", "ca.pem")),
    ],
)
def test_a_value_that_is_a_path_as_well_is_taken_for_a_test(
    tmp_path, monkeypatch, arguments, added, found
):
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "-q").write_text("")
    monkeypatch.setenv("PYTEST_ADDOPTS", added)

    assert stray_value(arguments, tmp_path) == found


def test_a_value_that_no_path_can_be_is_taken_for_none(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    assert stray_value(("--rds-json", "l" * 300), tmp_path) is None


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Return a run of pytest that was started in a project and has read some ini file."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pytest.ini").write_text("")

    def started(*arguments, here="own", taken="other", chosen=None, **more):
        return SimpleNamespace(
            getoption=lambda *_: chosen, inipath=taken and tmp_path / taken / "pytest.ini",
            invocation_params=SimpleNamespace(dir=tmp_path / here, args=arguments), **more,
        )  # fmt: skip

    return started


STRAY = ("--rds-ca", "../other/pytest.ini")


@pytest.mark.parametrize("taken", ["other", None])
def test_live_mode_refuses_the_ini_file_of_another_project(started, taken):
    with pytest.raises(SettingError, match=r"own/pytest\.ini; --rds-ca .* write --rds-ca="):
        check_ini(started(*STRAY, taken=taken), live=True)
    with pytest.raises(SettingError, match="start pytest in the directory of its ini file"):
        check_ini(started(taken=taken), live=True)


def test_a_local_run_warns_only_of_what_has_led_it_astray(started):
    with pytest.warns(pytest.PytestConfigWarning, match=r"other/pytest\.ini instead of .*own"):
        check_ini(started(*STRAY), live=False)
    with pytest.warns(pytest.PytestConfigWarning, match=r"no ini file instead of .*own"):
        check_ini(started(*STRAY, taken=None), live=False)
    check_ini(started(), live=False)


@pytest.mark.parametrize(
    "run",
    [{"taken": "own"}, {"chosen": "other/pytest.ini"}, {"workerinput": {}}],
    ids=["its own", "chosen with -c", "a worker"],
)
def test_what_is_meant_is_taken(started, run):
    check_ini(started(*STRAY, **run), live=True)


def test_a_folder_without_an_ini_file_has_none_to_lose(started, monkeypatch):
    monkeypatch.setattr("pytest_rdsfailover.plugin.ini_choice.own_ini", lambda _: None)

    check_ini(started(), live=True)
    with pytest.raises(SettingError, match="instead of none"):
        check_ini(started(*STRAY), live=True)
