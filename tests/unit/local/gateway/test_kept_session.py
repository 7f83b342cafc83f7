"""A session that goes through a restart, whatever its client is doing meanwhile."""

import pytest
from server_talk import answer, ask, logged_in, taken

from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.kept_session import ABORTED, KeptSession
from pytest_rdsfailover.local.gateway.proxy.state import question
from pytest_rdsfailover.local.gateway.roles import hidden
from pytest_rdsfailover.mysql.packets import (
    ProtocolError,
    ServerFault,
    encode,
    eof_packet,
    error_packet,
    ok_packet,
    status_of,
)
from pytest_rdsfailover.mysql.results import encode_row

OK, OPEN, MORE = ok_packet(2), ok_packet(3), 8
INTERRUPTED = error_packet(ServerFault(1317, "70100", "Query execution was interrupted"))
DUPLICATE = error_packet(ServerFault(1062, "23000", "Duplicate entry"))
NAMES = (b"sql_mode",)
ASKED, RESET = b"\x03" + question(NAMES), b"\x1f"


@pytest.fixture
def session():
    return logged_in(KeptSession(Instance(id="instance-1", writer=True)))


def tell(session, mode):
    """Answer the question for the session's state."""
    assert taken(session.to_server) == [ASKED]
    row = encode_row([b"app", mode])
    column = b"\x03def\0\0\0\x01a\0\x0c"
    answer(session, b"\x02", column, column, eof_packet(2), row, eof_packet(2))


def renewed(session, before=b"ANSI", after=b"ANSI"):
    """Take the session through its renewal; return what it sent at its end."""
    session.renew(NAMES)
    tell(session, before)
    assert taken(session.to_server) == [RESET]
    answer(session, OK)
    tell(session, after)
    return taken(session.to_server)


def test_a_variable_is_set_again_only_if_it_has_changed(session):
    session.hold()
    assert renewed(session) == []
    assert session.settled
    assert renewed(session, after=b"STRICT") == [b"\x03SET sql_mode = 'ANSI'"]
    assert not session.settled
    answer(session, OK)
    assert session.settled


def test_a_statement_that_is_interrupted_ends_with_the_abort(session):
    ask(session, b"INSERT INTO t VALUES (1)")
    session.hold()
    answer(session, INTERRUPTED)

    assert taken(session.to_client) == [ABORTED]


def test_a_transaction_whose_statement_is_interrupted_is_told_once(session):
    ask(session, b"BEGIN")
    answer(session, OPEN)
    ask(session, b"INSERT INTO t VALUES (1)")
    session.hold()
    answer(session, INTERRUPTED)
    assert taken(session.to_client) == [OPEN, ABORTED]
    taken(session.to_server)
    renewed(session)
    session.go_on()
    ask(session, b"COMMIT")

    assert taken(session.to_client) == []


@pytest.mark.parametrize("payload", [OK, DUPLICATE], ids=["done", "failed by itself"])
def test_a_statement_that_ends_by_itself_keeps_its_answer(session, payload):
    ask(session, b"INSERT INTO t VALUES (1)")
    session.hold()
    answer(session, payload)

    assert taken(session.to_client) == [payload]


def test_what_waits_for_its_commit_is_aborted_though_its_statement_has_ended(session):
    ask(session, b"INSERT INTO t SELECT SLEEP(9)")
    assert taken(session.to_server) == [b"\x03START TRANSACTION"]
    answer(session, OPEN)
    taken(session.to_server)
    session.hold()
    answer(session, OPEN)

    assert taken(session.to_client) == [ABORTED]
    assert taken(session.to_server) == []  # no COMMIT
    renewed(session)
    session.go_on()
    ask(session, b"SELECT 1")
    assert taken(session.to_client) == []  # the abort was told already
    assert taken(session.to_server) == [b"\x03SELECT 1"]


def test_of_several_statements_those_behind_the_restart_are_aborted(session):
    session.from_client(encode(b"\x1b\x00\x00"))
    answer(session, OK)
    taken(session.to_client), taken(session.to_server)
    ask(session, b"INSERT INTO t VALUES (1); SELECT @@aurora_server_id; INSERT INTO t VALUES (2)")
    session.hold()
    answer(session, OK)

    first, second = taken(session.to_client)
    assert status_of(first) & MORE
    assert second == ABORTED


def test_commands_wait_until_the_session_goes_on(session):
    session.hold()
    ask(session, b"SELECT 1")
    renewed(session)
    assert taken(session.to_server) == []

    session.go_on()

    assert taken(session.to_server) == [b"\x03SELECT 1"]


def test_the_first_statement_after_a_lost_transaction_is_refused_but_a_reset_is_not(session):
    for anew in (False, True):
        ask(session, b"INSERT INTO t VALUES (1)")
        answer(session, OPEN)
        taken(session.to_client), taken(session.to_server)
        session.hold()
        renewed(session)
        session.go_on()
        if anew:
            session.from_client(encode(RESET))
            answer(session, OK)
            taken(session.to_client), taken(session.to_server)
        ask(session, b"COMMIT")
        assert taken(session.to_client) == ([] if anew else [ABORTED])
        taken(session.to_server)
        if anew:
            answer(session, OK)


def test_an_empty_command_ends_the_session(session):
    with pytest.raises(ProtocolError, match="an empty command"):
        session.from_client(encode(b""))


def test_a_kill_that_comes_too_late_does_not_end_the_session(session):
    session.hold()
    session.renew(NAMES)
    for _ in range(2):  # it meets our own question, and then our reset
        assert taken(session.to_server) == [ASKED]
        answer(session, INTERRUPTED)
    tell(session, b"ANSI")
    assert taken(session.to_server) == [RESET]
    answer(session, INTERRUPTED)
    tell(session, b"ANSI")
    answer(session, OK)
    taken(session.to_server)
    assert not session.settled
    session.from_server(b"")


@pytest.mark.parametrize("error", [DUPLICATE, INTERRUPTED], ids=["any error", "kills without end"])
def test_a_session_that_cannot_be_renewed_is_over(session, error):
    session.hold()
    session.renew(NAMES)

    with pytest.raises(ProtocolError, match="kept"):
        for _ in range(4):
            answer(session, error)


# Rules that one restart alone does not show ------------------------------------------------------


def restarted(session):
    """Take a session through a restart."""
    taken(session.to_client), taken(session.to_server)
    session.hold()
    renewed(session)
    session.go_on()


def test_an_abort_that_was_told_counts_for_its_own_restart_only(session):
    for told in (True, False):
        ask(session, b"BEGIN")
        answer(session, OPEN)
        if told:
            ask(session, b"INSERT INTO t VALUES (1)")
            session.hold()
            answer(session, INTERRUPTED)
        restarted(session)
        ask(session, b"COMMIT")
        assert taken(session.to_client) == ([] if told else [ABORTED])
        if told:
            answer(session, OK)
            taken(session.to_client), taken(session.to_server)


def test_an_abort_is_told_once_and_the_next_statement_is_carried_out(session):
    ask(session, b"BEGIN")
    answer(session, OPEN)
    restarted(session)
    for sql, told in ((b"SELECT 1", [ABORTED]), (b"SELECT 2", [])):
        ask(session, sql)
        assert taken(session.to_client) == told
    assert taken(session.to_server) == [b"\x03SELECT 2"]


def test_what_has_failed_by_itself_keeps_its_error_though_tidying_up_is_cut_short():
    session = logged_in(KeptSession(Instance(id="instance-2")))
    ask(session, b"CREATE TEMPORARY TABLE t (a INT)")
    answer(session, OK)  # to what lets the session write
    answer(session, DUPLICATE)
    taken(session.to_server)
    session._plan.append(hidden(b"DO 1"))
    session.hold()
    answer(session, OK)  # to what makes it read-only again
    assert taken(session.to_client) == [DUPLICATE]


def test_a_restart_ends_tables_and_the_state_that_was_known(session, witness):
    session = logged_in(KeptSession(Instance(id="instance-1", writer=True), seen=witness.at("a")))
    for sql in (b"INSERT INTO t VALUES (1)",):
        ask(session, sql)
        answer(session, OPEN)
    session._state = {b"sql_mode": b""}
    before = witness.tell(b"run")["a"].statements
    restarted(session)
    assert session._state is None
    assert witness.tell(b"run")["a"].statements == before
    assert not session._witness.writing


def test_a_question_of_its_own_is_no_answer_while_nothing_is_renewed(session):
    ask(session, b"SELECT 1")
    answer(session, OK)
    assert (session.settled, session._renewal) == (True, None)


def test_a_renewal_may_be_begun_anew_three_times(session):
    session.hold()
    session.renew(NAMES)
    for _ in range(3):
        assert taken(session.to_server) == [ASKED]
        answer(session, INTERRUPTED)
    with pytest.raises(ProtocolError, match="kept"):
        answer(session, INTERRUPTED)
