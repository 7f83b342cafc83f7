"""One command after the other in a session: what it sends, tells, counts, and how long it waits."""

import time

import pytest
import server_talk
from server_talk import LOGIN, answer, ask, greeting, taken

from pytest_rdsfailover.local.gateway.instance import Size
from pytest_rdsfailover.local.gateway.roles import PROTECT
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.session import InstanceSession
from pytest_rdsfailover.mysql.handshake import RELAYED, Capability
from pytest_rdsfailover.mysql.packets import (
    PacketReader,
    ServerFault,
    encode,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
    parse_error,
)
from pytest_rdsfailover.mysql.responses import Command

OK, OPEN, ONE_ROW = ok_packet(2), ok_packet(3), ok_packet(2, affected=1)
EOF = eof_packet(3 | 8)  # in a transaction, and another result follows
COLUMN = b"\x03def\0\0\0\x01a\0\x0c"
NO = error_packet(ServerFault(1064, "42000", "no"))
INSERT = b"INSERT INTO t VALUES ('run-0-1')"
TOPOLOGY = b"SELECT * FROM information_schema.replica_host_status"
CONSISTENT = b"SET aurora_replica_read_consistency = 'session'"
NUMBER = b"\x07\0\0\0"
EXECUTE = b"\x17" + NUMBER + b"\0\1\0\0\0"


class Sink(list):
    """What a proxy has in place of a client."""

    take = list.append


def session_at(*, reader=False, forwards=False, witness=None, sink=None):
    """Return a session that has logged in, at an instance of a cluster of two."""
    router = Router(2)
    router.volume.forwarding = forwards
    session = InstanceSession(
        router.instance("instance-2" if reader else "instance-1"),
        sink=sink, seen=None if witness is None else witness.at("here"),
    )  # fmt: skip
    return server_talk.logged_in(session)


def do(session, sql, last=OK):
    """Let a session ask, and the server answer well what is asked for; return what that got."""
    session.from_client(encode(sql if sql[0] < 0x20 else b"\x03" + sql))
    sent = []
    while session.to_server:
        sent += taken(session.to_server)
        answer(session, OK if sent[-1][1:4] == b"SET" else last)
    return sent


def told(session):
    """Return the next numbers and payloads for the client."""
    packets = PacketReader().feed(bytes(session.to_client))
    session.to_client.clear()
    return [tuple(packet) for packet in packets]


def seen(witness):
    return witness.tell(b"run")["here"]


# Forwarded writes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "sink", "forwards"),
    [(True, None, True), (True, Sink(), False), (False, None, False)],
)
def test_a_direct_client_of_a_reader_has_its_writes_forwarded(reader, sink, forwards):
    session = session_at(reader=reader, forwards=True, sink=sink)
    if sink is None:
        do(session, CONSISTENT)
    session.variables.consistency = b"SESSION"
    assert (session.forwards, session.forwarding) == (forwards, False)
    ask(session, INSERT)
    assert (session.forwards, session.forwarding) == (forwards, forwards)


def test_what_was_forwarded_is_under_way_until_it_is_answered():
    session = session_at(reader=True, forwards=True)
    do(session, CONSISTENT)
    do(session, b"SELECT 1")
    session.to_client.clear()
    ask(session, INSERT)
    assert session.forwarding
    answer(session, ONE_ROW)
    assert not session.forwarding
    assert taken(session.to_client) == [ONE_ROW]


def test_what_is_refused_of_several_statements_is_answered_and_the_rest_is_not_sent():
    session = session_at(reader=True, forwards=True)
    do(session, CONSISTENT)
    do(session, b"SET @b = 1")
    session.to_client.clear()

    assert do(session, b"SET @a = 1; CALL p(); SET @c = 1") == [b"\x03SET @a = 1"]
    (first, _), (second, refused) = told(session)
    assert (first, second, parse_error(refused).code) == (1, 2, 1235)
    assert do(session, b"SET @d = 1") == [b"\x03SET @d = 1"]


# A crash -----------------------------------------------------------------------------------------


def test_a_crash_is_answered_only_if_it_cannot_be():
    session = session_at()
    ask(session, b"ALTER SYSTEM CRASH")
    assert (session.crashing, bytes(session.to_server), told(session)) == (True, b"", [])
    session.refuse_crash()
    assert not session.crashing
    ((number, refused),) = told(session)
    assert (number, parse_error(refused).code) == (1, 1105)
    assert do(session, b"SET @a = 1") == [b"\x03SET @a = 1"]


# Waiting -----------------------------------------------------------------------------------------


def test_a_small_instance_makes_each_command_wait_and_slow_storage_each_commit():
    session = session_at()
    host = session._host
    host.size = Size(small=8.0, growth=1e9, since=time.monotonic())
    slow = pytest.approx(8.0, rel=0.01)
    assert session.delay == 0
    ask(session, b"SET @a = 1")
    assert session.delay == slow
    answer(session, OK)
    assert session.delay == 0
    host.volume.commit_delay = 4.0
    ask(session, INSERT)
    assert session.delay == pytest.approx(12.0, rel=0.01)


def test_a_part_of_a_file_does_not_wait_for_a_small_instance():
    session = session_at()
    session._host.size = Size(small=8.0, growth=1e9, since=time.monotonic())
    ask(session, b"LOAD DATA LOCAL INFILE 'f' INTO TABLE t")
    assert session.delay > 1
    answer(session, b"\xfbf")
    assert session.delay == 0
    session._host.volume.commit_delay = 4.0
    assert session.delay == 4.0


def test_the_first_byte_of_an_answer_is_a_leftover_until_its_packet_is_whole():
    session = session_at()
    ask(session, b"SET @a = 1")
    said = frame(OK, 1)
    assert not session.leftover
    for at in range(len(said) - 1):
        session.from_server(said[at : at + 1])
        assert session.leftover is True
    session.from_server(said[-1:])
    assert session.leftover is False


# Logins ------------------------------------------------------------------------------------------


def test_only_the_first_packet_of_a_login_names_the_current_database():
    session = InstanceSession(Router(2).instance("instance-1"))
    session.from_server(frame(greeting(), 0))
    session.from_client(frame(LOGIN + b"\0information_schema\0", 1))
    session.from_server(frame(b"\xfemysql_native_password\0salt", 2))
    session.from_client(frame(b"hash", 3))
    session.from_server(frame(OK, 4))
    session.to_server.clear()

    (setting, _) = do(session, b"SELECT * FROM replica_host_status")
    assert b"instance-1" in setting


@pytest.mark.parametrize("several", [True, False])
def test_several_statements_are_told_apart_for_a_client_that_may_send_them(several):
    taken_away = 0 if several else Capability.MULTI_STATEMENTS
    capabilities = RELAYED & ~Capability.DEPRECATE_EOF & ~taken_away
    session = InstanceSession(Router(2).instance("instance-2"))
    session.from_server(frame(greeting(), 0))
    session.from_client(frame(int(capabilities).to_bytes(4, "little") + LOGIN[4:], 1))
    session.from_server(frame(OK, 2))
    session.to_server.clear()
    text = b"SHOW TABLES; SHOW ERRORS"

    sent = do(session, text)
    assert (sent[-1] == b"\x03" + text) is not several


# Files -------------------------------------------------------------------------------------------


def test_an_empty_file_is_one_empty_packet_even_as_the_first_thing():
    session = session_at()
    ask(session, b"LOAD DATA LOCAL INFILE 'f' INTO TABLE t")
    session.to_server.clear()
    answer(session, b"\xfbf")
    session.from_client(frame(b"", 2) + encode(b"\x03SET @a = 1"))
    assert bytes(session.to_server) == frame(b"", 2)
    session.to_server.clear()
    session.from_server(frame(OK, 3))
    assert told(session) == [(1, b"\xfbf"), (3, OK)]
    assert taken(session.to_server) == [b"\x03SET @a = 1"]


def test_a_file_behind_other_statements_counts_on_from_its_own_command_for_the_server():
    session = session_at(reader=True)
    ask(session, b"SHOW TABLES; LOAD DATA LOCAL INFILE 'f' INTO TABLE t")
    taken(session.to_server)
    answer(session, OK)
    assert taken(session.to_server) == [b"\x03" + PROTECT]
    answer(session, OK)
    taken(session.to_server)
    answer(session, b"\xfbf")
    assert [number for number, _ in told(session)] == [1, 2]

    session.from_client(frame(b"data", 3) + frame(b"", 4))
    assert bytes(session.to_server) == frame(b"data", 2) + frame(b"", 3)
    session.from_server(frame(OK, 4))
    assert told(session) == [(5, OK)]


# Prepared statements -----------------------------------------------------------------------------


def prepared(session, sql):
    do(session, b"\x16" + sql, last=b"\0" + NUMBER + bytes(7))
    return session


def test_a_prepared_topology_is_told_at_each_execution_until_the_statement_is_closed():
    session = prepared(session_at(), TOPOLOGY)
    for _ in range(2):
        assert len(do(session, EXECUTE)) == 2
    session.from_client(encode(b"\x19" + NUMBER))
    taken(session.to_server)
    assert do(session, EXECUTE) == [EXECUTE]


def test_a_row_that_looks_like_the_answer_to_a_preparation_prepares_nothing():
    session = session_at(reader=True)
    ask(session, TOPOLOGY)
    for _ in range(2):
        taken(session.to_server)
        answer(session, OK)
    taken(session.to_server)
    answer(session, b"\x01", COLUMN, eof_packet(2), bytes((len(NUMBER),)) + NUMBER, eof_packet(2))
    assert not session.busy
    assert do(session, EXECUTE) == [b"\x03" + PROTECT, EXECUTE]


def test_what_was_prepared_is_counted_as_what_it_does_until_it_is_closed(witness):
    session = prepared(session_at(witness=witness), b"SELECT 1 FROM t")
    do(session, EXECUTE)
    assert seen(witness).writes == 0
    session.from_client(encode(b"\x19" + NUMBER))
    taken(session.to_server)
    do(session, EXECUTE, last=ONE_ROW)  # nobody knows what it does
    assert seen(witness).writes == 1


# What is counted ---------------------------------------------------------------------------------


def test_a_command_whose_answer_nobody_takes_may_have_been_stored(witness):
    session = session_at(witness=witness)
    ask(session, INSERT)
    assert seen(witness).keys == {"0": 0}
    session.ended()
    assert seen(witness).keys == {"0": 1}


def test_a_write_that_a_full_volume_refuses_is_over(witness):
    session = session_at(witness=witness)
    session._host.volume.full = True
    ask(session, b"INSERT INTO t VALUES (1)")
    assert seen(witness).refused == 1
    session.ended()
    assert (seen(witness).unanswered, seen(witness).refused) == (0, 1)


def test_only_the_answer_to_the_client_s_own_command_counts(witness):
    session = session_at(reader=True, witness=witness)
    ask(session, b"INSERT INTO t VALUES (1)")
    answer(session, OK)  # to what made the session read-only
    assert (seen(witness).refused, seen(witness).unchanged) == (0, 0)
    answer(session, error_packet(ServerFault(1792, "25006", "read only")))
    assert seen(witness).refused == 1


def test_what_is_withheld_is_counted_with_its_commit(witness):
    session = session_at(witness=witness)
    ask(session, b"INSERT INTO t SELECT SLEEP(1)")
    answer(session, OPEN)
    answer(session, ok_packet(3, affected=1))
    assert (seen(witness).writes, seen(witness).rows, seen(witness).uncommitted) == (0, 1, 1)
    answer(session, OK)
    assert (seen(witness).writes, seen(witness).rows) == (1, 1)


@pytest.mark.parametrize(
    ("last", "rows", "unchanged"), [(ONE_ROW, 1, 0), (OK, 0, 1), (ok_packet(2, affected=3), 3, 0)]
)
def test_the_rows_that_an_answer_says_were_changed_are_counted(witness, last, rows, unchanged):
    session = session_at(witness=witness)
    do(session, b"DELETE FROM t", last=last)
    found = seen(witness)
    assert (found.rows, found.unchanged, found.writes) == (rows, unchanged, 1 - unchanged)


@pytest.mark.parametrize(
    ("reader", "becomes_writer", "refused"),
    [(True, False, 1), (False, False, 0), (True, True, 0)],
)
def test_what_a_reader_answers_well_has_stored_nothing(witness, reader, becomes_writer, refused):
    session = session_at(reader=reader, witness=witness)
    ask(session, b"CALL p()")
    if reader:
        answer(session, OK)
    session._host.writer = session._host.writer or becomes_writer
    answer(session, OK)
    assert (seen(witness).refused, seen(witness).writes) == (refused, 1 - refused)


def test_what_came_to_a_writer_and_is_answered_by_a_reader_is_no_refusal(witness):
    session = session_at(witness=witness)
    ask(session, b"CALL p()")
    session._host.writer = False
    answer(session, OK)
    assert (seen(witness).refused, seen(witness).writes) == (0, 1)


def test_a_transaction_that_a_reader_ends_is_rolled_back_with_all_that_was_planned(witness):
    session = session_at(reader=True, witness=witness)
    ask(session, b"START TRANSACTION READ WRITE; INSERT INTO t VALUES (1)")
    answer(session, OK)
    answer(session, OPEN)
    assert taken(session.to_server)[-1] == b"\x03ROLLBACK"
    answer(session, OK)
    ((number, refused),) = told(session)
    assert (number, parse_error(refused).code) == (1, 1290)
    assert (bytes(session.to_server), seen(witness).rollbacks) == (b"", 1)


def test_the_rest_of_an_answer_that_opened_a_transaction_on_a_reader_is_dropped():
    session = session_at(reader=True)
    ask(session, b"CALL p()")
    answer(session, OK)
    session.to_server.clear()
    answer(session, b"\x01", COLUMN, EOF, b"\x01x", EOF)
    assert [number for number, _ in told(session)] == [1, 2, 3, 4]
    assert session.busy
    for number, payload in enumerate((b"\x01", COLUMN, EOF, b"\x01x", eof_packet(3)), 6):
        session.from_server(frame(payload, number))
    assert taken(session.to_server) == [b"\x03ROLLBACK"]
    answer(session, OK)
    assert [parse_error(payload).code for _, payload in told(session)] == [1290]


# What was carried out ----------------------------------------------------------------------------


@pytest.mark.parametrize(("last", "known"), [(OK, True), (NO, False)])
def test_a_database_is_the_current_one_once_the_server_has_taken_it(last, known):
    session = session_at()
    do(session, bytes((Command.INIT_DB,)) + b"information_schema", last=last)

    assert (len(do(session, b"SELECT * FROM replica_host_status")) == 2) is known


def test_an_error_quotes_the_client_s_text_and_not_ours():
    session = session_at()
    ask(session, b"SELECT @@aurora_server_id FROM nowhere")
    (sent,) = taken(session.to_server)
    quoted = sent.partition(b"SELECT ")[2].partition(b" FROM")[0]
    answer(session, error_packet(ServerFault(1064, "42000", f"near '{quoted.decode()}'")))
    ((_, payload),) = told(session)
    assert parse_error(payload).text == "near '@@aurora_server_id'"
