"""Which statements are about accounts, and which users are known to log in by a token."""

import pytest

from pytest_rdsfailover.local.gateway.accounts import Accounts
from pytest_rdsfailover.mysql.statements import SqlDialect, statements

PLUGIN = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"


def sent(accounts, sql):
    return [accounts.in_known_words(one).decode() for one in statements(sql.encode(), SqlDialect())]


@pytest.mark.parametrize(
    "sql",
    [
        f'ALTER TABLE t ADD user TEXT COMMENT "{PLUGIN}"', f'SELECT "{PLUGIN}"',
        f'INSERT INTO t SELECT a, b, user FROM t WHERE a IN ("{PLUGIN}")',
    ],
)  # fmt: skip
def test_a_statement_about_something_else_keeps_its_words(sql):
    accounts = Accounts()
    assert sent(accounts, sql) == [sql]


@pytest.mark.parametrize(
    "sql", ["CREATE USER a {}", "create or replace user a {}", "ALTER USER a {}"]
)
def test_a_user_of_awss_plugin_gets_a_password_that_nobody_knows(sql):
    accounts = Accounts()
    password = accounts.password.decode()
    assert sent(accounts, sql.format(PLUGIN)) == [sql.format(f"IDENTIFIED BY '{password}'")]
    assert password.startswith("Aa1-")
    assert len(password) > 30
    assert Accounts().password != accounts.password


@pytest.mark.parametrize(
    ("sql", "known"),
    [
        ("CREATE USER a IDENTIFIED BY '{}'", True),
        ("; CREATE USER a IDENTIFIED BY '{}'", True),
        ("ALTER TABLE t ADD user a COMMENT '{}'", False),
        ("GRANT ALL ON user TO a IDENTIFIED BY '{}'", False),
        ("CREATE USER", False),
    ],
)
def test_only_what_makes_or_changes_users_makes_one_known(sql, known):
    accounts = Accounts()
    accounts.carried_out(b"\x03" + sql.format(accounts.password.decode()).encode(), SqlDialect())
    assert (accounts.by_token(b"a"), accounts.any_by_token) == (known, known)


def test_passwords_are_told_to_the_server_as_they_are_only_where_nobody_listens():
    assert Accounts().secure is False
