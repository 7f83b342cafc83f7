"""What a session of the proxy borrows, and in which state it gives that back."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.proxy.borrowing import BorrowingSession
from pytest_rdsfailover.mysql.packets import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_IN_TRANS_READONLY,
    ServerFault,
)


class Service:
    """Keeps what it is asked for."""

    def __init__(self):
        self.asked = []

    def __getattr__(self, name):
        return lambda *what: self.asked.append((name, *what[-1:]))


class Session(BorrowingSession):
    """One that keeps the faults that its commands were answered with."""

    def __init__(self):
        super().__init__(Service(), 7)
        self.faults = []

    def _give_up(self, fault):
        self.faults.append((fault.code, self.waiting))

    @property
    def asked(self):
        return self._service.asked


def database(*, uses=0, dirty=False, busy=False, fault=None):
    return SimpleNamespace(uses=uses, dirty=dirty, busy=busy, fault=fault, client=None)


def having(session, lent):
    session.database, lent.client = lent, session
    return lent


@pytest.mark.parametrize(
    ("dirty", "used_meanwhile", "again"), [(False, 0, True), (False, 1, False), (True, 0, False)]
)
def test_a_session_wants_its_latest_connection_again_if_nobody_has_used_it(
    dirty, used_meanwhile, again
):
    session, lent = Session(), database(uses=5, dirty=dirty)
    having(session, lent)
    session._return(lent)
    lent.uses += used_meanwhile
    session._borrow()

    assert (session.waiting, session.database, lent.client) == (True, None, None)
    assert session.asked == [("give_back", lent), ("borrow", lent if again else None)]


def test_the_first_time_any_connection_will_do():
    session = Session()
    session._borrow()
    assert session.asked == [("borrow", None)]


@pytest.mark.parametrize("fault", [None, ServerFault(1045, "28000", "no")])
def test_who_is_denied_waits_no_more_and_hears_why(fault):
    session = Session()
    session._borrow()
    session.deny(database(fault=fault))
    assert session.faults == [(9501 if fault is None else 1045, False)]
    assert session.asked[1:] == [("leave", session)]


def test_who_has_waited_in_vain_waits_no_more():
    session = Session()
    session._borrow()
    session.timed_out()
    assert (session.faults, session.waiting) == ([(9501, False)], False)


@pytest.mark.parametrize(
    ("pin", "status", "busy", "done", "dirty"),
    [
        (None, STATUS_AUTOCOMMIT, False, "give_back", False),
        (None, 0, False, "give_back", False),
        ("a variable", STATUS_AUTOCOMMIT, False, "give_back", True),
        (None, STATUS_IN_TRANS, False, "give_back", True),
        (None, STATUS_IN_TRANS_READONLY, False, "give_back", True),
        (None, STATUS_AUTOCOMMIT, True, "discard", False),
        ("a variable", STATUS_IN_TRANS, True, "discard", False),
    ],
)
def test_what_a_client_leaves_is_given_back_clean_or_to_be_reset_or_ended(
    pin, status, busy, done, dirty
):
    session = Session()
    lent = having(session, database(busy=busy))
    session.pin, session._status = pin, status
    session.leave()

    assert (session.closing, session.database, lent.client) == (True, None, None)
    assert (session.asked, lent.dirty) == ([(done, lent)], dirty)


@pytest.mark.parametrize("waiting", [True, False])
def test_who_leaves_while_waiting_leaves_the_queue(waiting):
    session = Session()
    session.waiting = waiting
    session.leave()
    assert (session.closing, session.waiting) == (True, False)
    assert session.asked == [("leave", session)] * waiting


def test_what_is_detached_is_to_be_reset_and_pinned_no_more():
    session = Session()
    lent = having(session, database())
    session.pin = "a variable"
    session._detach()
    assert (session.pin, session.database, lent.dirty) == (None, None, True)
    session._detach()
    assert session.asked == [("give_back", lent)]


def test_a_new_session_has_nothing_open_and_wants_nothing():
    session = Session()
    assert (session.closing, session.waiting, session.in_transaction) == (False, False, False)
    assert (session.number, session.user, session.message, session.pin) == (7, "", b"", None)
    assert not session.key.capabilities


def test_what_is_sent_is_framed_and_the_endpoint_is_told():
    session = Session()
    session._say(b"ab", 3)
    session._say(b"c", 4)
    assert bytes(session.to_client) == b"\2\0\0\3ab\1\0\0\4c"
    assert session.asked == [("touch", session)] * 2
