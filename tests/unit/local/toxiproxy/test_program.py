"""Which Toxiproxy a setting names."""

import pytest

from pytest_rdsfailover.local.toxiproxy.program import ToxiproxyProgram, find_toxiproxy
from pytest_rdsfailover.model.errors import SettingError


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A folder on PATH, with a program in it that is no Toxiproxy by name."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return program(tmp_path / "other")


def program(path):
    path.touch(mode=0o755)
    return path


def test_without_a_setting_it_is_the_one_on_path_or_else_the_built_in_one(path):
    assert find_toxiproxy(None) == ToxiproxyProgram()
    server = program(path.with_name("toxiproxy-server"))
    assert find_toxiproxy(None) == ToxiproxyProgram(path=str(server))
    assert find_toxiproxy("builtin") == ToxiproxyProgram()


def test_a_program_is_named_by_its_name_its_path_or_from_home(path, monkeypatch):
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.chdir(path.parent)
    for setting in ("other", str(path), "~/other", "./other"):
        assert find_toxiproxy(setting) == ToxiproxyProgram(path=str(path)), setting
    with pytest.raises(SettingError, match=r"there is no program missing: .*, or builtin"):
        find_toxiproxy("missing")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_one_that_runs_on_this_machine_is_named_by_its_url(host):
    assert find_toxiproxy(f"http://{host}:8474/") == ToxiproxyProgram(url=f"http://{host}:8474")
    assert find_toxiproxy(f"http://{host}").path is None


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("127.0.0.1:8474", "with its http://"),
        ("user@host", "with its http://"),
        ("http://me:secret@127.0.0.1:8474", "takes no user and no password"),
        ("http://127.0.0.1:port", "cannot be read"),
        ("http://[::1", "cannot be read"),
        ("http://elsewhere:8474", "^elsewhere:8474 is not on this machine"),
        ("http://elsewhere", "^elsewhere is not on this machine"),
        ("http://127.0.0.2:1", "127.0.0.2:1 is not on this machine"),
    ],
)
def test_what_names_none_on_this_machine_is_refused_and_no_password_repeated(setting, said):
    with pytest.raises(SettingError, match=said) as refused:
        find_toxiproxy(setting)
    assert "secret" not in str(refused.value)


def test_a_program_is_said_in_words():
    said = [str(ToxiproxyProgram(**each)) for each in ({}, {"path": "/p"}, {"url": "http://u"})]
    assert said == ["built-in", "/p", "running at http://u"]
