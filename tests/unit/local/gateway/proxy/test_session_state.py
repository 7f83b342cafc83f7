"""The state that RDS Proxy carries from connection to connection, and what it must know of a server."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.proxy.facts import (
    ServerFacts,
    ask,
    columns_of_users,
    like,
)
from pytest_rdsfailover.local.gateway.proxy.state import (
    TRACKED,
    carried,
    charset_state,
    literal,
    question,
    quoted_name,
    setting,
)
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA
from pytest_rdsfailover.mysql.statements import SqlDialect


def test_what_follows_from_others_is_not_asked_for_and_of_two_names_one_is():
    everything = carried(sorted(TRACKED))

    assert list(everything) == sorted(everything)
    assert TRACKED - {*everything} == {
        b"character_set_database", b"collation_database", b"character_set_connection",
        b"character_set_server", b"tx_isolation", b"tx_read_only",
    }  # fmt: skip
    assert carried([b"tx_isolation", b"sql_mode", b"port"]) == (b"sql_mode", b"tx_isolation")
    assert question([b"a", b"b"]) == b"SELECT DATABASE(), @@SESSION.a, @@SESSION.b"


@pytest.mark.parametrize(
    ("wanted", "current", "sql"),
    [
        ({}, {}, b""),
        ({b"sql_mode": b"ANSI"}, {b"sql_mode": b"ANSI", b"time_zone": b"+00:00"}, b""),
        ({b"sql_mode": b"", b"autocommit": b"0"}, {b"autocommit": b"1"}, b"SET autocommit = 0, sql_mode = ''"),
        ({b"time_zone": None}, {b"time_zone": b"+01:00"}, b"SET time_zone = NULL"),
        ({b"sql_mode": b"it's"}, {}, b"SET sql_mode = 'it''s'"),
    ],
)  # fmt: skip
def test_one_set_leads_from_one_state_to_another(wanted, current, sql):
    assert setting(wanted, current) == sql


@pytest.mark.parametrize(
    ("name", "value", "sql"),
    [(b"wait_timeout", b"5", b"5"), (b"sql_mode", b"5", b"'5'"), (b"autocommit", b"ON", b"'ON'")],
)
def test_a_number_is_written_as_one_where_the_server_wants_one(name, value, sql):
    assert literal(name, value) == sql


def test_a_login_begins_with_its_character_set_and_a_name_may_hold_a_quote():
    assert charset_state(b"latin1", b"latin1_bin") == {
        b"character_set_client": b"latin1", b"character_set_results": b"latin1",
        b"collation_connection": b"latin1_bin",
    }  # fmt: skip
    assert quoted_name(b"a`b") == b"`a``b`"


def connection(*answers):
    left = list(answers)

    @contextmanager
    def cursor():
        yield SimpleNamespace(
            execute=lambda _: None, fetchone=lambda: left.pop(0), fetchall=lambda: left.pop(0)
        )

    return SimpleNamespace(cursor=cursor)


@pytest.mark.parametrize(
    ("version", "greets", "number", "mariadb", "after_reset"),
    [
        ("8.0.36", b"8.0.36", 80036, False, (b"utf8mb4", b"utf8mb4_bin")),
        ("8.0-log", b"8.0-log", 80000, False, (b"utf8mb4", b"utf8mb4_bin")),
        ("10.11.6-MariaDB", b"5.5.5-10.11.6-MariaDB", 101106, True, None),
        ("11.0.0-MariaDB", b"11.0.0-MariaDB", 110000, True, None),
        ("8.x.7", b"8.x.7", 80007, False, (b"utf8mb4", b"utf8mb4_bin")),
    ],
)
def test_a_server_is_known_by_what_its_administrator_sees(
    version, greets, number, mariadb, after_reset
):
    facts = ask(connection(
        (version, "151"), [(45, "utf8mb4", b"utf8mb4_general_ci"), ("8", "Latin1", "latin1")],
        [("sql_mode", ""), (b"autocommit", "ON"), ("port", "1")], ("UTF8MB4", b"utf8mb4_bin"),
    ))  # fmt: skip

    assert (facts.version, facts.dialect.version, facts.dialect.mariadb) == (
        greets,
        number,
        mariadb,
    )
    assert (facts.most, facts.after_reset) == (151, after_reset)
    assert facts.charsets == {45: (b"utf8mb4", b"utf8mb4_general_ci"), 8: (b"latin1", b"latin1")}
    assert facts.names == (b"autocommit", b"sql_mode")


def test_a_mysql_says_that_it_is_aurora_and_a_mariadb_that_it_is_itself():
    mysql, maria = ServerFacts(), ServerFacts(dialect=SqlDialect(mariadb=True), version=b"m")
    named = SimpleNamespace(server="8.0.mysql_aurora.3")

    assert like(mysql, named).version == b"8.0.mysql_aurora.3"
    assert like(maria, named) is maria
    assert like(mysql, SimpleNamespace(server=None)) is mysql
    assert USUAL_AURORA.name


def test_the_columns_of_users_are_named_in_bytes():
    assert columns_of_users(connection([("Host",), ("User",)])) == [b"Host", b"User"]
