"""Says which kinds of server the tests ran on, and tests how one is chosen."""

import pytest
from programs import SERVERS

from pytest_rdsfailover.local.server import programs
from pytest_rdsfailover.local.server.programs import find_server
from pytest_rdsfailover.model.errors import SettingError

pytestmark = [pytest.mark.local, pytest.mark.contract("local/server")]


@pytest.mark.parametrize("wanted", SERVERS, ids=lambda wanted: wanted.name)
def test_this_kind_of_server_is_tested(wanted):
    if wanted.find() is None:
        pytest.skip(f"NOTHING WAS TESTED ON {wanted.name}: none here. Get it: {wanted.remedy}")


def script(directory, name, says):
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o700)
    return path


MARIADB = "mariadbd  Ver 11.4.2-MariaDB-ubu2404 for debian-linux-gnu on x86_64 (mariadb.org)"
MYSQL = "/usr/sbin/mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)"


def test_the_setting_comes_before_the_variable_and_the_variable_before_path(tmp_path):
    places = [tmp_path / name for name in ("setting", "variable", "path")]
    for place in places:
        place.mkdir()
        script(place, "mysqld", MYSQL)
    setting, variable, path = (place / "mysqld" for place in places)
    environ = {"PATH": str(path.parent), "RDS_SERVER": str(variable)}

    assert find_server(str(setting), environ).path == setting
    assert find_server(None, environ).path == variable
    assert find_server(None, {"PATH": str(path.parent)}).path == path


def test_mysqld_comes_before_mariadbd_on_path_and_both_are_recognised(tmp_path):
    script(tmp_path, "mariadbd", MARIADB)
    first = find_server(None, {"PATH": str(tmp_path)}) if not has_mysqld() else None
    script(tmp_path, "mysqld", MYSQL)

    assert first is None or str(first).startswith("MariaDB 11.4.2")
    assert str(find_server(None, {"PATH": str(tmp_path)})).startswith("MySQL 8.0.36")


def has_mysqld():
    return any((programs.Path(place) / "mysqld").exists() for place in programs.MORE_PLACES)


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        ("hello", "no MySQL or MariaDB server"),
        ("mysql  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", "no MySQL"),
        ("mysql  Ver 15.1 Distrib 10.11.6-MariaDB, for debian-linux-gnu", "no MySQL"),
        ("postgres (PostgreSQL) 16.1", "no MySQL"),
        (MYSQL.replace("8.0.36", "5.6.1"), "MySQL 5.6.1; 5.7 is the oldest"),
        (MARIADB.replace("11.4.2", "10.3.9"), "MariaDB 10.3.9; 10.4 is the oldest"),
    ],
)
def test_a_program_that_is_no_usable_server_is_refused(tmp_path, says, complaint):
    path = script(tmp_path, "thing", says)

    with pytest.raises(SettingError, match=complaint):
        find_server(str(path), {})


@pytest.mark.parametrize("named", ["/nowhere/mysqld", "mysqld-that-is-not-there", "/tmp", ""])
def test_a_server_that_does_not_exist_is_refused_with_the_line_to_type(named, monkeypatch):
    monkeypatch.setattr(programs, "MORE_PLACES", ())

    with pytest.raises(SettingError, match=r"apt-get install mariadb-server|brew install mariadb"):
        find_server(named, {"PATH": "/nowhere"})


def test_a_program_of_another_format_is_refused(tmp_path):
    path = tmp_path / "mysqld"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o700)

    with pytest.raises(SettingError, match="cannot be run"):
        find_server(str(path), {})
