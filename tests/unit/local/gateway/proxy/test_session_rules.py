"""Rules of a proxy's session that one command alone does not show."""

from dataclasses import fields, replace

import pytest
from proxy_world import World, query
from test_proxy_session import told

from pytest_rdsfailover.local.gateway.proxy.aftermath import Aftermath
from pytest_rdsfailover.local.gateway.proxy.database import FORGET
from pytest_rdsfailover.local.gateway.proxy.opening import Opening
from pytest_rdsfailover.local.gateway.proxy.pinning.effects import (
    EXECUTABLE_COMMENT,
    NOTHING,
    TOO_LONG,
    Effect,
    merged,
)
from pytest_rdsfailover.local.gateway.proxy.pinning.pinning import LONGEST, effect
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_MORE_RESULTS,
    STATUS_NO_BACKSLASH_ESCAPES,
    ServerFault,
    eof_packet,
    error_packet,
    frame,
    ok_packet,
    parse_error,
)
from pytest_rdsfailover.mysql.responses import Command, Response
from pytest_rdsfailover.mysql.statements import SqlDialect

MARK = b"%s AS `%s`".__mod__


def marked(value, name):
    return MARK((value, name))


# Statements --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [Command.STMT_EXECUTE, Command.STMT_FETCH, Command.STMT_RESET])
def test_a_prepared_statement_is_known_to_a_pinned_session_only(command):
    world = World()
    session = world.client(1)
    message = frame(bytes((command, 5, 1, 0, 0)) + bytes(5), 0)
    session.from_client(message)
    (answer,) = told(session)
    assert parse_error(answer.payload).code == 1243
    assert "handler (261)" in parse_error(answer.payload).text
    assert not world.servers

    session.from_client(query(b"SET @a = 1"))
    session.from_client(message)
    world.settle()
    assert [packet.payload[0] for packet in told(session)] == [0, 0]
    (server,) = world.servers.values()
    assert server.seen[-1][:4] == b"\x05\x01\0\0"


def test_what_is_about_no_statement_goes_to_the_server():
    world = World()
    session = world.client(1)
    session.from_client(frame(bytes((Command.STATISTICS,)), 0))
    world.settle()
    (server,) = world.servers.values()

    assert server.seen[-1] == b""
    assert len(told(session)) == 1


@pytest.mark.parametrize("name", [field.name for field in fields(Effect) if field.name != "pin"])
@pytest.mark.parametrize("first", [True, False])
def test_a_text_of_several_statements_does_what_one_of_them_does(name, first):
    one = replace(NOTHING, **{name: True})
    assert merged([one, NOTHING] if first else [NOTHING, one]) == one


def test_of_several_reasons_to_pin_the_first_is_told():
    assert merged([NOTHING, Effect(pin="a"), Effect(pin="b")]).pin == "a"


def test_a_statement_that_is_too_long_to_be_read_may_do_anything_but_look_back():
    read = [effect(b"\3" + b"x" * size, SqlDialect()) for size in (LONGEST, LONGEST + 1)]
    assert read == [
        NOTHING, Effect(pin=TOO_LONG, changes=True, leaves=True, insert_id=True, reads=True),
    ]  # fmt: skip


# What a connection is brought to -----------------------------------------------------------------


@pytest.fixture
def idle():
    """Return a database connection that is ready, and its server."""
    world = World()
    world.client(1).from_client(query(b"SELECT 1"))
    world.settle()
    ((database, server),) = world.servers.items()
    server.seen.clear()
    return world, database, server


@pytest.mark.parametrize(
    ("schema", "wanted", "noisy", "asked"),
    [
        (None, {}, False, []),
        (b"app", {}, False, []),
        (b"other", {}, False, [b"USE `other`"]),
        (b"app", {b"time_zone": b"SYSTEM"}, False, []),
        (b"app", {b"time_zone": b"+02:00"}, False, [b"SET time_zone = '+02:00'"]),
        (None, {}, True, [FORGET]),
        (b"a`b", {b"sql_mode": b"ANSI"}, True, [FORGET, b"USE `a``b`", b"SET sql_mode = 'ANSI'"]),
    ],
)
def test_a_connection_takes_over_what_is_different_and_only_then_serves(
    idle, schema, wanted, noisy, asked
):
    world, database, server = idle
    done = []
    database.noisy = noisy
    database.adopt(schema, wanted, lambda: done.append([*server.seen]))
    assert len(done) == (not asked)
    world.settle()

    assert done == [asked]
    assert (database.noisy, database.schema) == (False, schema or b"app")
    assert {**database.state, **wanted} == database.state


def test_a_connection_that_has_taken_over_is_asked_for_the_same_no_more(idle):
    world, database, server = idle
    for _ in range(2):
        database.adopt(b"other", {b"time_zone": b"+02:00"}, lambda: None)
        world.settle()

    assert server.seen == [b"USE `other`", b"SET time_zone = '+02:00'"]


# Logins that come in pieces ----------------------------------------------------------------------


def opening():
    return Opening(World(), 7)


def test_a_request_for_tls_that_comes_in_pieces_is_one():
    capabilities = int(Capability.SSL | Capability.PROTOCOL_41).to_bytes(4, "little")
    asked, rest = frame(capabilities + bytes(28), 1), b"\x16\x03\x01"
    login = opening()

    for at in range(len(asked) - 1):
        assert login.before_tls(asked[at : at + 1]) == b""
        assert login.rest is None
    assert login.before_tls(asked[-1:] + rest) == b""
    assert login.rest == rest


def test_a_login_in_plain_text_that_comes_in_pieces_is_read_when_it_is_whole():
    sent = frame(int(Capability.PROTOCOL_41).to_bytes(4, "little") + bytes(60), 1)
    login = opening()

    *before, whole = [login.before_tls(sent[at : at + 1]) for at in range(len(sent))]
    assert (set(before), whole, login.rest) == ({b""}, sent, None)


# What is left to be asked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "elsewhere", "sql", "told_"),
    [
        (True, False, b"SHOW WARNINGS", b"SHOW WARNINGS"),
        (True, True, b"SHOW WARNINGS", b"SHOW WARNINGS"),
        (False, True, b"SHOW COUNT(*) WARNINGS", b"SELECT 1 AS `@@session.warning_count`"),
        (False, True, b"SHOW COUNT(*) ERRORS", b"SELECT 0 AS `@@session.error_count`"),
        (True, False, b"SELECT FOUND_ROWS()", b"SELECT FOUND_ROWS()"),
        (True, True, b"SELECT FOUND_ROWS()", b"SELECT 7 AS `FOUND_ROWS()`"),
        (True, True, b"SELECT ROW_COUNT()", b"SELECT ROW_COUNT()"),
        (False, False, b"SELECT ROW_COUNT()", b"SELECT 0 AS `ROW_COUNT()`"),
        (False, True, b"SELECT @@warning_count; SELECT FOUND_ROWS()",
         b"SELECT 1 AS `@@warning_count`; SELECT FOUND_ROWS()"),
    ],
)  # fmt: skip
def test_a_statement_that_looks_back_is_told_what_its_connection_cannot_know(
    here, elsewhere, sql, told_
):
    before = Aftermath(7)
    before.elsewhere, before.warnings = elsewhere, [(b"Note", b"1", b"a")]
    assert before.told(b"\3" + sql, SqlDialect(), marked, here=here) == b"\3" + told_


# What a session remembers ------------------------------------------------------------------------


def statuses(session):
    """Return the status flags of each OK that the session has sent."""
    return [int.from_bytes(packet.payload[3:5], "little") for packet in told(session)]


def test_a_ping_shows_the_flags_of_a_session_and_none_that_were_of_an_answer():
    session = World().client(1)
    for status, shown in ((STATUS_AUTOCOMMIT, 2), (0, 0), (STATUS_MORE_RESULTS | 2, 2)):
        session._status = status
        session.from_client(frame(bytes((Command.PING,)), 0))
        assert statuses(session) == [shown]


def test_a_session_begins_with_autocommit_and_no_insert_id_and_so_it_does_after_a_reset():
    world = World()
    session = world.client(1)
    session._carried.insert_id, session._status = 9, 0
    session.from_client(frame(bytes((Command.RESET_CONNECTION,)), 0))

    assert statuses(session) == [STATUS_AUTOCOMMIT]
    assert (session._carried.insert_id, session.schema) == (0, b"app")
    assert not session.in_transaction


@pytest.mark.parametrize(("option", "several"), [(b"\0\0", True), (b"\1\0", False)])
def test_several_statements_a_text_are_switched_by_the_client(option, several):
    session = World().client(1)
    session.from_client(frame(bytes((Command.SET_OPTION,)) + option, 0))

    (answer,) = told(session)
    assert answer.payload[0] == 0xFE  # an end of rows, for a client that knows of them
    assert bool(session.key.capabilities & Capability.MULTI_STATEMENTS) is several


def test_a_backslash_ends_no_text_once_the_server_says_that_it_escapes_nothing():
    session = World().client(1)
    assert session._dialect.backslash
    session._status |= STATUS_NO_BACKSLASH_ESCAPES
    assert not session._dialect.backslash


def test_a_statement_of_the_proxy_s_own_that_fails_ends_only_who_has_sent_a_command_by_then():
    for sent, ends in ((False, False), (True, True)):
        world = World()
        session = world.client(1)
        session.from_client(query(b"SELECT 1"))
        assert not session._sent  # nobody has a connection yet
        session._sent = sent
        session.broken(ServerFault(1064, "42000", "planted"))
        assert session.closing is ends
        assert [parse_error(packet.payload).code for packet in told(session)] == [1064] * (not ends)


def test_a_command_is_sent_once_its_connection_is_in_its_session_s_state():
    world = World()
    session = world.client(1)
    session.from_client(query(b"BEGIN"))
    assert not session._sent
    world.settle()
    assert session._sent
    session.from_client(query(b"SELECT 1"))
    world.settle()
    assert session.in_transaction
    assert session._status & STATUS_IN_TRANS


@pytest.mark.parametrize(
    "sql", [b"/*! SET @a = 1 */", b"/*M! SELECT 1 */", b"/*!50000 SELECT 1 */"]
)
def test_what_a_comment_executes_may_do_anything(sql):
    found = effect(b"\3" + sql, SqlDialect(version=101106, mariadb=True))
    assert found == Effect(pin=EXECUTABLE_COMMENT, changes=True, leaves=True, reads=True)


def test_a_result_and_an_error_have_no_row_count_and_what_changes_rows_has():
    result, changed = (Response(Command.QUERY, deprecate_eof=True) for _ in range(2))
    result.queried, result.rows = True, 3
    after = Aftermath(7)
    after.row_count = 5
    after.note(eof_packet(2), result)
    assert (after.row_count, after.found_rows) == (-1, 7)
    after.note(ok_packet(2)[:1] + b"\x04" + ok_packet(2)[2:], changed)
    assert after.row_count == 4
    after.note(error_packet(ServerFault(1064, "42000", "no")), changed)
    assert after.row_count == -1
