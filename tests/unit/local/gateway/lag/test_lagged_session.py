"""A client's session on a reader that lags: what goes to a snapshot, and what comes back."""

import pytest
from server_talk import taken
from snapshot_servers import GREETING, IN_TRANS, NAMES, NO_ROWS, STATE

from pytest_rdsfailover.local.gateway.lag.reads import AnswerPart
from pytest_rdsfailover.local.gateway.lag.session import LaggedSession
from pytest_rdsfailover.local.gateway.proxy.state import question
from pytest_rdsfailover.local.gateway.roles import PROTECT
from pytest_rdsfailover.local.gateway.router import Instance
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

    def __init__(self, user=b"app", capabilities=NO_MORE, status=2):
        self.instance, self.lag = Instance(id="instance-1"), Lag()
        self.instance.volume.lag = self.lag
        self.session = session = LaggedSession(self.instance)
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
