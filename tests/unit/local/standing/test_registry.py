"""Where standing clusters are written down, and who is believed."""

import os
import stat
import time

import pytest
from standing_clusters import description

from pytest_rdsfailover.local.processes.identity import Identity
from pytest_rdsfailover.local.standing.registry import Registry, check_name
from pytest_rdsfailover.model.errors import SettingError

GONE = Identity(pid=os.getpid(), born="another boot 1")


@pytest.fixture
def environ(tmp_path):
    return {"XDG_CACHE_HOME": str(tmp_path)}


@pytest.fixture
def registry(environ):
    return Registry(environ)


def files(registry):
    return sorted(path.name for path in registry.directory.iterdir() if path.name != "lock")


def test_what_is_written_down_is_found_as_it_was_and_forgotten_at_the_end(registry):
    with registry.claimed("orders"):
        registry.write(description())

        assert registry.find("orders") == description()
        modes = {stat.S_IMODE(path.stat().st_mode) for path in registry.directory.iterdir()}
        assert modes == {0o600}
        with pytest.raises(SettingError, match="stands already"), registry.claimed("orders"):
            pass
        assert registry.find("orders") == description()  # who was refused has forgotten nothing

    assert files(registry) == []


def test_what_a_killed_cluster_has_left_is_told_once_and_removed(registry, monkeypatch):
    with monkeypatch.context() as patch:
        # As if this process had been killed in the block, and another had its id now.
        patch.setattr("pytest_rdsfailover.local.standing.registry.own_identity", lambda: GONE)
        claim = registry.claimed("orders")
        claim.__enter__()
        registry.write(description(keeper=GONE))

    with pytest.raises(SettingError, match="is gone"):
        registry.find("orders")
    assert files(registry) == []
    with pytest.raises(SettingError, match="no cluster 'orders' stands"):
        registry.find("orders")


def test_the_name_of_a_killed_cluster_can_be_claimed_at_once(registry):
    (registry.directory / "orders.claim").write_text('{"pid": 1, "born": "another boot 1"}')
    (registry.directory / "orders.json").write_text("{}")

    with registry.claimed("orders"):
        assert files(registry) == ["orders.claim"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"name": "orders"}', "\x00"])
def test_what_is_no_description_is_a_cluster_that_is_gone(registry, text):
    (registry.directory / "orders.json").write_text(text)

    with pytest.raises(SettingError, match="is gone"):
        registry.find("orders")


def test_the_nearest_name_is_told(registry):
    registry.write(description())

    with pytest.raises(SettingError, match=r"did you mean 'orders'\?"):
        registry.find("oders")


def test_only_what_stands_is_named_and_what_does_not_is_forgotten_after_a_day(registry):
    registry.write(description())
    for name, days in (("killed", 0), ("killed-long-ago", 2)):
        registry.write(description(name=name, keeper=GONE))
        written = time.time() - days * 86400
        os.utime(registry.directory / f"{name}.json", (written, written))

    with registry.claimed("another"):
        assert registry.names() == ["killed", "orders"]
        with pytest.raises(SettingError, match=r"stands \(standing: orders\);"):
            registry.find("kiled")
        with pytest.raises(SettingError, match="'killed' is gone"):
            registry.find("killed")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_directory_that_others_can_write_to_is_refused(registry, environ, mode):
    registry.directory.chmod(mode)

    with pytest.raises(SettingError, match="chmod 700"):
        Registry(environ)


def test_a_directory_of_another_user_is_refused(registry, environ, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: registry.directory.stat().st_uid + 1)

    with pytest.raises(SettingError, match="belongs to another user"):
        Registry(environ)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "-a", "ä", "a" * 41, "a b", "a\n"])
def test_a_name_that_is_no_file_of_ours_is_refused(name):
    with pytest.raises(SettingError, match="cannot be called"):
        check_name(name)
