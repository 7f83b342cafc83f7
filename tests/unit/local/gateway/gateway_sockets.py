"""Endpoints on real sockets, in the test's own event loop, before a server made of paper."""

import asyncio
import contextlib
import ssl
from types import SimpleNamespace

from proxy_world import NAMES, PASSWORD, Server, login, query

from pytest_rdsfailover.local.gateway.all_sessions import AllSessions
from pytest_rdsfailover.local.gateway.blue_green import Deployments
from pytest_rdsfailover.local.gateway.client import connect
from pytest_rdsfailover.local.gateway.control import Control
from pytest_rdsfailover.local.gateway.fencing import Fencing
from pytest_rdsfailover.local.gateway.lag.replica_lag import ReplicaLag
from pytest_rdsfailover.local.gateway.network import NoNetwork
from pytest_rdsfailover.local.gateway.player import Player
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import PROXY, RdsProxy
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.server import Gateway
from pytest_rdsfailover.local.gateway.turns import Turns, event_loop
from pytest_rdsfailover.local.gateway.witness import TrafficCounter
from pytest_rdsfailover.mysql.handshake import parse_greeting
from pytest_rdsfailover.mysql.packets import PacketReader, frame, parse_error

BOUND = 10  # seconds for what happens at once


class ServerSide(asyncio.Protocol):
    """One connection of the server's; it works on nothing while `working` is cleared."""

    def __init__(self, house):
        self.house, self.ended = house, asyncio.Event()
        self.server = Server(len(house.connections) + 1)
        self.held = b""
        house.connections.append(self)

    def connection_made(self, transport):
        self.transport = transport
        self.send()

    def data_received(self, data):
        self.held += data
        if not self.house.working.is_set():
            self.house.stopped.set()
            return
        self.go_on()

    def go_on(self):
        held, self.held = self.held, b""
        self.server.feed(held)
        self.send()

    def send(self):
        self.transport.write(bytes(self.server.out))
        self.server.out.clear()

    def connection_lost(self, _):
        self.ended.set()


class House:
    """A cluster of two instances on real sockets, with the server behind it and a test's clients.

    Attributes:
        router: knows the instances.
        instance: the writer.
        connections: the server's side of each database connection, in order.
        working: the server answers.
        away: the server cannot be reached.
    """

    usual = "cluster"  # the endpoint that clients come to

    def __init__(self, turns):
        self.connections, self.working, self.stopped = [], asyncio.Event(), asyncio.Event()
        self.working.set()
        self.away = False
        self.listeners, self.clients = [], []
        self.witness, self.router = TrafficCounter(), Router(2)
        self.instance = self.router.instances["instance-1"]
        self.turns = turns

    async def listen(self):
        """Open the listeners; return their ports."""
        raise NotImplementedError

    def hang_up(self):
        """End the connections of all clients."""
        raise NotImplementedError

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        loop.create_server = self._kept(loop.create_server)
        loop.create_unix_server = self._kept(loop.create_unix_server)
        listener = await loop.create_server(lambda: ServerSide(self), "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            self.ports = await self.listen()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    def _kept(self, listen):
        async def kept(*args, **more):
            self.listeners.append(await listen(*args, **more))
            return self.listeners[-1]

        return kept

    async def __aexit__(self, *_):
        for listener in self.listeners:
            listener.close()
        for client in self.clients:
            client.leave()
        self.hang_up()
        for connection in self.connections:
            connection.transport.abort()
        async with asyncio.timeout(BOUND):
            for client in self.clients:
                with contextlib.suppress(ConnectionError):
                    await client.writer.wait_closed()
            for connection in self.connections:
                await connection.ended.wait()

    def dial(self, factory):
        port = 1 if self.away else self.port
        return asyncio.get_running_loop().create_connection(factory, "127.0.0.1", port)

    def go_on(self):
        """Let the server work again."""
        self.working.set()
        for connection in self.connections:
            connection.go_on()

    async def client(self, endpoint=None, user=b"app", password=PASSWORD):
        """Return a client that has logged in."""
        client = await self.stranger(endpoint)
        (greeting,) = await client.packets(1)
        scramble = parse_greeting(greeting.payload).scramble
        client.write(frame(login(scramble, user=user, password=password), 1))
        await client.packets(1)
        return client

    async def stranger(self, endpoint=None, at=None):
        """Return a client that has not said anything."""
        at = at or ("127.0.0.1", self.ports[endpoint or self.usual])
        client = Client(*await asyncio.open_connection(*at))
        self.clients.append(client)
        return client


class ProxyHouse(House):
    """One whose clients come to the proxy.

    Attributes:
        endpoint: the proxy's endpoint for the writer.
    """

    usual = PROXY

    def __init__(self, turns, settings=None, tls=None):
        super().__init__(turns)
        self.proxy = RdsProxy(
            self.router, ServerFacts(names=NAMES, charsets={}, most=4),
            tls or SimpleNamespace(context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)),
            self.dial, turns.at_end, secrets=[Secret(username="app", password="secret")],
            witness=self.witness, secure=False,
        )  # fmt: skip
        self.endpoint = self.proxy.endpoints[PROXY]
        if settings is not None:
            self.proxy.configure(settings)

    async def listen(self):
        return await self.proxy.listen()

    def hang_up(self):
        self.proxy.hang_up()

    @property
    def counts(self):
        pool = self.endpoint.pool
        return len(pool.everything), len(pool.idle), pool.borrowed


class GatewayHouse(House):
    """One whose clients come to the instances' own endpoints."""

    def __init__(self, turns, tls=None):
        super().__init__(turns)
        self.gateway = Gateway(self.router, self.dial, self.witness, tls)

    async def listen(self):
        await self.gateway.listen()
        return self.gateway.ports

    def hang_up(self):
        for instance in self.router.instances:
            self.gateway.cut(instance, "reset")


class Client:
    """A client that knows how many packets it gets."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.parts, self.waiting = PacketReader(), []

    def write(self, data):
        self.writer.write(data)

    async def packets(self, count):
        while len(self.waiting) < count:
            data = await asyncio.wait_for(self.reader.read(1 << 16), BOUND)
            if not data:
                raise EOFError
            self.waiting += self.parts.feed(data)
        found, self.waiting = self.waiting[:count], self.waiting[count:]
        return found

    async def select(self, text):
        """Return what a SELECT tells, which is its own text."""
        self.write(query(text))
        return (await self.packets(5))[3].payload[1:]

    async def do(self, sql):
        """Return the first byte of the answer to what has no rows."""
        self.write(query(sql))
        return (await self.packets(1))[0].payload[0]

    async def error(self):
        """Return the next packet, which is an error."""
        return parse_error((await self.packets(1))[0].payload)

    async def end(self):
        """Return how the connection ends: `closed` or `reset`."""
        try:
            while await asyncio.wait_for(self.reader.read(1 << 16), BOUND):
                pass
        except ConnectionResetError:
            return "reset"
        return "closed"

    def leave(self):
        self.writer.transport.abort()


async def until(true):
    """Wait until something is true."""
    deadline = asyncio.get_running_loop().time() + BOUND
    while not true() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0.001)
    assert true()


class ClusterHouse(GatewayHouse):
    """One with all parts of the gateway; the test asks it by `control`, in a thread of its own.

    Attributes:
        shown: the rows of the table of topology, each time they were changed.
    """

    def __init__(self, turns, directory):
        super().__init__(turns)
        self.path, self.shown = str(directory / "control"), []
        self.proxy = RdsProxy(
            self.router, ServerFacts(names=NAMES, charsets={}, most=4),
            SimpleNamespace(context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certify=list),
            self.dial, turns.at_end, secrets=[Secret(username="app", password="secret")],
            witness=self.witness, secure=False,
        )  # fmt: skip
        sessions = AllSessions(self.gateway, self.proxy)
        player = Player(self.router, sessions, Fencing(self), NoNetwork(), self.proxy)
        lag = ReplicaLag(self.dial, list, NAMES, secure=False)
        self.control = Control(
            self.gateway, player, self.proxy, lag, Deployments(self.gateway, player, sessions, self)
        )

    async def listen(self):
        await super().listen()
        self.gateway.ports |= await self.proxy.listen()
        await self.control.listen(self.path)
        return self.gateway.ports

    def hang_up(self):
        super().hang_up()
        self.proxy.hang_up()

    # What only the real server can do.

    def kill(self, threads):
        for thread in threads:
            self.connections[thread - 1].transport.abort()

    def alive(self, _):
        return set()

    async def create(self, rows):
        self.shown.append([*rows])

    async def drop(self):
        self.shown.append(None)

    show = create


def in_proxy(test, settings=None, tls=None):
    """Run a coroutine function with the house of a proxy."""
    _run(test, lambda turns: ProxyHouse(turns, settings, tls))


def in_gateway(test, tls=None):
    """Run a coroutine function with the house of a cluster's own endpoints."""
    _run(test, lambda turns: GatewayHouse(turns, tls))


def in_cluster(test, directory):
    """Run a function of the house of a whole cluster and of a client of its control socket."""

    async def in_a_thread(house):
        with connect(house.path) as asking:
            await asyncio.to_thread(test, house, asking)
        await until(
            lambda: not any("_serve" in str(task.get_coro()) for task in asyncio.all_tasks())
        )

    _run(in_a_thread, lambda turns: ClusterHouse(turns, directory))


def _run(test, make):
    turns = Turns()

    async def main():
        async with make(turns) as house:
            await test(house)

    with asyncio.Runner(loop_factory=lambda: event_loop(turns)) as runner:
        runner.run(main())
