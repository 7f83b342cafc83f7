"""URLs of running servers."""

import os
import re
from pathlib import Path

import certifi
import pytest

from pytest_rdsfailover.local.server.programs import check_named, find_server, parse_url
from pytest_rdsfailover.model.errors import SettingError


def test_a_url_names_place_and_account():
    found = parse_url("mysql://admin:p%40ss%2F@db.example:3307/ignored")

    assert (found.address.host, found.address.port) == ("db.example", 3307)
    assert (found.admin.user, found.admin.password) == ("admin", "p@ss/")


def test_the_usual_port_need_not_be_named_and_the_password_may_be_empty():
    found = parse_url("mariadb://root@localhost")

    assert (found.address.port, found.admin.password) == (3306, "")


def test_a_url_may_name_a_socket_or_an_authority(monkeypatch):
    assert (
        parse_url("mysql://root@localhost?socket=/run/mysqld.sock").address.socket
        == "/run/mysqld.sock"
    )
    place = Path(certifi.where())
    monkeypatch.chdir(place.parent)
    assert parse_url(f"mysql://root@host?ca={place.name}").address.ca == str(place)


@pytest.mark.parametrize("kind", ["none", "folder", "pipe", "text"])
def test_a_file_that_holds_no_authority_is_named_before_anything_starts(tmp_path, kind):
    path = tmp_path / "ca.pem"
    {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "text": path.touch}.get(kind, str)()

    with pytest.raises(SettingError, match=re.escape(str(path))) as caught:
        check_named(f"mysql://root:Hush@localhost?ca={path}", {})
    assert "Hush" not in str(caught.value)


@pytest.mark.parametrize("named", [
    "ad%1b[31mmin:Hush@h", "ad%1B%5B31mmin:Hush@h", "ad%00min:Hush@h", "admin:Hu\tsh@h", " admin:Hush@h",
    "admin:Hu\nsh@h", "admin:Hu\x1bsh@h", "admin:Hu\udcffsh@h", "admin:Hush%ff@h", "admin:Hush@h#Hush",
    "admin:Hush@h\udcff", "admin:Hush@h?socket=/tmp/a%1b", "admin:Hush@h?socket=/tmp/%00",
    "admin:Hush@h?socket=", "admin:Hush@h?socket=/a&socket=/b", "admin:Hush@a..b",
    "admin:Hush@%2Frun%2Fmysqld.sock", f"admin:Hush@{'h' * 300}", f"admin:Hush{'h' * 300}",
])  # fmt: skip
@pytest.mark.parametrize("scheme", ["mysql://", ""])
def test_what_a_terminal_obeys_or_a_server_cannot_be_sent_is_refused(named, scheme):
    with pytest.raises(SettingError) as caught:
        check_named(scheme + named, {})

    assert str(caught.value).isprintable()
    assert not {"Hu", "sh"} & set(re.findall("Hu|sh", str(caught.value)))


def test_a_path_in_place_of_a_host_is_told_how_a_socket_is_named():
    with pytest.raises(SettingError, match=r"write localhost\?socket=PATH"):
        parse_url("mysql://root@%2Frun%2Fmysqld%2Fmysqld.sock")


def test_signs_of_any_language_and_a_port_of_ipv6_are_taken():
    found = parse_url("mysql://näme:ü%C3%A9@[fe80::1%25lo]:3307")

    assert (found.admin.user, found.admin.password) == ("näme", "üé")
    assert (found.address.host, found.address.port) == ("fe80::1%25lo", 3307)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://root:Hush@localhost",
        "http://localhost",
        "mysql://localhost:3306",
        "mysql://root:Hush@localhost:99999",
        "mysql://root:Hush@localhost:port",
    ],
)
def test_a_url_of_something_else_is_refused_without_telling_the_password(text):
    with pytest.raises(SettingError) as caught:
        find_server(text, {})

    assert "Hush" not in str(caught.value)


@pytest.mark.parametrize("password", ["Hu/sh", "Hu#sh", "Hu?sh", "12/Hush", "H@u/sh", "[Hush"])
def test_a_password_that_must_be_encoded_is_said_to_be_the_fault_and_not_shown(password):
    with pytest.raises(SettingError, match="percent-encoded") as caught:
        parse_url(f"mysql://root:{password}@localhost:3306")

    assert not {"Hu", "sh"} & set(re.findall("Hu|sh", str(caught.value)))


def test_a_password_is_in_no_repr():
    found = parse_url("mysql://root:Hush@localhost")

    assert "Hush" not in repr(found) + str(found) + repr(found.admin)


def test_the_variable_may_hold_a_url():
    assert find_server(None, {"RDS_SERVER": "mysql://root@h:3308"}).address.port == 3308


@pytest.mark.parametrize("query", ["sslca=/ca.pem", "CA=/ca.pem", "sock=", "ca=/ca.pem&x=1"])
def test_a_key_that_means_nothing_turns_off_no_verification(query):
    with pytest.raises(SettingError, match=r"write \?ca=PATH") as caught:
        parse_url(f"mysql://admin:hidden@db.example?{query}")
    assert "hidden" not in str(caught.value)


def test_port_0_is_none():
    with pytest.raises(SettingError, match="from 1 to 65535"):
        parse_url("mysql://admin:hidden@db.example:0")
