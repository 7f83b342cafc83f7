"""What is asked of the server at a cut, in which order, and for how long."""

import asyncio

import pytest

from pytest_rdsfailover.local.gateway import fencing
from pytest_rdsfailover.local.gateway.fencing import Fencing
from pytest_rdsfailover.model.errors import GatewayError


class Fence:
    """The administrator's connection: tells in turn who is alive."""

    def __init__(self, *alive):
        self.asked, self._alive = [], [*alive]

    def open(self):
        self.asked.append("open")

    def kill(self, threads):
        self.asked.append(("kill", threads))

    def interrupt(self, threads):
        self.asked.append(("interrupt", threads))

    def alive(self, threads):
        self.asked.append(("alive", threads))
        return self._alive.pop(0) if len(self._alive) > 1 else self._alive[0]


class Kept:
    """Sessions that settle after so many looks."""

    busy = frozenset({4})

    def __init__(self, looks=0):
        self.looks, self.renewed = looks, 0

    @property
    def settled(self):
        self.looks -= 1
        return self.looks < 0

    def renew(self):
        self.renewed += 1


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(fencing, "PATIENCE", 0.01)


def test_who_is_killed_is_asked_for_until_none_of_them_is_left():
    fence = Fence({1, 2}, {2}, set())
    asyncio.run(Fencing(fence).end("a", {1, 2, 3}))
    assert fence.asked == [
        ("kill", {1, 2, 3}), ("alive", {1, 2, 3}), ("alive", {1, 2}), ("alive", {2}),
    ]  # fmt: skip


@pytest.mark.usefixtures("impatient")
def test_who_outlives_its_kill_for_too_long_is_an_error():
    with pytest.raises(GatewayError, match=r"2 sessions of a outlived 0\.01 s"):
        asyncio.run(Fencing(Fence({1, 2})).end("a", {1, 2}))


@pytest.mark.parametrize("step", ["abort", "renew"])
@pytest.mark.parametrize("looks", [0, 3])
def test_kept_sessions_are_waited_for(step, looks):
    fence, kept = Fence(set()), Kept(looks)
    asyncio.run(getattr(Fencing(fence), step)("a", kept))
    assert kept.looks == -1
    assert fence.asked == ([("interrupt", {4})] if step == "abort" else [])
    assert kept.renewed == (step == "renew")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("step", ["abort", "renew"])
def test_kept_sessions_that_do_not_settle_are_an_error(step):
    with pytest.raises(GatewayError, match=r"sessions of a were busy for 0\.01 s"):
        asyncio.run(getattr(Fencing(Fence(set())), step)("a", Kept(looks=10_000_000)))


def test_the_server_is_asked_by_one_thread_from_the_beginning_on():
    fence = Fence(set())
    made = Fencing(fence)
    asyncio.run(made.open())
    assert (fence.asked, made._thread._max_workers) == (["open"], 1)
