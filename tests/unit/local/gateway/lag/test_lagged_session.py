"""A client's session on a reader that lags: what goes to a snapshot, and what comes back."""

import time

import pytest
from server_talk import taken
from snapshot_servers import GREETING, IN_TRANS, NAMES, NO_ROWS, STATE

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.lag.reads import AnswerPart
from pytest_rdsfailover.local.gateway.lag.session import LaggedSession
from pytest_rdsfailover.local.gateway.proxy.state import question
from pytest_rdsfailover.local.gateway.roles import PROTECT
from pytest_rdsfailover.mysql.handshake import RELAYED, Capability
from pytest_rdsfailover.mysql.packets import (
    ProtocolError,
    ServerFault,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
    status_of,
)
from pytest_rdsfailover.mysql.response_reader import ResponseReader
from pytest_rdsfailover.mysql.results import encode_row

QUERY, SELECT = b"\x03", b"\x03SELECT v FROM t"
ASKED = QUERY + question(NAMES)
GONE = error_packet(ServerFault(1412, "HY000", "Table definition has changed"))


NO_MORE = Capability(0)


class Past:
    """A snapshot, as far as sessions know it."""

    def __init__(self, since=1.0):
        self.since, self.holders, self.ended = since, 0, False


class Lag:
    """Keeps the reads that it gets."""

    seconds, names = 0.2, NAMES

    def __init__(self):
        self.reads = []

    def covers(self, user):
        return user == "app"

    def read(self, user, read):
        assert self.covers(user)
        self.reads.append(read)


class Client:
    """A client's session on a reader, with a server that answers as it is told."""

    def __init__(self, user=b"app", capabilities=NO_MORE, status=2, seen=None):
        self.instance, self.lag = Instance(id="instance-1"), Lag()
        self.instance.volume.lag = self.lag
        self.session = session = LaggedSession(self.instance, seen=seen)
        wanted = RELAYED & ~Capability.DEPRECATE_EOF | capabilities
        session.from_server(frame(GREETING, 0))
        session.from_client(frame(int(wanted).to_bytes(4, "little") + bytes(28) + user + b"\0", 1))
        session.from_server(frame(ok_packet(status), 2))
        session.to_server.clear()
        session.to_client.clear()

    def ask(self, message):
        self.session.from_client(frame(message, 0))

    @property
    def sent(self):
        return taken(self.session.to_server)

    @property
    def got(self):
        return taken(self.session.to_client)

    def answer(self, *payloads):
        """Let the session's own server answer."""
        for number, payload in enumerate(payloads, 1):
            self.session.from_server(frame(payload, number))

    def read(self):
        """Ask, in a state that is known or not; return the read that this becomes."""
        self.ask(SELECT)
        if self.sent == [ASKED]:
            self.answer(*STATE)
        return self.lag.reads[-1]

    def show(self, read, *payloads, past=None):
        """Let a snapshot answer a read."""
        read.snapshot = past or Past()
        server = ResponseReader()
        server.begin(3)
        packets = server.packets(b"".join(frame(p, n) for n, p in enumerate(payloads, 1)))
        parts = [AnswerPart(packet.payload, server.follow(packet)) for packet in packets]
        read.client.take_answer(read, parts)


@pytest.fixture
def client():
    return Client()


def test_a_read_goes_to_a_snapshot_with_the_state_of_its_session(client):
    read = client.read()
    assert (read.message, read.schema, read.state) == (SELECT, b"app", {b"sql_mode": b"ANSI"})
    assert client.sent == []
    client.show(read, *NO_ROWS)
    assert client.got == [*NO_ROWS[:-1], eof_packet(2)]


def test_the_state_is_asked_for_once_and_again_when_it_may_have_changed(client):
    client.show(client.read(), *NO_ROWS)
    client.ask(SELECT)
    assert client.sent == []
    client.show(client.lag.reads[-1], *NO_ROWS)
    client.ask(QUERY + b"SET sql_mode = ''")
    client.answer(ok_packet(2))
    client.answer(ok_packet(2))
    assert client.sent
    client.ask(SELECT)
    assert client.sent == [ASKED]


def test_a_client_that_sends_ahead_gets_its_answers_in_turn(client):
    read = client.read()
    client.ask(QUERY + b"SELECT 1")
    assert client.sent == []
    client.show(read, *NO_ROWS)
    assert client.sent == [QUERY + PROTECT]


def test_a_client_without_eof_packets_gets_none():
    client = Client(capabilities=Capability.DEPRECATE_EOF)
    client.ask(SELECT)
    assert client.sent == [ASKED]
    client.answer(*[p for p in STATE[:-1] if p[:1] != b"\xfe"], b"\xfe\0\0\x02\0\0\0")
    client.show(client.lag.reads[-1], *NO_ROWS)
    assert client.got == [*NO_ROWS[:2], b"\xfe\0\0\x02\0\0\0"]


def test_a_transaction_of_automatic_kind_is_open_after_its_first_read():
    client = Client(status=0)
    past = Past()
    client.ask(SELECT)
    assert client.sent == [ASKED]
    client.answer(*(eof_packet(0) if p[:1] == b"\xfe" else p for p in STATE))
    client.show(client.lag.reads[-1], *NO_ROWS, past=past)
    assert status_of(client.got[-1]) == IN_TRANS
    assert (client.read().snapshot, past.holders) == (past, 1)
    client.show(client.lag.reads[-1], *NO_ROWS, past=past)
    client.ask(QUERY + b"COMMIT")
    assert past.holders == 0


@pytest.mark.parametrize(
    "before", [QUERY + b"CREATE TEMPORARY TABLE t (k INT)", QUERY + b"LOCK TABLES t READ"]
)
def test_who_has_tables_of_its_own_reads_on_its_own(client, before):
    client.ask(before)
    while client.sent:
        client.answer(ok_packet(2))
    client.ask(SELECT)
    assert client.sent == [QUERY + PROTECT]


def test_other_users_and_the_writer_see_the_present():
    stranger, writer = Client(user=b"other"), Client()
    writer.instance.writer = True
    stranger.ask(SELECT)
    writer.ask(SELECT)
    assert stranger.sent == [QUERY + PROTECT]
    assert writer.sent == [SELECT]


@pytest.mark.parametrize("answer", [(), (GONE,), (*NO_ROWS[:3], GONE)])
def test_what_no_snapshot_can_show_the_session_s_own_server_does(client, answer):
    read = client.read()
    client.show(read, *answer)
    assert client.sent == [QUERY + PROTECT]
    client.answer(ok_packet(2))
    assert client.sent == [SELECT]
    client.answer(*NO_ROWS)
    assert len(client.got) == len(NO_ROWS)


def test_an_error_is_the_client_s_and_a_write_in_a_function_a_refusal(client):
    client.show(client.read(), error_packet(ServerFault(1054, "42S22", "Unknown column")))
    client.show(client.read(), error_packet(ServerFault(1792, "25006", "Cannot execute")))
    codes = [int.from_bytes(payload[1:3], "little") for payload in client.got]
    assert codes == [1054, 1290]


def test_a_snapshot_lost_in_the_middle_of_an_answer_ends_the_session(client):
    read = client.read()
    client.show(read, *NO_ROWS[:3])
    with pytest.raises(ProtocolError, match="middle"):
        client.show(read)


def test_a_client_that_left_is_answered_nothing(client):
    past = Past()
    client.show(client.read(), *NO_ROWS, past=past)
    read = client.read()
    client.session.ended()
    assert read.dropped
    client.got  # noqa: B018 - empties it
    client.show(read, *NO_ROWS)
    assert client.got == []


def test_a_question_that_fails_is_the_answer_and_the_session_goes_on(client):
    client.ask(SELECT)
    assert client.sent == [ASKED]
    client.answer(error_packet(ServerFault(1317, "70100", "interrupted")))
    assert len(client.got) == 1
    client.read()


def test_a_reader_that_became_the_writer_meanwhile_shows_the_present(client):
    client.ask(SELECT)
    client.instance.writer = True
    assert client.sent == [ASKED]
    client.answer(*STATE)
    assert client.sent == [SELECT]


# Which moment is read ----------------------------------------------------------------------------


class Repeating(Lag):
    """The lag of sessions whose state tells how their transactions are isolated."""

    names = (b"transaction_isolation",)


def state_of(*values, status=2):
    return [
        b"\x02", b"column", b"column", eof_packet(status), encode_row(values), eof_packet(status)
    ]  # fmt: skip


def test_who_has_seen_a_moment_reads_none_before_it(client):
    first = client.read()
    assert (first.after, first.snapshot) == (0.0, None)
    client.show(first, *NO_ROWS, past=Past(since=7.0))
    assert client.read().after == 7.0


@pytest.mark.parametrize(
    ("level", "status", "held"),
    [
        (b"REPEATABLE-READ", 3, True), (b"SERIALIZABLE", 3, True), (b"READ-COMMITTED", 3, False),
        (b"READ-UNCOMMITTED", 3, False), (b"REPEATABLE-READ", 2, False), (b"REPEATABLE-READ", 0, True),
    ],
)  # fmt: skip
def test_a_transaction_that_may_read_only_once_keeps_its_snapshot(level, status, held):
    client, past, other = Client(status=status), Past(), Past()
    client.instance.volume.lag = client.lag = Repeating()
    client.ask(SELECT)
    client.sent  # noqa: B018 - empties it
    client.answer(*state_of(b"app", level, status=status))
    client.show(client.lag.reads[-1], *NO_ROWS, past=past)
    client.ask(SELECT)
    assert client.lag.reads[-1].snapshot is (past if held else None)
    client.show(client.lag.reads[-1], *NO_ROWS, past=past if held else other)

    assert (past.holders, other.holders) == (held, 0)
    client.session.ended()
    assert past.holders == 0


@pytest.mark.parametrize(
    ("command", "lets_go"),
    [(b"ROLLBACK", True), (b"COMMIT", True), (b"SELECT 1", False), (b"SET @a = 1", False)],
)
def test_a_snapshot_is_held_until_its_transaction_ends(command, lets_go):
    client, past = Client(status=3), Past()
    client.ask(SELECT)
    client.answer(*state_of(b"app", b"ANSI", status=3))
    client.show(client.lag.reads[-1], *NO_ROWS, past=past)
    assert past.holders == 1
    client.ask(QUERY + command)
    assert past.holders == (not lets_go)


@pytest.mark.parametrize("command", [b"\x1f", b"\x11app\0\0app\0\x2d\0"])
def test_what_begins_a_session_anew_lets_go_and_so_does_who_forgets(command):
    for anew in (lambda one: one.ask(command), lambda one: one.session.forget()):
        client, past = Client(status=3), Past()
        client.ask(SELECT)
        client.sent  # noqa: B018 - empties it
        client.answer(*state_of(b"app", b"ANSI", status=3))
        client.show(client.lag.reads[-1], *NO_ROWS, past=past)
        anew(client)
        assert (past.holders, client.session._state) == (0, None)


def test_who_changes_its_user_reads_on_its_own():
    client = Client()
    client.show(client.read(), *NO_ROWS)
    client.ask(b"\x11app\0\0app\0\x2d\0")
    client.answer(ok_packet(2))
    client.sent  # noqa: B018 - empties it
    client.ask(SELECT)
    assert client.sent == [QUERY + PROTECT]


@pytest.mark.parametrize("command", [QUERY + b"SELECT 1", QUERY + b"SHOW TABLES;", b"\x0e"])
def test_what_leaves_the_state_as_it_is_does_not_have_it_asked_for_again(client, command):
    client.show(client.read(), *NO_ROWS)
    client.ask(command)
    while client.sent:
        client.answer(ok_packet(2))
    client.ask(SELECT)
    assert (client.sent, len(client.lag.reads)) == ([], 2)


# Reads of forwarded writes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "sees"), [(b"SESSION", "its own"), (b"GLOBAL", "now"), (b"EVENTUAL", "any")]
)
@pytest.mark.parametrize("within", [True, False])
def test_a_session_that_has_its_writes_forwarded_sees_what_its_level_says(level, sees, within):
    client = Client()
    client.instance.volume.forwarding, client.instance.writable = True, lambda: True
    client.session.variables.consistency = level
    begun = time.monotonic()
    client.show(client.read(), *NO_ROWS, past=Past(since=0.0))
    first = client.lag.reads[-1].after
    assert (first >= begun) is (sees == "now")
    assert sees == "now" or first == 0.0
    steps = (
        [(b"BEGIN", 3), (b"DELETE FROM t", 3), (b"COMMIT", 2)]
        if within
        else [(b"DELETE FROM t", 2)]
    )
    for sql, status in steps:
        written = time.monotonic()
        client.ask(QUERY + sql)
        assert client.sent == [QUERY + sql]
        client.answer(ok_packet(status, affected=1))
    client.show(client.read(), *NO_ROWS, past=Past(since=0.0))
    after = client.lag.reads[-1].after
    assert (after >= written) is (sees != "any")
    client.show(client.read(), *NO_ROWS, past=Past(since=0.0))
    again = client.lag.reads[-1].after
    assert (again > after) is (sees == "now")  # what only reads is no write


def test_who_has_nothing_forwarded_waits_for_no_write_of_its_own():
    client = Client()
    client.session.variables.consistency = b"GLOBAL"
    assert client.read().after == 0.0


def test_who_waits_for_a_forwarded_write_reads_on_its_own():
    client = Client(status=3)
    client.instance.volume.forwarding, client.instance.writable = True, lambda: True
    client.session.variables.consistency = b"SESSION"
    client.ask(QUERY + b"DELETE FROM t")
    client.answer(ok_packet(3, affected=1))
    client.sent  # noqa: B018 - empties it
    client.ask(SELECT)
    assert client.sent == [SELECT]


# Who answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", [b"mysql", b"SYS", b"information_schema", None])
def test_the_server_s_own_tables_and_no_database_at_all_are_of_the_present(client, schema):
    client.ask(SELECT)
    assert client.sent == [ASKED]
    client.answer(*state_of(schema, b"ANSI"))
    assert (client.sent, client.lag.reads) == ([QUERY + PROTECT], [])


def test_a_lag_that_ends_while_the_state_is_asked_for_is_none(client):
    client.ask(SELECT)
    assert client.sent == [ASKED]
    client.instance.volume.lag = None
    client.session._host.volume.lag = None
    client.answer(b"\x01", b"column", eof_packet(2), encode_row([b"app"]), eof_packet(2))
    assert client.sent == [QUERY + PROTECT]


def test_a_read_that_is_lost_before_its_first_part_is_answered_by_the_session_s_own_server(client):
    client.show(client.read(), *NO_ROWS)
    client.got  # noqa: B018 - empties it
    client.show(client.read())
    assert (client.sent, client.got) == ([QUERY + PROTECT], [])


def test_an_answer_to_a_read_that_is_over_is_nobody_s(client):
    read = client.read()
    client.show(read, *NO_ROWS)
    client.got  # noqa: B018 - empties it
    client.show(read, *NO_ROWS)
    assert (client.got, client.sent) == ([], [])


def test_a_read_is_counted_as_one_statement_and_found_is_not_stored(witness):
    client = Client(seen=witness.at("reader"))
    select = QUERY + b"SELECT v FROM t WHERE k = 'run-0-1'"
    for payloads in (NO_ROWS, [error_packet(ServerFault(1054, "42S22", "Unknown column"))]):
        client.ask(select)
        if client.sent:
            client.answer(*STATE)
        client.show(client.lag.reads[-1], *payloads)
    found = witness.tell(b"run")["reader"]
    assert (found.statements, found.marked, found.confirmed, found.writes) == (2, 2, 0, 0)


def test_commands_that_follow_a_read_are_numbered_from_one(client):
    client.show(client.read(), *NO_ROWS)
    client.session.to_client.clear()
    client.ask(QUERY + b"SHOW TABLES")
    client.answer(ok_packet(2))
    assert client.session.to_client[3] == 1


@pytest.mark.parametrize(("own", "shown"), [(2, 2), (3, 3), (0, 0x2001), (0x2003, 0x2003)])
def test_the_flags_are_those_of_the_client_s_session_not_of_the_snapshot_s(own, shown):
    client = Client(status=own)
    client.ask(SELECT)
    client.sent  # noqa: B018 - empties it
    client.answer(*state_of(b"app", b"ANSI", status=own))
    client.show(client.lag.reads[-1], *NO_ROWS[:-1], eof_packet(0x2001 | 0x20))
    assert status_of(client.got[-1]) == shown | 0x20
