"""Paths mean the same after a `chdir`; what is there counts, even if it leads nowhere."""

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.paths import absolute_path, is_there, shown_path

COMPANIONS = {
    "cluster": "orders", "account": "111122223333", "region": "eu-west-1", "schema": "failover",
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("WHERE", "/run/x")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("~/STOP", "/home/me/STOP"), ("$WHERE/STOP", "/run/x/STOP"), (" /STOP ", "/STOP"),
        ("${WHERE}", "/run/x"), ("/a b/c", "/a b/c"),
    ],
)  # fmt: skip
def test_a_path_is_expanded(text, path):
    assert absolute_path(text) == path


@pytest.mark.parametrize("text", ["STOP", "./STOP", "sub/STOP"])
def test_a_relative_path_is_of_the_directory_in_which_it_is_read(text, tmp_path):
    assert absolute_path(text) == str(tmp_path / text)


@pytest.mark.parametrize("text", ["", " ", "$NOBODY_SET_THIS/STOP", "~nobody-at-all/STOP", "a\0b"])
def test_what_names_nothing_is_refused(text):
    with pytest.raises(SettingError, match="is no path"):
        absolute_path(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('"STOP"', "without the quotes"), ("'STOP'", "without the quotes"), ('""', "without the quotes"),
        ("STOP  # the button", "a comment has a line of its own"), ("'/a b/STOP' ", "without the quotes"),
    ],
)  # fmt: skip
def test_what_an_ini_file_does_not_take_away_is_no_part_of_a_path(text, why):
    with pytest.raises(SettingError, match=f"is no path: .*{why}"):
        absolute_path(text)


@pytest.mark.parametrize("text", ["it's", "a'b'", "#1", "a#b", "'"])
def test_quotes_and_hashes_within_a_name_stay(text, tmp_path):
    assert absolute_path(text) == str(tmp_path / text)


@pytest.mark.parametrize("name", ["kill_switch", "audit", "ca"])
def test_every_path_of_a_live_run_is_absolute(name, tmp_path):
    assert getattr(LiveSettings(**COMPANIONS, **{name: "x"}), name) == str(tmp_path / "x")
    flag = "--rds-" + name.replace("_", "-")
    with pytest.raises(SettingError, match=f"{flag}: .* is no path"):
        LiveSettings(**COMPANIONS, **{name: "$NOBODY_SET_THIS"})


def test_a_path_is_shown_from_here_if_it_is_here(tmp_path):
    assert shown_path(tmp_path / "out" / "a.json") == "out/a.json"
    assert shown_path(tmp_path) == "."
    assert shown_path("/elsewhere/a.json") == "/elsewhere/a.json"


def test_a_link_that_leads_nowhere_is_there(tmp_path):
    assert not is_there(str(tmp_path / "STOP"))
    (tmp_path / "STOP").symlink_to(tmp_path / "nothing")
    assert is_there(str(tmp_path / "STOP"))


def test_a_file_whose_directory_cannot_be_seen_is_not_taken_for_absent(tmp_path):
    with pytest.raises(FileNotFoundError):
        is_there(str(tmp_path / "unmounted" / "STOP"))
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        is_there(str(tmp_path / "file" / "STOP"))
