"""One socket of the proxy by itself: what it tells its endpoint, and how it ends."""

import socket
import time
from types import SimpleNamespace

import pytest
from paper_transport import PaperTransport

from pytest_rdsfailover.local.gateway.proxy.links import ClientLink, DatabaseLink
from pytest_rdsfailover.mysql.packets import ProtocolError


class Owner:
    """An endpoint that notes what it learns."""

    tls = None

    def __init__(self):
        self.learned = []

    def __getattr__(self, name):
        return lambda *of: self.learned.append((name, *of))

    def names(self):
        """Return what it has learned since it was asked last."""
        names = [name for name, *_ in self.learned]
        self.learned.clear()
        return names


class Session:
    """A client's session that answers with what it was sent; garbage breaks the protocol."""

    def __init__(self):
        self.to_client, self.closing, self.ahead, self.full = bytearray(), False, False, False
        self.opening = SimpleNamespace(rest=None, encrypted=False)
        self.tls, self.begun = None, 0

    def from_client(self, data):
        if data == b"garbage":
            raise ProtocolError("garbage")
        self.to_client += data

    def next_command(self):
        self.begun += 1


@pytest.fixture
def client():
    owner = Owner()
    link = ClientLink(owner, Session())
    link.connection_made(wire := PaperTransport())
    assert owner.names() == ["joined", "flush"]
    wire.options.clear()
    return link, wire, owner


def test_what_a_client_sends_is_worked_on_and_answered_once_all_has_come(client):
    link, wire, owner = client
    heard = link.heard
    link.data_received(b"abc")
    assert (owner.names(), wire.sent) == (["flush_soon"], b"")
    assert link.heard >= heard
    link.flush()
    link.flush()
    assert (wire.sent, link.session.to_client) == (b"abc", b"")


def test_what_breaks_the_protocol_ends_its_client_without_a_reset(client):
    link, wire, owner = client
    link.data_received(b"garbage")
    assert (wire.ends, wire.options, owner.names()) == (["aborted"], {}, [])


def test_a_client_that_sends_nothing_more_frees_what_it_has_before_it_is_gone(client):
    link, wire, owner = client
    link.eof_received()
    assert (wire.ends, owner.names()) == (["closed"], ["left", "flush_soon"])
    link.connection_lost(None)
    assert owner.names() == ["left", "flush"]


def test_a_client_that_is_left_hanging_is_neither_heard_nor_answered(client):
    link, wire, owner = client
    link.session.to_client += b"abc"
    link.silence()
    link.data_received(b"more")
    link.flush()
    assert (wire.sent, wire.ends, owner.names()) == (b"", [], [])


@pytest.mark.parametrize("ahead", [True, False])
def test_a_client_that_is_ahead_is_read_no_more_until_it_is_not(client, ahead):
    link, wire, _ = client
    for turn in (link.flush, lambda: link.data_received(b"a"), link.resume_writing):
        link.session.ahead = ahead
        turn()
        assert wire.reads is not ahead
        link.session.ahead = False
        link.flush()
        assert wire.reads


def test_no_command_is_begun_for_a_client_that_cannot_take_more(client):
    link, _, owner = client
    link.pause_writing()
    assert (link.full, link.session.full, link.session.begun) == (True, True, 0)
    link.resume_writing()
    assert (link.full, link.session.full, link.session.begun) == (False, False, 1)
    assert owner.names() == ["flush_soon"]


def test_who_is_to_be_hung_up_on_gets_the_rest_first(client):
    link, wire, _ = client
    link.session.to_client += b"bye"
    link.flush()
    assert wire.ends == []
    link.session.to_client += b"now"
    link.session.closing = True
    link.flush()
    assert (wire.sent, wire.ends) == (b"byenow", ["closed"])


def test_before_it_is_connected_nothing_is_sent():
    link = ClientLink(Owner(), Session())
    link.session.to_client += b"abc"
    link.flush()
    assert link.session.to_client == b"abc"
    assert link.since == link.heard <= time.monotonic()


# Database connections ----------------------------------------------------------------------------


class Database:
    """A database connection that notes what it hears."""

    def __init__(self):
        self.fault, self.heard = None, []
        self.session = SimpleNamespace(
            from_server="work", hear=None, to_server=bytearray(), delay=0.0
        )

    def hear(self, work, data):
        self.heard.append((work, data))
        if data == b"garbage":
            raise ProtocolError("garbage")


@pytest.fixture
def database():
    owner = Owner()
    link = DatabaseLink(owner, Database())
    link.connection_made(wire := PaperTransport())
    wire.options.clear()
    return link, wire, owner


def test_what_a_server_says_is_worked_on(database):
    link, _, owner = database
    before = link.heard
    link.data_received(b"abc")
    assert link.database.heard == [("work", b"abc")]
    link.database.session.hear("other work", b"")
    assert link.database.heard[1:] == [("other work", b"")]
    assert (owner.names(), link.heard >= before) == (["flush_soon"] * 2, True)


@pytest.mark.parametrize("how", ["garbage", "a fault"])
def test_a_connection_that_fails_is_ended(database, how):
    link, _, owner = database
    link.database.fault = None if how == "garbage" else "no"
    link.data_received(how.encode())
    assert owner.names() == ["ended", "flush_soon"]


def test_a_connection_that_is_lost_ends_what_depended_on_it_unless_we_wanted_it_to(database):
    link, _, owner = database
    assert link.ours is False
    link.connection_lost(None)
    assert owner.names() == ["ended", "flush"]
    link.let_go()
    link.connection_lost(None)
    link.data_received(b"abc")
    assert (link.ours, owner.names(), link.database.heard) == (True, [], [])


def test_a_connection_that_comes_when_nobody_wants_it_any_more_is_ended():
    for wanted in (True, False):
        link = DatabaseLink(Owner(), Database())
        if not wanted:
            link.let_go()
        link.connection_made(wire := PaperTransport())
        assert wire.ends == ([] if wanted else ["aborted"])
        assert socket.SO_LINGER not in wire.options


def test_what_waits_for_the_server_is_sent_and_hurried_by_who_lets_go(database):
    link, wire, _ = database
    link.database.session.to_server += b"abc"
    link.flush()
    assert wire.sent == b"abc"
    link.tie(other := DatabaseLink(Owner(), Database()))
    link.let_go()
    assert (link.other, other.other) == (None, None)
