"""What a session of the proxy takes along, and which connection must be reset behind it."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.proxy.carried import Carried, may_name_id
from pytest_rdsfailover.mysql.packets import STATUS_AUTOCOMMIT

NAMES = (b"autocommit", b"sql_mode")
QUERY = b"\x03"


class Connection:
    """A database connection; answers what it is asked for with what was planted."""

    def __init__(self, schema=b"app", **told):
        self.schema, self.baseline, self.state, self.asked = schema, {b"sql_mode": b""}, {}, []
        self.setup = SimpleNamespace(names=NAMES)
        self._told = {name.encode(): value for name, value in told.items()}

    def ask(self, question, learnt):
        self.asked.append(question)
        learnt([])

    def learn(self, _, names):
        self.state = {name: self._told.get(name) for name in names}


def learning(carried, connection, sql, status=STATUS_AUTOCOMMIT):
    done = []
    carried.learn(connection, QUERY + sql, status, lambda: done.append(True))
    assert done == [True]
    return carried


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (b"INSERT INTO t VALUES (12)", True),
        (b"INSERT INTO t VALUES (123)", True),
        (b"INSERT INTO t VALUES (1)", False),
        (b"INSERT INTO t select 1", True),
        (b"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", True),
        (b"INSERT INTO t VALUES (1) RETURNING a", True),
        (b"UPDATE t SET a = 1", True),
        (b"INSERT INTO selected VALUES (1)", False),
    ],
)
def test_a_command_that_may_name_an_id_has_its_number_or_a_word_for_it(sql, names):
    assert may_name_id(12, QUERY + sql) is names


@pytest.mark.parametrize(
    "sql", [b"SET autocommit = 0", b"set session AUTOCOMMIT=1 ;", b" SET  autocommit = 1"]
)
@pytest.mark.parametrize(("status", "on"), [(STATUS_AUTOCOMMIT, b"1"), (1, b"0")])
def test_autocommit_alone_is_known_by_the_status(sql, status, on):
    carried, connection = Carried(), Connection()
    learning(carried, connection, sql, status)

    assert connection.asked == []
    assert connection.state == {b"autocommit": on}
    assert carried.wanted(connection) == {b"sql_mode": b"", b"autocommit": on}


@pytest.mark.parametrize(
    "sql",
    [b"SET autocommit = 0, sql_mode = ''", b"SET autocommit = 2", b"SET GLOBAL autocommit = 0"],
)
def test_all_else_is_asked_for(sql):
    carried, connection = Carried(), Connection(autocommit=b"0", sql_mode=b"ANSI")
    learning(carried, connection, sql)

    assert connection.asked == [b"SELECT DATABASE(), @@SESSION.autocommit, @@SESSION.sql_mode"]
    assert carried.wanted(connection) == {b"autocommit": b"0", b"sql_mode": b"ANSI"}
    assert (carried.schema, carried.sticks) == (b"app", False)


def test_what_follows_the_schema_sticks_until_that_changes():
    carried, connection = Carried(), Connection(collation_database=b"latin1_bin")
    learning(carried, connection, b"SET COLLATION_DATABASE = latin1_bin")
    carried.schema = b"app"
    assert carried.sticks
    assert connection.asked[-1].endswith(b", @@SESSION.collation_database")

    learning(carried, connection, b"SET sql_mode = ''")
    assert carried.sticks  # it is asked for again
    assert connection.asked[-1].endswith(b", @@SESSION.collation_database")
    assert carried.wanted(connection)[b"collation_database"] == b"latin1_bin"

    connection.schema = b"other"
    learning(carried, connection, b"USE other")
    assert (carried.schema, carried.sticks) == (b"other", False)


def test_a_login_begins_with_its_schema_and_character_set_alone():
    carried, connection = Carried(), Connection()
    learning(carried, connection, b"SET character_set_database = latin1")
    carried.insert_id = 7
    carried.begin(b"new", (b"utf8mb4", b"utf8mb4_bin"))

    assert (carried.schema, carried.insert_id, carried.sticks) == (b"new", 0, False)
    assert carried.wanted(connection) == {
        b"sql_mode": b"", b"character_set_client": b"utf8mb4",
        b"character_set_results": b"utf8mb4", b"collation_connection": b"utf8mb4_bin",
    }  # fmt: skip
