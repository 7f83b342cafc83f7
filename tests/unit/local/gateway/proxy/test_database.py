"""One database connection of the proxy: its set-up, its own questions, and what passes to a client."""

import pytest
from proxy_world import CAPABILITIES, COLUMN, NAMES, PASSWORD, Server

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.server_login import ConnectionKey, Setup
from pytest_rdsfailover.mysql.packets import (
    MAX_PAYLOAD,
    Packet,
    ProtocolError,
    ServerFault,
    encode,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
)
from pytest_rdsfailover.mysql.responses import Command, Part

BACKSLASH, WARNED = ok_packet(0x202), ok_packet(2)[:5] + b"\1\0"
NO = error_packet(ServerFault(1193, "HY000", "Unknown system variable"))


class Client:
    """Keeps what it gets."""

    def __init__(self):
        self.parts, self.relayed = [], b""

    def answer(self, packet, part, response):
        self.parts.append((packet.payload, part, response.done))

    def relay(self, data):
        self.relayed += data


class Wire:
    """A database connection and its server, which answers when it is told to."""

    def __init__(self, init=(), *, writer=True, begun=True):
        self.ready, self.touched = [], []
        self.database = Database(
            ConnectionKey("app", CAPABILITIES), Instance(id="instance-1", writer=writer),
            Setup(password=PASSWORD, names=NAMES, init=init),
            ready=self.ready.append, touch=self.touched.append,
        )  # fmt: skip
        self.server = Server(5)
        if begun:
            self.settle()
        self.client = Client()

    def settle(self):
        """Carry bytes until nobody has any."""
        while self.server.out or self.sent:
            self.server.feed(self.take())
            out, self.server.out = bytes(self.server.out), bytearray()
            if out:
                self.database.from_server(out)

    @property
    def sent(self):
        return bytes(self.database.session.to_server)

    def take(self):
        data = self.sent
        self.database.session.to_server.clear()
        return data

    def lend(self, message=b"\x03SELECT 1"):
        self.database.client = self.client
        answered = self.database.command(message)
        self.take()
        return answered

    def say(self, *payloads):
        self.database.from_server(b"".join(frame(one, at) for at, one in enumerate(payloads, 1)))


# Set-up ------------------------------------------------------------------------------------------


def test_a_new_connection_was_lent_to_nobody_and_owes_nothing():
    database = Wire(begun=False).database
    assert (database.uses, database.insert_id, database.dirty) == (0, 0, False)
    assert (database.fresh, database.noisy, database.busy) == (True, False, False)
    assert (database.client, database.status, database.fault, database.usable) == (
        None, None, None, False,
    )  # fmt: skip


def test_it_is_ready_once_it_has_logged_in_and_knows_its_state():
    wire = Wire(init=(b"SET NAMES utf8mb4", b"DO 1"))
    database = wire.database

    assert wire.ready == [database]
    assert wire.server.seen[:2] == [b"SET NAMES utf8mb4", b"DO 1"]
    assert (database.schema, database.usable, database.dirty) == (b"app", True, False)
    assert database.state == database.baseline == dict(zip(NAMES, wire.server.values, strict=True))
    assert database.state is not database.baseline
    assert set(wire.touched) == {database}


def test_an_answer_of_the_login_is_to_be_sent_at_once():
    wire = Wire(begun=False)
    assert wire.touched == []
    wire.database.from_server(bytes(wire.server.out))
    assert wire.sent
    assert wire.touched == [wire.database]


@pytest.mark.parametrize("row", [[], [b"app"], [b"app", b"1", b"", b"UTC", b"more"]])
def test_a_server_that_tells_more_or_less_of_its_state_breaks_the_protocol(row):
    database = Wire().database
    with pytest.raises(ProtocolError, match="less of its state"):
        database.learn([row] if row else [], NAMES)


def test_a_reset_leaves_nothing_of_who_had_it():
    wire = Wire()
    database = wire.database
    database.state[b"sql_log_bin"], database.insert_id, database.dirty = b"0", 9, True
    database.fresh, database.noisy, database.schema = False, True, b"other"
    then = []
    database.reset(then.append)
    assert not database.usable
    wire.settle()

    assert (then, wire.ready) == ([database], [database])
    assert (database.insert_id, database.dirty, database.schema) == (0, False, b"app")
    assert (database.fresh, database.noisy, database.usable) == (True, False, True)
    assert set(database.state) == set(NAMES)
    database.reset()
    wire.settle()
    assert (then, wire.ready) == ([database], [database] * 2)


def test_an_init_query_that_fails_is_its_fault_and_nothing_more_is_asked():
    wire = Wire(init=(b"SET nothing = 1",), begun=False)
    wire.database.from_server(bytes(wire.server.out))
    wire.server.feed(wire.take())
    wire.database.from_server(frame(ok_packet(2), 2))
    assert wire.take() == encode(b"\x03SET nothing = 1")
    wire.say(NO)

    assert (wire.database.fault.code, wire.ready, wire.sent) == (1193, [], b"")
    assert not wire.database.usable


# Its own questions -------------------------------------------------------------------------------


def test_questions_are_asked_one_after_the_other_and_get_their_own_rows():
    wire, rows = Wire(), []
    database = wire.database
    database.aftermath = object()
    for text in (b"SELECT 1", b"SELECT 2"):
        database.ask(text, rows.append)
    assert wire.sent == encode(b"\x03SELECT 1")
    assert (database.busy, database.aftermath) == (True, None)
    wire.settle()

    assert rows == [[[b"SELECT 1"]], [[b"SELECT 2"]]]
    assert not database.busy


def test_a_question_waits_for_the_end_of_a_client_s_command():
    wire, rows = Wire(), []
    wire.lend(b"\x03DO 1")
    wire.database.ask(b"SELECT 1", rows.append)
    assert (wire.sent, rows) == (b"", [])


# Answers to a client -----------------------------------------------------------------------------


def test_rows_pass_to_a_client_as_they_came_and_the_rest_as_packets():
    wire = Wire()
    assert wire.lend()
    rows = [b"\x01a", b"\x01b", b"\x01c"]
    wire.say(b"\x01", COLUMN, eof_packet(2), *rows, eof_packet(2))

    passed = b"".join(frame(row, at) for at, row in enumerate(rows, 4))
    assert passed in wire.client.relayed
    assert wire.client.parts == [(eof_packet(2), Part.END, True)]
    assert not wire.database.busy


def test_an_answer_that_nobody_waits_for_any_more_ends_all_the_same():
    wire = Wire()
    wire.lend()
    wire.database.client = None
    wire.say(b"\x01", COLUMN, eof_packet(2), b"\x01a", eof_packet(3))

    assert (wire.database.busy, wire.database.status) == (False, 3)
    assert wire.client.parts == []


@pytest.mark.parametrize("writer", [True, False])
@pytest.mark.parametrize(("answer", "noisy"), [(BACKSLASH, False), (WARNED, True), (NO, True)])
def test_the_end_of_a_client_s_answer_tells_flags_and_whether_there_are_warnings(
    writer, answer, noisy
):
    wire = Wire(writer=writer)
    wire.lend(b"\x03SHOW TABLES")
    wire.say(answer)
    assert wire.database.noisy is noisy
    assert wire.database.status == (0x202 if answer == BACKSLASH else 2)
    wire.lend(b"\x03SHOW TABLES")
    wire.say(ok_packet(2))
    assert wire.database.noisy is noisy  # until somebody clears it
    assert len(wire.client.parts) == 2


def test_warnings_of_a_question_of_its_own_are_none_of_a_client_s():
    wire = Wire()
    wire.database.ask(b"DO 1")
    wire.take()
    wire.say(WARNED)
    assert not wire.database.noisy


def test_what_continues_a_packet_is_no_part_of_its_own():
    wire = Wire(writer=False)
    wire.lend(b"\x03SHOW TABLES")
    row = encode(bytes(MAX_PAYLOAD - 1) + b"\x01more", 4)
    wire.say(b"\x01", COLUMN, eof_packet(2))
    wire.database.from_server(row)
    wire.database.from_server(frame(eof_packet(2), 6))

    assert [part for _, part, _ in wire.client.parts[3:]] == [Part.ROW, None, Part.END]


def test_an_error_that_nobody_asked_for_is_its_fault_and_anything_else_breaks_the_protocol():
    for nobody in (True, False):
        wire = Wire(writer=nobody)
        wire.database.from_server(frame(error_packet(ServerFault(1053, "08S01", "bye")), 0))
        assert (wire.database.fault.code, wire.database.usable) == (1053, False)
    with pytest.raises(ProtocolError):
        Wire().database.from_server(frame(ok_packet(2), 1))


def test_a_farewell_behind_an_answer_is_no_part_of_it():
    wire = Wire()
    wire.lend(b"\x03DO 1")
    farewell = error_packet(ServerFault(1053, "08S01", "bye"))
    wire.database.from_server(frame(ok_packet(2), 1) + frame(farewell, 0))
    assert wire.client.parts == [(ok_packet(2), Part.END, True)]
    assert wire.database.fault.code == 1053


@pytest.mark.parametrize(
    ("command", "answered"), [(Command.STMT_CLOSE, False), (Command.STMT_EXECUTE, True)]
)
def test_only_what_is_answered_keeps_it_busy(command, answered):
    wire = Wire()
    wire.touched.clear()
    assert wire.lend(bytes((command,)) + bytes(9)) is answered
    assert wire.database.busy is answered
    assert wire.touched == [wire.database]


def test_a_part_of_a_packet_makes_it_unusable_until_it_is_whole():
    wire = Wire()
    wire.lend(b"\x03DO 1")
    said = frame(ok_packet(2), 1)
    wire.database.from_server(said[:3])
    assert not wire.database.usable
    wire.database.from_server(said[3:])
    assert wire.database.usable


def test_what_a_client_is_asked_for_is_passed_on_with_its_number():
    wire = Wire()
    wire.lend(b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE t")
    wire.say(b"\xfbf")
    wire.touched.clear()
    wire.database.more(Packet(2, b"rows"))
    assert (wire.take(), wire.touched) == (frame(b"rows", 2), [wire.database])


def test_a_state_is_taken_over_after_the_question_that_is_under_way():
    wire, done = Wire(), []
    wire.database.ask(b"DO 1")
    wire.database.adopt(b"app", {}, lambda: done.append([*wire.server.seen]))
    assert done == []
    wire.settle()
    assert done == [wire.server.seen]
