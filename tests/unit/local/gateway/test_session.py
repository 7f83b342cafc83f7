import itertools
from contextlib import suppress

import pytest
import server_talk
from hypothesis import example, given
from hypothesis import strategies as st
from server_talk import LOGIN, answer, ask, greeting, taken

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.roles import PROTECT, RELEASE
from pytest_rdsfailover.local.gateway.session import InstanceSession
from pytest_rdsfailover.mysql.packets import (
    MAX_PAYLOAD,
    ProtocolError,
    ServerFault,
    encode,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
    packets_of,
    parse_error,
    status_of,
)

VERSION = b"10.11.6-MariaDB"
GREETING = greeting(VERSION)
OK2, EOF2 = ok_packet(2), eof_packet(2)
OPEN = ok_packet(3)  # in a transaction
READ_ONLY = error_packet(ServerFault(1792, "25006", "read only transaction"))
SHUTDOWN = error_packet(ServerFault(1053, "08S01", "Server shutdown in progress"))
COLUMN = b"\x03def\0\0\0\x01a\0\x0c"


def logged_in(*, writer: bool) -> InstanceSession:
    return server_talk.logged_in(InstanceSession(Instance(id="instance-1", writer=writer)), VERSION)


def test_the_greeting_keeps_its_thread_and_loses_what_cannot_be_relayed():
    session = InstanceSession(Instance(id="instance-1", writer=True))
    session.from_server(frame(GREETING, 0))
    assert session.thread_id == 7
    assert b"10.11.6-MariaDB" in session.to_client


def test_a_writer_passes_a_statement_unchanged():
    session = logged_in(writer=True)
    ask(session, b"INSERT INTO t VALUES (1)")
    assert taken(session.to_server) == [b"\x03INSERT INTO t VALUES (1)"]
    assert session.busy
    answer(session, OK2)
    assert taken(session.to_client) == [OK2]
    assert not session.busy


def test_what_a_killed_session_may_commit_is_committed_apart_and_answered_after_that():
    session = logged_in(writer=True)
    insert = b"INSERT INTO t SELECT sleep (1)"
    ask(session, insert)
    assert taken(session.to_server) == [b"\x03START TRANSACTION"]
    answer(session, OPEN)
    assert taken(session.to_server) == [b"\x03" + insert]
    answer(session, ok_packet(3, affected=1))
    assert (taken(session.to_client), taken(session.to_server)) == ([], [b"\x03COMMIT"])
    answer(session, OK2)
    assert taken(session.to_client) == [ok_packet(2, affected=1)]


def test_within_a_transaction_it_is_sent_as_it_is():
    session = logged_in(writer=True)
    insert = b"REPLACE t VALUES (BENCHMARK(1, 2))"
    for sql in (b"BEGIN", insert):
        ask(session, sql)
        assert taken(session.to_server) == [b"\x03" + sql]
        answer(session, OPEN)
        assert taken(session.to_client) == [OPEN]


def test_what_was_prepared_is_committed_apart_at_each_execution():
    session = logged_in(writer=True)
    session.from_client(encode(b"\x16INSERT INTO t VALUES (GET_LOCK('a', ?))"))
    assert [packet[:1] for packet in taken(session.to_server)] == [b"\x16"]
    answer(session, b"\0\x07" + bytes(10))
    execute = b"\x17\x07" + bytes(3) + b"\0\x01" + bytes(3)
    session.from_client(encode(execute))
    for sent, told in ((b"\x03START TRANSACTION", OPEN), (execute, OPEN), (b"\x03COMMIT", OK2)):
        assert taken(session.to_server) == [sent]
        answer(session, told)
    session.from_client(encode(b"\x19\x07" + bytes(3)) + encode(execute))
    assert taken(session.to_server)[1:] == [execute]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("rest", [b"more", EOF2, b"\xff1", b""])
def test_the_rest_of_a_long_row_is_no_end_whatever_it_looks_like(rest, at_once):
    session = logged_in(writer=True)
    ask(session, b"SELECT a FROM t")
    packets = [b"\x01", COLUMN, EOF2, bytes(MAX_PAYLOAD), rest, b"\x01x"]
    sent = [frame(payload, number) for number, payload in enumerate(packets, 1)]
    for part in [b"".join(sent)] if at_once else sent:
        session.from_server(part)
    assert session.busy
    session.from_server(frame(EOF2, len(packets) + 1))
    assert not session.busy
    assert taken(session.to_client) == [*packets, EOF2]


def test_a_reader_is_made_read_only_before_each_statement_and_translates_the_refusal():
    session = logged_in(writer=False)
    ask(session, b"INSERT INTO t VALUES (1)")
    assert taken(session.to_server) == [b"\x03" + PROTECT]
    answer(session, OK2)
    assert taken(session.to_client) == []
    assert taken(session.to_server) == [b"\x03INSERT INTO t VALUES (1)"]
    answer(session, READ_ONLY)
    assert parse_error(taken(session.to_client)[0]).code == 1290


@pytest.mark.parametrize("sql", [b"INSERT INTO t VALUES ('run-0-1')", b"CALL p('run-0-1')"])
def test_a_write_that_a_writer_answers_which_is_none_any_more_is_noted(witness, sql):
    """The planted fault: an instance that was demoted and not fenced off."""
    instance = Instance(id="instance-1", writer=True)
    session = server_talk.logged_in(InstanceSession(instance, seen=witness.at("proxy")), VERSION)
    ask(session, sql)
    answer(session, ok_packet(2, affected=1))
    assert witness.tell(b"run")["proxy"].by_readers == ()
    ask(session, sql)
    instance.writer = False
    answer(session, ok_packet(2, affected=1))

    noted = witness.tell(b"run")["proxy"].by_readers
    assert [write.instance for write in noted] == ["instance-1"] * (sql[:6] == b"INSERT")
    assert all(write.began <= write.ended for write in noted)


def test_a_promoted_reader_lets_its_old_sessions_write_again():
    session = logged_in(writer=False)
    host = session._host
    ask(session, b"SELECT 1")
    answer(session, OK2)
    answer(session, OK2)
    taken(session.to_server)
    host.writer = True
    ask(session, b"INSERT INTO t VALUES (1)")
    assert taken(session.to_server) == [b"\x03" + RELEASE]


def test_a_transaction_that_may_write_is_ended_on_a_reader():
    session = logged_in(writer=False)
    ask(session, b"START TRANSACTION READ WRITE")
    answer(session, OK2)
    taken(session.to_server)
    answer(session, ok_packet(3))
    assert taken(session.to_server) == [b"\x03ROLLBACK"]
    assert taken(session.to_client) == []
    answer(session, OK2)
    assert parse_error(taken(session.to_client)[0]).code == 1290


def test_a_transaction_that_cannot_be_ended_ends_the_session():
    session = logged_in(writer=False)
    ask(session, b"START TRANSACTION READ WRITE")
    answer(session, OK2)
    answer(session, ok_packet(3))
    with pytest.raises(ProtocolError):
        answer(session, READ_ONLY)


def test_each_statement_of_several_is_guarded_and_announces_the_next():
    session = logged_in(writer=False)
    ask(session, b"SET x = 1; INSERT INTO t VALUES (1); SELECT 3")
    sent = []
    for reply in (OK2, OK2, OK2, READ_ONLY):
        sent += taken(session.to_server)
        answer(session, reply)
    assert sent == [
        b"\x03" + PROTECT, b"\x03SET x = 1", b"\x03" + PROTECT, b"\x03 INSERT INTO t VALUES (1)",
    ]  # fmt: skip
    answer(session, OK2)  # our own tidying up
    assert not session.busy
    first, second = taken(session.to_client)
    assert status_of(first) == 2 | 8
    assert parse_error(second).code == 1290


def test_commands_sent_ahead_wait_for_their_turn():
    session = logged_in(writer=True)
    ask(session, b"SELECT 1")
    ask(session, b"SELECT 2")
    assert taken(session.to_server) == [b"\x03SELECT 1"]
    answer(session, b"\x01", COLUMN, EOF2, b"\x011", EOF2)
    assert taken(session.to_server) == [b"\x03SELECT 2"]


def test_a_client_is_ahead_while_more_waits_than_is_kept_whatever_each_command_takes():
    for text, times in ((b"SELECT 1", 10_000), (b"SELECT " + b"1" * 900_000, 2)):
        session = logged_in(writer=True)
        ask(session, b"SELECT 0")
        for _ in range(times):
            ask(session, text)
        assert session.ahead
        for _ in range(times):
            answer(session, b"\x01", COLUMN, EOF2, b"\x011", EOF2)
        assert not session.ahead
        assert len(taken(session.to_server)) == 1 + times


def test_no_command_is_begun_for_a_client_that_cannot_take_more():
    session = logged_in(writer=True)
    ask(session, b"SELECT 1")
    session.full = True
    ask(session, b"SELECT 2")
    answer(session, b"\x01", COLUMN, EOF2, b"\x011", EOF2)
    assert taken(session.to_server) == [b"\x03SELECT 1"]
    session.full = False
    session.from_client(b"")
    assert taken(session.to_server) == [b"\x03SELECT 2"]


def test_an_error_out_of_turn_is_passed_on():
    session = logged_in(writer=True)
    farewell = error_packet(ServerFault(1053, "08S01", "shutdown"))
    session.from_server(frame(farewell, 0))
    assert taken(session.to_client) == [farewell]


def test_a_client_that_speaks_first_is_ended():
    with pytest.raises(ProtocolError):
        InstanceSession(Instance(id="instance-1")).from_client(frame(LOGIN, 1))


TALK = [
    ("server", frame(GREETING, 0)),
    ("client", frame(LOGIN, 1)),
    ("server", frame(b"\xfemysql_native_password\0salt", 2)),
    ("client", frame(b"hash", 3)),
    ("server", frame(OK2, 4)),
    ("client", encode(b"\x03SELECT @@aurora_server_id, 'x'; LOAD DATA LOCAL INFILE 'f' INTO TABLE t")),
    ("server", frame(OK2, 1)),
    ("server", frame(b"\x01", 1) + frame(COLUMN, 2) + frame(EOF2, 3) + frame(b"\x011", 4)
               + frame(EOF2, 5)),
    ("server", frame(OK2, 1)),
    ("server", frame(b"\xfbf", 1)),
    ("client", frame(b"data", 8) + frame(b"", 9)),
    ("server", frame(OK2, 4)),
    ("client", encode(b"\x16CREATE TEMPORARY TABLE x (id INT)")),
    ("server", frame(OK2, 1)),
    ("server", frame(b"\0\1\0\0\0\0\0\0\0\0\0\0", 1)),
    ("server", frame(OK2, 1)),
    ("client", encode(b"\x17\1\0\0\0\0\1\0\0\0")),
    ("server", frame(OK2, 1)),
    ("server", frame(OK2, 1)),
    ("server", frame(OK2, 1)),
    ("client", encode(b"\x19\1\0\0\0") + encode(b"\x03SHOW VARIABLES")),
    ("server", frame(b"\x02", 1) + frame(COLUMN, 2) + frame(COLUMN, 3) + frame(EOF2, 4)
               + frame(b"\x09read_only\x03OFF", 5) + frame(EOF2, 6)),
    ("client", encode(b"\x01")),
]  # fmt: skip


WRITER_TALK = [
    ("server", frame(GREETING, 0)),
    ("client", frame(LOGIN, 1)),
    ("server", frame(OK2, 2)),
    ("client", encode(b"\x03INSERT INTO t VALUES (1)") + encode(b"\x03SELECT a FROM t")),
    ("server", frame(OK2, 1)),
    ("server", frame(b"\x01", 1) + frame(COLUMN, 2) + frame(EOF2, 3) + frame(b"\x01x", 4)
               + frame(b"\xfb", 5) + frame(EOF2, 6)),
    ("client", encode(b"\x03SELECT a FROM t; SELECT b FROM t")),
    ("server", frame(b"\x01", 1) + frame(COLUMN, 2) + frame(EOF2, 3) + frame(eof_packet(2 | 8), 4)
               + frame(b"\x01", 5) + frame(COLUMN, 6) + frame(EOF2, 7) + frame(READ_ONLY, 8)),
    ("client", encode(b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE t")),
    ("server", frame(b"\xfbf", 1)),
    ("client", frame(b"data", 2) + frame(b"", 3)),
    ("server", frame(OK2, 4)),
    ("client", encode(b"\x03INSERT INTO t VALUES (2)")),
    ("server", frame(OK2, 1) + frame(SHUTDOWN, 0)),
]  # fmt: skip


def played(talk, cuts=(), *, writer=False):
    """Return all that a session says to either side in a conversation cut up in some way."""
    session = InstanceSession(Instance(id="instance-1", writer=writer))
    sizes = iter(cuts)
    for side, data in talk:
        feed = session.from_client if side == "client" else session.from_server
        rest = data
        while rest:
            size = next(sizes, len(rest))
            feed(rest[:size])
            rest = rest[size:]
    return bytes(session.to_client), bytes(session.to_server)


def test_the_conversation_that_is_cut_up_below_makes_sense():
    to_client, to_server = played(TALK)
    assert b"SELECT 'AURORA_SERVER_ID', 'instance-1'" in to_server
    assert b"WHEN 'read_only' THEN 'ON'" in to_server
    assert b"read_only" in to_client
    assert to_server.endswith(encode(b"\x01"))
    assert b"coalesce('instance-1'," in to_server


@given(st.lists(st.integers(1, 30), max_size=600))
@example([1] * 2000)
def test_a_conversation_comes_out_the_same_however_it_is_cut(cuts):
    assert played(TALK, cuts) == played(TALK)
    assert played(WRITER_TALK, cuts, writer=True) == played(WRITER_TALK, writer=True)


def test_a_writer_passes_all_that_its_server_says_and_its_farewell():
    said = b"".join(data for side, data in WRITER_TALK[2:] if side == "server")

    assert played(WRITER_TALK, writer=True)[0].endswith(said)


@pytest.mark.parametrize("writer", [True, False])
def test_a_farewell_behind_an_answer_comes_whole_however_it_is_cut(writer):
    answers = [
        frame(OK2, 1),
        frame(b"\x01", 1) + frame(COLUMN, 2) + frame(EOF2, 3) + frame(b"\x01x", 4) + frame(EOF2, 5),
    ]
    for said in (one + frame(SHUTDOWN, 0) for one in answers):
        for cut in range(len(said)):
            session = logged_in(writer=writer)
            ask(session, b"SELECT a FROM t")
            if not writer:
                answer(session, OK2)  # to what made the session read-only

            session.from_server(said[:cut])
            session.from_server(said[cut:])

            assert bytes(session.to_client) == said


SYNTAX = error_packet(ServerFault(1064, "42000", "You have an error in your SQL syntax"))


@pytest.mark.parametrize("writer", [True, False])
@pytest.mark.parametrize(
    "said",
    [SYNTAX, OK2, OPEN, b"\0\1\0\0\0\0\0\0\0\0\0\0"],
    ids=["error", "OK", "in transaction", "prepared"],
)
@pytest.mark.parametrize(
    "command",
    [
        b"\x03SELECT FROM", b"\x03INSERT INTO t SELECT sleep(1)", b"\x03START TRANSACTION",
        b"\x03CREATE TEMPORARY TABLE x (id INT)", b"\x03SHOW VARIABLES",
        b"\x03SELECT @@aurora_server_id", b"\x16SELECT 1", b"\x1f", b"\x0e",
    ],
)  # fmt: skip
def test_a_farewell_behind_any_answer_is_taken_the_same_however_it_is_cut(writer, said, command):
    """Our own commands before and behind the client's are answered like it, and the last one not at all."""

    def outcome(cuts):
        session = logged_in(writer=writer)
        session.from_client(encode(command))
        data = frame(said, 1) + frame(SHUTDOWN, 0)
        try:
            for start, stop in itertools.pairwise([0, *cuts, len(data)]):
                session.from_server(data[start:stop])
        except ProtocolError as error:
            return str(error), bytes(session.to_client), bytes(session.to_server)
        return bytes(session.to_client), bytes(session.to_server)

    whole = outcome([])
    size = len(frame(said, 1) + frame(SHUTDOWN, 0))
    assert {outcome([cut]) for cut in range(1, size)} == {whole}
    assert {outcome([cut, cut + 1]) for cut in range(1, size - 1)} == {whole}


@pytest.mark.parametrize("writer", [True, False])
def test_an_error_comes_before_the_farewell_behind_it(writer):
    session = logged_in(writer=writer)
    ask(session, b"SELECT FROM")
    if not writer:
        answer(session, OK2)  # to what made the session read-only
    said = frame(SYNTAX, 1) + frame(SHUTDOWN, 0)
    session.from_server(said)

    assert bytes(session.to_client) == said


@pytest.mark.parametrize("cut", range(1, len(frame(SHUTDOWN, 0))))
def test_a_farewell_that_began_before_the_next_command_answers_that_as_a_whole(cut):
    session, farewell = logged_in(writer=True), frame(SHUTDOWN, 0)
    ask(session, b"SELECT 1")
    session.from_server(frame(OK2, 1) + farewell[:cut])
    ask(session, b"SELECT 2")
    session.from_server(farewell[cut:])

    assert bytes(session.to_client) == frame(OK2, 1) + frame(SHUTDOWN, 1)


@pytest.mark.parametrize("size", [1000, MAX_PAYLOAD, MAX_PAYLOAD + 10])
def test_a_file_goes_on_after_a_packet_that_is_as_long_as_can_be(size):
    session = logged_in(writer=True)
    ask(session, b"LOAD DATA LOCAL INFILE 'f' INTO TABLE t")
    session.to_server.clear()
    answer(session, b"\xfbf")
    file = encode(bytes(size), 2)
    count = packets_of(bytes(size))

    session.from_client(file + frame(b"", 2 + count))
    assert bytes(session.to_server) == file + frame(b"", 2 + count)
    session.from_server(frame(OK2, 3 + count))
    session.to_server.clear()
    ask(session, b"SELECT 1")
    assert taken(session.to_server) == [b"\x03SELECT 1"]


def test_a_command_that_follows_a_file_at_once_is_no_part_of_it():
    session = logged_in(writer=True)
    ask(session, b"LOAD DATA LOCAL INFILE 'f' INTO TABLE t")
    answer(session, b"\xfbf")
    session.to_server.clear()

    session.from_client(frame(b"rows", 2) + frame(b"", 3) + encode(b"\x03SELECT 1"))
    assert bytes(session.to_server) == frame(b"rows", 2) + frame(b"", 3)
    session.to_server.clear()
    session.from_server(frame(OK2, 4))
    assert taken(session.to_server) == [b"\x03SELECT 1"]


@given(
    st.integers(0, len(TALK)), st.sampled_from(["client", "server"]),
    st.lists(st.binary(max_size=30), max_size=4), st.booleans(), st.booleans(),
)  # fmt: skip
def test_garbage_ends_a_session_with_a_protocol_error_or_not_at_all(
    position, side, payloads, framed, writer
):
    data = b"".join(frame(p, n) if framed else p for n, p in enumerate(payloads))
    with suppress(ProtocolError):
        played([*TALK[:position], (side, data), *TALK[position:]], writer=writer)


@given(st.integers(0, 2000), st.integers(0, 255), st.booleans())
def test_a_single_wrong_byte_does_no_more_harm(position, value, writer):
    lengths = [len(data) for _, data in TALK]
    talk, at = list(TALK), position % sum(lengths)
    for number, length in enumerate(lengths):
        if at < length:
            side, data = talk[number]
            talk[number] = (side, data[:at] + bytes((value,)) + data[at + 1 :])
            break
        at -= length
    with suppress(ProtocolError):
        played(talk, writer=writer)


def full(session: InstanceSession) -> InstanceSession:
    session._host.volume.full = True
    return session


NO_ROOM = error_packet(ServerFault(1114, "HY000", "The table is full"))


@pytest.mark.parametrize(
    "sql", [b"INSERT INTO t VALUES (1)", b"/* a */ UPDATE t SET a = 1", b"CREATE TABLE u (a INT)"]
)
def test_a_full_volume_refuses_what_writes_before_the_server_sees_it(sql):
    session = full(logged_in(writer=True))
    ask(session, sql)
    assert (taken(session.to_server), taken(session.to_client)) == ([], [NO_ROOM])
    for harmless in (b"SELECT 1", b"COMMIT"):
        ask(session, harmless)
        assert taken(session.to_server) == [b"\x03" + harmless]
        answer(session, OK2)
        session.to_client.clear()


def test_a_full_volume_refuses_what_was_prepared_before_it_was_full():
    session = logged_in(writer=True)
    session.from_client(encode(b"\x16INSERT INTO t VALUES (?)"))
    answer(session, b"\0\x07" + bytes(10))
    full(session)
    session.to_server.clear()
    session.to_client.clear()
    session.from_client(encode(b"\x17\x07" + bytes(3) + b"\0\x01" + bytes(3)))
    assert (taken(session.to_server), taken(session.to_client)) == ([], [NO_ROOM])


def test_a_full_volume_has_room_for_a_table_of_the_session_s_own():
    session = full(logged_in(writer=True))
    for sql in (b"CREATE TEMPORARY TABLE t (a INT)", b"INSERT INTO t VALUES (1)"):
        ask(session, sql)
        assert taken(session.to_server) == [b"\x03" + sql]
        answer(session, OK2)


def test_only_what_commits_waits_for_slow_storage():
    session = logged_in(writer=True)
    session._host.volume.commit_delay = 0.5
    waits = []
    for sql, status in (
        (b"SELECT 1", OK2), (b"INSERT INTO t VALUES (1)", OK2), (b"BEGIN", OPEN),
        (b"COMMIT", OK2), (b"BEGIN", OPEN), (b"DELETE FROM t", ok_packet(3, affected=1)), (b"COMMIT", OK2),
    ):  # fmt: skip
        ask(session, sql)
        waits.append(session.delay)
        answer(session, status)
    # A COMMIT of nothing needs no storage.
    assert waits == [0, 0.5, 0, 0, 0, 0, 0.5]
