"""Whom a proxy endpoint's sweeper hangs up on, and which database connections it closes."""

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.proxy import sweeper as subject
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.proxy.sweeper import Sweeper

SETTINGS = ProxySettings(idle_client_timeout=20, max_client_age=50, max_database_idle_time=30)
NOW = 1000.0


class Link:
    """A connection, which was made and heard of so many seconds ago."""

    def __init__(self, since=0, heard=0, *, silent=False):
        self.since, self.heard, self.silent = NOW - since, NOW - heard, silent
        self.closed = 0

    def close(self):
        self.closed += 1


class Pool:
    def __init__(self, idle=()):
        self.idle, self.discarded = list(idle), []

    def discard(self, database):
        self.idle.remove(database)
        self.discarded.append(database)


class Client(SimpleNamespace):
    __hash__ = object.__hash__


def swept(monkeypatch, clients, pool=None, links=None):
    """Let a sweeper look once; return what it has counted."""
    counts = Counter()
    sweeper = Sweeper(clients, SimpleNamespace(link=(links or {}).get), pool or Pool(), counts)
    sweeper.settings = SETTINGS
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) > 1:
            raise asyncio.CancelledError

    monkeypatch.setattr(subject, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(subject, "time", SimpleNamespace(monotonic=lambda: NOW))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(sweeper.run())
    assert slept == [1.0, 1.0]  # it looks for ever
    return counts


@pytest.mark.parametrize(
    ("user", "link", "reason"),
    [
        (b"app", Link(50, 20), None),
        (b"app", Link(20.1, 20.1), "idle_timeouts"),
        (b"app", Link(50.1, 1), "aged"),
        (b"app", Link(99, 99), "idle_timeouts"),
        (b"", Link(10, 10), None),
        (b"", Link(10.1, 10.1), "login_timeouts"),
        (b"app", Link(99, 99, silent=True), None),
    ],
)
def test_a_client_goes_for_its_own_reason(monkeypatch, user, link, reason):
    link.closed = 0
    counts = swept(monkeypatch, {Client(user=user, message=b""): link})

    assert counts == ({reason: 1} if reason else {})
    assert link.closed == (reason is not None)


def test_a_client_whose_command_is_on_its_way_stays(monkeypatch):
    link = Link(99, 99)

    assert not swept(monkeypatch, {Client(user=b"app", message=b"\x03SELECT 1"): link})
    assert link.closed == 0


def test_one_that_stays_does_not_keep_those_behind_it(monkeypatch):
    stays, goes, too = Link(99, 99, silent=True), Link(99, 99), Link(99, 99)
    counts = swept(
        monkeypatch,
        {Client(user=b"app", message=b"", number=n): link for n, link in enumerate((stays, goes, too))},
    )  # fmt: skip

    assert counts == {"idle_timeouts": 2}
    assert (stays.closed, goes.closed, too.closed) == (0, 1, 1)


def test_idle_database_connections_go_when_unused_for_too_long(monkeypatch):
    pool = Pool(["used", "bound", "unused", "gone", "unused too"])
    links = {
        "used": Link(999, 0), "bound": Link(999, 30), "unused": Link(31, 30.1),
        "unused too": Link(99, 99),
    }  # fmt: skip
    swept(monkeypatch, {}, pool, links)

    assert pool.discarded == ["unused", "unused too"]


def test_a_sweeper_begins_with_the_usual_settings():
    assert Sweeper({}, SimpleNamespace(), Pool(), Counter()).settings == ProxySettings()
