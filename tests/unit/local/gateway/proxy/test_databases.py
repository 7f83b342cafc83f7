"""The sockets of database connections: which of them are left, and whose threads may still work."""

import asyncio
import socket
from types import SimpleNamespace

import pytest
from gateway_sockets import BOUND
from paper_transport import PaperTransport

from pytest_rdsfailover.local.gateway.proxy import databases
from pytest_rdsfailover.local.gateway.proxy.databases import Databases
from pytest_rdsfailover.local.gateway.sockets import GatewayConnection


class Session:
    """An instance's session, as far as a socket knows it."""

    def __init__(self, thread_id=5, *, busy=False):
        self.thread_id, self.busy, self.over = thread_id, busy, 0
        self.to_server = bytearray()

    def ended(self):
        self.over += 1


class Connection:
    """A database connection, as far as a socket knows it."""

    def __init__(self, instance, session):
        self.instance, self.session = SimpleNamespace(id=instance), session


class Owner:
    """Keeps what it learns."""

    def __init__(self):
        self.learned = []

    def ended(self, link):
        self.learned.append(link)

    def flush(self):
        self.learned.append("flush")


class House:
    """Connections, each with a socket of paper; nobody is there while `away`."""

    def __init__(self, *, away=False):
        self.owner, self.away, self.begun = Owner(), away, asyncio.Event()
        self.go_on = asyncio.Event()
        self.databases = Databases(self.owner, self._dial)
        self.wires = []

    async def _dial(self, factory):
        self.begun.set()
        await self.go_on.wait()
        if self.away:
            raise ConnectionRefusedError
        self.wires.append(PaperTransport())
        factory().connection_made(self.wires[-1])

    async def open(self, instance="instance-1", **session):
        database = Connection(instance, Session(**session))
        self.databases.open(database)
        await self.begun.wait()
        return database

    async def dialled(self):
        await asyncio.wait_for(asyncio.gather(*self.databases._dialing), BOUND)
        await asyncio.sleep(0)
        assert not self.databases._dialing

    async def opened(self, **more):
        self.go_on.set()
        database = await self.open(**more)
        await self.dialled()
        return database, self.databases.link(database), self.wires.pop()


def run(test):
    asyncio.run(test())


def test_who_is_dialled_is_held_on_to_until_it_has_answered():
    async def test():
        house = House()
        database = await house.open()
        assert (len(house.databases._dialing), house.databases.link(database).database) == (
            1,
            database,
        )
        house.go_on.set()
        await house.dialled()
        assert (len(house.wires), house.owner.learned) == (1, [])

    run(test)


def test_a_server_that_is_away_ends_the_connection_after_a_while(monkeypatch):
    monkeypatch.setattr(databases, "AGAIN", 0.0)

    async def test():
        house = House(away=True)
        database = await house.open()
        house.go_on.set()
        await house.dialled()
        assert house.owner.learned == [house.databases.link(database), "flush"]

    run(test)


@pytest.mark.parametrize(
    ("thread", "busy", "departed"),
    [(5, True, {5}), (5, False, set()), (None, True, set()), (None, False, set())],
)
def test_a_connection_that_is_ended_leaves_its_thread_if_that_may_be_at_work(
    thread, busy, departed
):
    async def test():
        house = House()
        database, link, wire = await house.opened(thread_id=thread, busy=busy)
        link.tie(client := GatewayConnection())
        for _ in range(2):
            house.databases.end(database)
        assert (wire.ends, wire.options.get(socket.SO_LINGER), link.ours, client.other) == (
            ["aborted"], None, True, None,
        )  # fmt: skip
        assert (house.databases.link(database), database.session.over) == (None, 2)
        assert house.databases.departed("instance-2") == set()
        assert house.databases.departed("instance-1") == departed
        assert house.databases.departed("instance-1") == set()

    run(test)


@pytest.mark.parametrize(("thread", "left"), [(5, True), (None, False)])
def test_a_connection_that_is_to_be_killed_is_left_open_if_the_server_has_a_thread_for_it(
    thread, left
):
    async def test():
        house = House()
        database, link, wire = await house.opened(thread_id=thread)
        house.databases.leave(database)
        assert (wire.ends, link.ours, database.session.over) == ([], left, 1)
        assert house.databases.link(database) is (None if left else link)
        house.databases.leave(database)
        assert database.session.over == 2

    run(test)


def test_what_waits_for_slow_storage_is_not_sent_by_who_is_to_be_killed():
    async def test():
        house = House()
        database, link, wire = await house.opened()
        database.session.to_server += b"COMMIT"
        database.session.delay = 60.0
        link.flush()
        house.databases.leave(database)
        assert (wire.sent, database.session.to_server) == (b"", b"")

    run(test)


def test_who_has_given_a_connection_back_pauses_it_no_more():
    async def test():
        house = House()
        database, link, wire = await house.opened()
        client = GatewayConnection()
        link.tie(client)
        client.pause_writing()
        assert not wire.reads
        house.databases.free(database)
        assert (wire.reads, client.other) == (True, None)
        house.databases.end(database)
        house.databases.free(database)

    run(test)
