"""URLs of running servers."""

import re

import pytest

from pytest_rdsfailover.local.server.programs import find_server, parse_url
from pytest_rdsfailover.model.errors import SettingError


def test_a_url_names_place_and_account():
    found = parse_url("mysql://admin:p%40ss%2F@db.example:3307/ignored")

    assert (found.address.host, found.address.port) == ("db.example", 3307)
    assert (found.admin.user, found.admin.password) == ("admin", "p@ss/")


def test_the_usual_port_need_not_be_named_and_the_password_may_be_empty():
    found = parse_url("mariadb://root@localhost")

    assert (found.address.port, found.admin.password) == (3306, "")


def test_a_url_may_name_a_socket_or_an_authority():
    assert (
        parse_url("mysql://root@localhost?socket=/run/mysqld.sock").address.socket
        == "/run/mysqld.sock"
    )
    assert parse_url("mysql://root@host?ca=/etc/ca.pem").address.ca == "/etc/ca.pem"


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
