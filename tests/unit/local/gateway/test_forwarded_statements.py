"""What a reader forwards, and how a session asks for it."""

import pytest

from pytest_rdsfailover.local.gateway.write_forwarding import (
    Forwarding,
    consistency_asked,
    forwarding,
)
from pytest_rdsfailover.mysql.statements import SqlDialect, statements


def parsed(sql):
    (statement,) = statements(sql.encode(), SqlDialect())
    return statement


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("INSERT INTO t VALUES (1)", Forwarding.FORWARDED),
        ("/* c */ WITH c AS (SELECT 1) DELETE FROM t", Forwarding.FORWARDED),
        ("SELECT 1 FROM t LOCK IN SHARE MODE", Forwarding.FORWARDED),
        ("EXECUTE s", Forwarding.FORWARDED),
        ("SELECT 'FOR UPDATE' FROM t", Forwarding.HERE),
        ("START TRANSACTION", Forwarding.HERE),
        ("ROLLBACK", Forwarding.HERE),
        ("CREATE TEMPORARY TABLE t (i INT)", Forwarding.HERE),
        ("DROP TEMPORARY TABLE t", Forwarding.HERE),
        ("CREATE OR REPLACE TABLE t (i INT)", Forwarding.REFUSED),
        ("ROLLBACK WORK TO s", Forwarding.REFUSED),
        ("RELEASE SAVEPOINT s", Forwarding.REFUSED),
        ("BEGIN NOT ATOMIC DELETE FROM t; END", Forwarding.REFUSED),
    ],
)
def test_what_becomes_of_a_statement(sql, what):
    assert forwarding(parsed(sql)) is what


@pytest.mark.parametrize(
    ("sql", "level", "text"),
    [
        ("SET {0} = 'session'", b"SESSION", "SET {1} = 'SESSION'"),
        ("SET a = 1, @@session.{0} := GLOBAL , b = 2", b"GLOBAL", "SET a = 1, {1} = 'GLOBAL' , b = 2"),
        ("SET SESSION {0} = DEFAULT", b"", "SET {1} = ''"),
        ("SET {0} = STRONG", b"STRONG", "SET {1} = 'STRONG'"),
    ],
)  # fmt: skip
def test_a_level_is_set_as_a_variable_of_the_user(sql, level, text):
    names = "aurora_replica_read_consistency", "@`rdsfailover consistency`"
    asked = consistency_asked(parsed(sql.format(*names)))
    assert (asked.level, asked.text) == (level, text.format(*names).encode())
    assert (asked.fault is None) == (level != b"STRONG")


@pytest.mark.parametrize("sql", ["SET GLOBAL {} = ''", "SET @{} = 1", "SET {}", "SELECT @@{} = 1"])
def test_other_statements_set_no_level(sql):
    assert consistency_asked(parsed(sql.format("aurora_replica_read_consistency"))) is None
