"""Which tables are a session's own, and which statements write into them."""

import pytest

from pytest_rdsfailover.local.gateway.temporary_tables import LONGEST, TemporaryTables


def holding(*statements):
    tables = TemporaryTables()
    for sql in statements:
        tables.take(sql)
    return tables


@pytest.mark.parametrize(
    "made",
    [
        b"CREATE TEMPORARY TABLE t (a INT)",
        b"create temporary table if not exists T (a INT)",
        b"CREATE OR REPLACE TEMPORARY TABLE `t` (a INT)",
        b"/* why */ CREATE\nTEMPORARY  TABLE app . `T` SELECT 1",
        b"-- why\nCREATE TEMPORARY TABLE `app`.t LIKE u",
    ],
)
@pytest.mark.parametrize(
    ("written", "own"),
    [
        (b"INSERT INTO t VALUES (1)", True),
        (b"insert t values (1)", True),
        (b"INSERT LOW_PRIORITY IGNORE INTO `T` VALUES (1)", True),
        (b"REPLACE DELAYED t VALUES (1)", True),
        (b"UPDATE IGNORE app.t SET a = 1", True),
        (b"DELETE QUICK FROM t", True),
        (b"LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE t", True),
        (b"# why\nINSERT INTO t VALUES (1)", True),
        (b"INSERT INTO orders SELECT * FROM t", False),
        (b"UPDATE orders SET a = 't'", False),
        (b"INSERT INTO t2 VALUES (1)", False),
        (b"SELECT * FROM t", False),
        (b"TRUNCATE TABLE t", False),
    ],
)
def test_who_writes_into_a_table_of_its_own(made, written, own):
    assert holding(made).holds(written) is own
    assert not holding().holds(written)


@pytest.mark.parametrize(
    ("dropped", "left"),
    [
        (b"DROP TEMPORARY TABLE t", False),
        (b"drop table if exists `T`", False),
        (b"DROP TABLE app.t", False),
        (b"DROP TABLE u", True),
        (b"DROP VIEW t", True),
    ],
)
def test_a_table_is_its_own_until_it_is_dropped(dropped, left):
    tables = holding(b"CREATE TEMPORARY TABLE t (a INT)", dropped)

    assert bool(tables) is left
    assert tables.holds(b"INSERT INTO t VALUES (1)") is left


def test_one_that_is_dropped_leaves_the_others():
    tables = holding(
        b"CREATE TEMPORARY TABLE t (a INT)", b"CREATE TEMPORARY TABLE u (a INT)", b"DROP TABLE t"
    )

    assert tables.holds(b"DELETE FROM u")
    assert not tables.holds(b"DELETE FROM t")


@pytest.mark.parametrize(
    "sql", [b"CREATE TABLE t (a INT)", b"SELECT 'CREATE TEMPORARY TABLE t'", b"DROP TABLE t"]
)
def test_no_other_statement_makes_one(sql):
    assert not holding(sql)


def test_a_new_session_has_none():
    tables = holding(b"CREATE TEMPORARY TABLE t (a INT)")
    tables.clear()

    assert not tables
    assert not tables.holds(b"INSERT INTO t VALUES (1)")


def test_a_name_is_looked_for_within_a_bound():
    near, far = (b" " * (LONGEST - gap) for gap in (32, 1))
    made = b"CREATE TEMPORARY TABLE t"
    assert holding(near + made)
    assert not holding(far + made)
    assert holding(made).holds(near + b"INSERT INTO t")
    assert not holding(made).holds(far + b"INSERT INTO t")
    assert not holding(made, near + b"DROP TABLE t")
    assert holding(made, far + b"DROP TABLE t")
