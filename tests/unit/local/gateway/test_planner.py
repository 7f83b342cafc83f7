"""What is sent to the server for a command, on a writer, on a reader, and on one that forwards writes."""

import pytest

from pytest_rdsfailover.local.gateway.plan import Planner, lifting, withholding
from pytest_rdsfailover.local.gateway.roles import PROTECT, RELEASE, Exchange
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.variables import Variables
from pytest_rdsfailover.model.aurora_versions import AURORA_VERSIONS
from pytest_rdsfailover.mysql.packets import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_NO_BACKSLASH_ESCAPES,
)
from pytest_rdsfailover.mysql.responses import Command

NUMBER = b"\1\0\0\0"
EXECUTE = b"\x17" + NUMBER + b"\0\1\0\0\0"
SHORT = {
    PROTECT: "protect", RELEASE: "release", b"COMMIT": "commit", b"START TRANSACTION": "start",
    b"START TRANSACTION READ ONLY": "start read only",
}  # fmt: skip


def shortly(exchanges):
    """Return what is sent, with short names for our own statements, and errors by their codes."""
    return [
        str(one.refuse.code)
        if one.refuse is not None
        else SHORT.get(
            one.payload[1:], "told" if one.payload[1:5] == b"SET " and one.hidden else ""
        )
        or one.payload[1:].decode("latin-1")
        for one in exchanges
    ]


class House:
    """A session at an instance, whose server has carried out each statement."""

    def __init__(self, *, reader=False, forwards=False, direct=True, login=b""):
        self.router = Router(2)
        self.host = self.router.instance("instance-2" if reader else "instance-1")
        self.host.volume.forwarding = forwards
        self.variables = Variables(self.host.id)
        more = {} if direct else {"direct": False}
        self.planner = Planner(self.host, self.variables, **more)
        self.planner.logged_in(login)

    def plan(self, message, status=STATUS_AUTOCOMMIT, *, multi=True):
        return self.planner.plan(message, status, multi=multi)

    def ask(self, sql, status=STATUS_AUTOCOMMIT, *, multi=True):
        """Return in short what a query takes."""
        return shortly(self.plan(b"\x03" + sql.encode(), status, multi=multi))

    def do(self, *texts):
        """Carry out statements to their good end."""
        for sql in texts:
            for exchange in self.plan(b"\x03" + sql.encode()):
                self.planner.sent(exchange)
                self.planner.answered(exchange.payload)
        return self

    def prepare(self, sql, number=NUMBER):
        exchange = self.plan(b"\x16" + sql.encode())[-1]
        lifted = lifting(exchange, STATUS_AUTOCOMMIT)[1] if exchange.lift else exchange
        self.planner.prepared(number, lifted)
        return self

    def execute(self):
        return self.plan(EXECUTE)


CONSISTENT = "SET aurora_replica_read_consistency = 'session'"


def forwarding_reader(**more):
    """Return a house whose session wants its writes forwarded, and is not read-only any more."""
    return House(reader=True, forwards=True, **more).do(CONSISTENT, "SELECT 1")


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (STATUS_AUTOCOMMIT, ["release", "own", "protect"]),
        (0, ["release", "own", "commit", "protect"]),
        (STATUS_IN_TRANS, ["commit", "release", "own", "commit", "protect"]),
        (STATUS_IN_TRANS | STATUS_AUTOCOMMIT,
         ["commit", "release", "own", "protect", "start read only"]),
    ],
)  # fmt: skip
def test_what_a_reader_may_write_stands_in_no_transaction_of_the_clients(status, sent):
    found = lifting(Exchange(payload=b"\x03own", lift=True), status)

    assert shortly(found) == sent
    (own,) = (one for one in found if not one.hidden)
    assert (own.lift, own.lifted) == (False, True)


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (STATUS_AUTOCOMMIT, ["start", "own", "commit"]), (0, ["own"]), (STATUS_IN_TRANS, ["own"]),
        (STATUS_IN_TRANS | STATUS_AUTOCOMMIT, ["own"]),
    ],
)  # fmt: skip
def test_only_what_would_commit_by_itself_is_withheld(status, sent):
    found = withholding(Exchange(payload=b"\x03own", withheld=True), status)

    assert shortly(found) == sent
    assert not any(one.withheld for one in found)


@pytest.mark.parametrize(
    ("house", "forwards"),
    [
        (House(forwards=True).do(CONSISTENT), False),
        (House(reader=True, forwards=True), False),
        (House(reader=True).do(CONSISTENT), False),
        (forwarding_reader(), True),
        (forwarding_reader(direct=False), False),
    ],
    ids=["a writer", "no level", "not allowed", "all of it", "by a proxy"],
)
def test_a_reader_forwards_for_direct_clients_that_want_it_where_it_may(house, forwards):
    assert house.planner.forwards is forwards
    assert house.ask("INSERT INTO t VALUES (1)")[:1] == (
        ["protect"] if not (forwards or house.host.writer) else ["INSERT INTO t VALUES (1)"]
    )


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("INSERT INTO t VALUES (1)", ["INSERT INTO t VALUES (1)"]),
        ("SELECT 1 FROM t", ["SELECT 1 FROM t"]),
        ("CREATE TABLE t (a INT)", ["1235"]),
        ("SELECT 1; CALL p(); SELECT 2", ["SELECT 1", "1235", " SELECT 2"]),
        ("OPTIMIZE TABLE t", ["1290"]),
    ],
)
def test_what_a_forwarding_reader_sends_and_what_it_refuses(sql, sent):
    assert forwarding_reader().ask(sql) == sent


def test_while_nobody_takes_writes_only_those_are_refused():
    house = forwarding_reader()
    house.router.depose("instance-1")

    assert house.ask("INSERT INTO t VALUES (1)") == ["63976"]
    assert house.ask("SELECT 1 FROM t") == ["SELECT 1 FROM t"]
    assert house.ask("CREATE TABLE t (a INT)") == ["1235"]


@pytest.mark.parametrize(
    ("sql", "sent", "while_nobody_writes"),
    [("INSERT INTO t VALUES (?)", ["own"], ["63976"]), ("SELECT ?", ["own"], ["own"]),
     (None, ["own"], ["63976"])],
)  # fmt: skip
def test_a_prepared_statement_is_forwarded_by_what_it_does(sql, sent, while_nobody_writes):
    house = forwarding_reader()
    if sql is not None:
        house.prepare(sql)
    own = EXECUTE[1:].decode("latin-1")

    for expected in (sent, while_nobody_writes):
        assert [text.replace(own, "own") for text in shortly(house.execute())] == expected
        house.router.depose("instance-1")
    house.planner.closed(NUMBER)
    assert shortly(house.execute()) == [
        "63976"
    ]  # of a number that nobody prepared anything is known


def test_what_was_prepared_before_writes_were_forwarded_is_refused_if_it_cannot_be():
    house = House(reader=True, forwards=True).prepare("CREATE TABLE t (a INT)")
    assert shortly(house.execute())[:1] == ["protect"]
    house.do(CONSISTENT)
    assert shortly(house.execute()) == ["1235"]


def test_what_a_reader_carries_out_itself_it_may_write_at_each_execution_until_it_is_closed():
    house = House(reader=True).prepare("CREATE TEMPORARY TABLE t (a INT)")

    assert [one.lift for one in house.execute()] == [True]
    house.router.promote("instance-2")
    assert [one.lift for one in house.execute()] == [False]
    house.router.promote("instance-1")
    house.planner.closed(NUMBER)
    assert shortly(house.execute())[0] == "protect"
    assert not any(one.lift for one in house.execute())


def test_a_closed_statement_asks_for_no_topology_and_is_not_withheld():
    house = House()
    for sql, count in (
        ("SELECT * FROM information_schema.replica_host_status", 2),
        ("INSERT INTO t SELECT SLEEP(?)", 1),
    ):
        house.prepare(sql)
        assert len(house.execute()) == count
        assert house.execute()[-1].withheld is (count == 1)
        house.planner.closed(NUMBER)
        assert house.execute() == [Exchange(payload=EXECUTE)]
        house.planner.closed(NUMBER)


def test_what_would_commit_by_itself_is_withheld_where_it_is_carried_out_by_a_writer():
    sql = "INSERT INTO t SELECT SLEEP(1)"
    for house, withheld in (
        (House(), True), (House(reader=True), False), (forwarding_reader(), True),
    ):  # fmt: skip
        assert house.plan(b"\x03" + sql.encode())[-1].withheld is withheld
        assert house.prepare(sql).execute()[-1].withheld is withheld


STATUS = "SELECT * FROM replica_host_status"


def knows(house):
    """Tell whether a session's current database is the one with the topology in it."""
    return "told" in house.ask(STATUS)


@pytest.mark.parametrize(
    ("login", "known"),
    [
        (b"app\0\0information_schema\0", True), (b"app\0\0INFORMATION_SCHEMA\0plugin\0", True),
        (b"app\0\0shop\0", False), (b"app\0\0information_schema_of_mine\0", False), (b"app\0", False),
    ],
)  # fmt: skip
def test_a_login_names_the_current_database(login, known):
    assert knows(House(login=login)) is known


@pytest.mark.parametrize(
    ("commands", "known"),
    [
        ([b"\x03USE information_schema"], True),
        ([b"\x03 use `Information_Schema`;"], True),
        ([b"\x02information_schema"], True),
        ([b"\x03use performance_schema"], False),
        ([b"\x02information_schema", b"\x02shop"], False),
        ([b"\x02information_schema", b"\x03use `shop`"], False),
        ([b"\x02information_schema", b"\x03SELECT 1"], True),
        ([b"\x11app\0\0information_schema\0"], True),
        ([b"\x02information_schema", b"\x11app\0\0shop\0"], False),
    ],
)
def test_what_was_carried_out_chooses_the_current_database(commands, known):
    house = House()
    for command in commands:
        house.planner.answered(command)
    assert knows(house) is known


def test_a_statement_about_accounts_is_known_once_it_was_carried_out():
    house = House().do("CREATE USER app IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
    assert house.host.volume.accounts.by_token(b"app")
    assert house.ask("SELECT plugin FROM mysql.user") != ["SELECT plugin FROM mysql.user"]


def test_the_level_counts_from_its_own_answer_on_and_ends_with_the_session():
    house = House(reader=True, forwards=True)
    (protect, setting) = house.plan(b"\x03" + CONSISTENT.encode())
    for other in (protect, Exchange(payload=b"\x03SELECT 1")):
        house.planner.answered(other.payload)
        assert house.variables.consistency == b""
    house.planner.answered(setting.payload)
    assert house.variables.consistency == b"SESSION"
    house.do("SELECT 1")
    assert house.variables.consistency == b"SESSION"
    house.planner.answered(bytes((Command.RESET_CONNECTION,)))
    assert (house.variables.consistency, house.planner.locks) == (b"", False)


def test_a_level_that_was_never_carried_out_is_forgotten_with_the_next_texts():
    house = House(reader=True, forwards=True)
    setting = house.plan(b"\x03" + CONSISTENT.encode())[-1]
    house.ask("SHOW VARIABLES")
    house.planner.answered(setting.payload)
    assert house.variables.consistency == b""


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\x16" + CONSISTENT.encode(), "1295"),
        (b"\x03SET aurora_replica_read_consistency = 'strong'", "1231"),
        (b"\x03ALTER SYSTEM SIMULATE 10 PERCENT READ FAILURE FOR INTERVAL 1 SECOND", "1235"),
    ],
)
@pytest.mark.parametrize("reader", [True, False])
def test_what_cannot_be_done_is_refused_and_nothing_behind_it_is_sent(message, code, reader):
    house = House(reader=reader)
    assert shortly(house.plan(message)) == [code]
    before = [] if not reader else ["protect"]
    if message[0] == Command.QUERY:
        many = b"\x03SET @a = 1; " + message[1:] + b"; SELECT 2"
        assert shortly(house.plan(many)) == [*before, "SET @a = 1", code]
    assert house.variables.consistency == b""


def test_a_reader_says_of_maintenance_what_it_says_of_writes():
    house = House(reader=True)
    for code in (1290, 1836):
        house.host.read_only_error = code
        assert house.ask("OPTIMIZE TABLE t") == [str(code)]


@pytest.mark.parametrize(
    ("command", "multi", "count"),
    [(b"\x03", True, 2), (b"\x03", False, 1), (b"\x16", True, 1), (b"\x16", False, 1)],
)
def test_several_statements_are_told_apart_only_where_the_client_may_send_them(
    command, multi, count
):
    text = command + b"SET @a = 1; DROP TABLE t"
    sent = [one for one in House(reader=True).plan(text, multi=multi) if not one.hidden]

    assert len(sent) == count
    if count == 1:
        assert sent == [Exchange(payload=text)]
    else:
        assert [one.more for one in sent] == [True, False]
        assert all(one.payload[:1] == command for one in sent)


def test_each_but_the_last_of_several_announces_another():
    sent = House(reader=True).plan(b"\x03SHOW TABLES; SHOW STATUS; SHOW ERRORS")
    assert [one.more for one in sent] == [True, True, False]


def test_whether_a_backslash_escapes_is_read_from_the_sessions_status():
    text = r"SELECT '\'; SELECT 2 -- '"
    house = House(reader=True)
    guarded = ["protect", text]
    assert house.ask(text) == guarded
    plain = STATUS_AUTOCOMMIT | STATUS_NO_BACKSLASH_ESCAPES
    assert len(house.ask(text, plain)) == 4
    assert len(house.ask(text, STATUS_NO_BACKSLASH_ESCAPES)) == 4


@pytest.mark.parametrize(
    ("texts", "locks"),
    [
        (["SELECT 1 FROM t; SELECT SLEEP(0)"], False),
        (["SELECT GET_LOCK('a', 1)"], True),
        (["SELECT 1; SELECT GET_LOCK('a', 1)"], True),
        (["SELECT GET_LOCK('a', 1)", "SELECT SLEEP(0)"], True),
    ],
)
def test_a_session_that_asked_for_a_lock_by_name_is_known(texts, locks):
    house = House().do(*texts)
    assert house.planner.locks is locks


def test_a_session_is_released_once_its_instance_takes_writes_and_only_if_it_was_protected():
    house = House(reader=True)
    house.router.promote("instance-2")
    assert house.ask("SELECT 1") == ["SELECT 1"]
    house.router.promote("instance-1")
    house.do("SELECT 1")
    house.router.promote("instance-2")
    assert house.ask("SELECT 1") == ["release", "SELECT 1"]
    house.do("SELECT 1")
    assert house.ask("SELECT 1") == ["SELECT 1"]


@pytest.mark.parametrize("command", [Command.PING, Command.STMT_CLOSE, Command.RESET_CONNECTION])
def test_what_cannot_write_is_sent_alone_on_a_reader_and_anything_else_is_guarded(command):
    message = bytes((command,)) + NUMBER
    assert House(reader=True).plan(message) == [Exchange(payload=message)]
    assert shortly(House(reader=True).plan(b"\x0c"))[0] == "protect"  # COM_PROCESS_KILL
    assert House().plan(b"\x0c") == [Exchange(payload=b"\x0c")]


@pytest.mark.parametrize(
    ("name", "sql", "same"),
    [
        ("3.10", "SELECT VERSION()", True), ("8.4", "SELECT VERSION()", False),
        ("8.4", "SELECT version FROM t", True), ("8.4", "SELECT 1", True),
    ],
)  # fmt: skip
def test_only_an_aurora_that_tells_a_version_of_its_own_replaces_the_servers(name, sql, same):
    house = House()
    house.host.volume.aurora = AURORA_VERSIONS[name]
    house.variables = Variables(house.host.id, AURORA_VERSIONS[name])
    house.planner = Planner(house.host, house.variables)

    assert (house.ask(sql) == [sql]) is same


def test_tables_of_another_database_are_not_named_with_the_current_one():
    house = House(login=b"app\0\0shop\0")
    sql = "SELECT @@port FROM tables"
    assert "FROM tables" in house.ask(sql)[0]
    house.planner.answered(b"\x02information_schema")
    assert "FROM information_schema.tables" in house.ask(sql)[0]
