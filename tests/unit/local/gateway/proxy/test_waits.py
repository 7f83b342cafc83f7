import asyncio
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.gateway.proxy import waits
from pytest_rdsfailover.local.gateway.proxy.waits import Waits


@pytest.fixture
def loop():
    with asyncio.Runner() as runner:
        yield runner


def test_who_waits_for_too_long_is_given_up_once(loop):
    async def main():
        given_up = asyncio.Queue()
        clients = Waits(given_up.put_nowait)
        clients.begin("session", 0.0)
        assert await asyncio.wait_for(given_up.get(), 5) == "session"
        longest = clients.longest
        assert longest > 0

        clients.end("session")
        assert clients.longest == longest
        assert given_up.empty()

    loop.run(main())


def test_whose_wait_has_ended_is_not_given_up(loop):
    async def main():
        given_up = asyncio.Queue()
        clients = Waits(given_up.put_nowait)
        clients.begin("served", 0.0)
        clients.end("served")
        clients.begin("other", 0.0)
        assert await asyncio.wait_for(given_up.get(), 5) == "other"
        assert given_up.empty()

    loop.run(main())


def test_the_longest_wait_is_that_of_whom_it_took_longest(loop, monkeypatch):
    moments = iter([0.0, 1.0, 5.0, 6.0, 8.0, 9.0])
    monkeypatch.setattr(waits, "time", SimpleNamespace(monotonic=lambda: next(moments)))

    async def main():
        clients = Waits(print)
        clients.end("nobody")
        assert clients.longest == 0.0
        clients.begin("first", 60.0)
        clients.begin("second", 60.0)
        clients.end("second")
        assert clients.longest == 4.0
        clients.end("first")
        assert clients.longest == 6.0
        clients.begin("third", 60.0)
        clients.end("third")
        assert clients.longest == 6.0

    loop.run(main())
