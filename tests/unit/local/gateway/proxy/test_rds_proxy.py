"""What the proxy does when instances come and go; nobody answers behind it."""

import asyncio
import ssl
from dataclasses import asdict

import pytest
from proxy_world import NAMES, login, query

from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.proxy.control import ProxyControl
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import PROXY, PROXY_READER, RdsProxy
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.gateway.proxy.session import ProxySession
from pytest_rdsfailover.local.gateway.router import Router
from pytest_rdsfailover.local.gateway.witness import TrafficCounter
from pytest_rdsfailover.mysql.handshake import parse_greeting
from pytest_rdsfailover.mysql.packets import PacketReader, frame


class Authority:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@pytest.fixture
def loop():
    with asyncio.Runner() as runner:
        yield runner


def proxy_of(router, dialled):
    async def dial(factory):
        dialled.append(factory)
        await asyncio.Event().wait()  # for ever

    return RdsProxy(
        router, ServerFacts(names=NAMES, charsets={}, most=100), Authority, dial, lambda _: None,
        secrets=[Secret(username="app", password="secret")], witness=TrafficCounter(), secure=False,
    )  # fmt: skip


def asking(endpoint):
    session = ProxySession(endpoint, 1)
    session.greet()
    (packet,) = PacketReader().feed(bytes(session.to_client))
    session.from_client(frame(login(parse_greeting(packet.payload).scramble), 1))
    session.from_client(query(b"SELECT 1"))
    return session


def test_a_request_whose_reader_goes_while_it_connects_is_served_by_another(loop):
    async def main():
        router, dialled = Router(3), []
        proxy = proxy_of(router, dialled)
        pool = proxy.endpoints[PROXY_READER].pool
        asking(proxy.endpoints[PROXY_READER])
        await asyncio.sleep(0)
        (opened,) = pool.everything
        gone = opened.instance
        gone.state = State.REFUSING

        proxy.cut(gone.id, "reset")
        await asyncio.sleep(0)

        assert gone not in pool.instances
        assert [(one.instance,) for one in pool.everything] == [pool.instances]
        assert len(dialled) == 2

    loop.run(main())


def test_new_clients_are_refused_only_where_there_is_nobody_to_serve_them(loop):
    async def main():
        router = Router(2)
        proxy = proxy_of(router, [])
        reader = router.instances["instance-2"]

        def refusing():
            return [proxy.endpoints[name].refusing for name in (PROXY, PROXY_READER)]

        proxy.hold(refuse=True)
        assert refusing() == [True, False]
        reader.state = State.REFUSING
        proxy.look()
        assert refusing() == [True, True]
        reader.state = State.UP
        proxy.look()
        assert refusing() == [True, False]
        proxy.follow()
        assert refusing() == [False, False]
        proxy.hold(refuse=False)
        assert refusing() == [False, False]

    loop.run(main())


def test_pins_are_told_to_who_asks(loop):
    async def main():
        proxy = proxy_of(Router(2), [])
        session = ProxySession(proxy.endpoints[PROXY], 1)
        proxy.endpoints[PROXY].pins.note(session, "user variable", b"SET @a = 1")
        told = ProxyControl(proxy).commands["proxy"]({"command": "proxy", "endpoint": PROXY})

        (pin,) = asdict(told)["pins"]
        assert (pin["reason"], pin["statement"]) == ("user variable", "SET @a = 1")

    loop.run(main())
