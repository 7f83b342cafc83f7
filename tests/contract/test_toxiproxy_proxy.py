"""One proxy of the built-in server in this process: its listener, its upstream, its loops."""

import asyncio
import socket

import pytest
from toxiproxies import free_port

from pytest_rdsfailover.local.toxiproxy import proxy as module
from pytest_rdsfailover.local.toxiproxy.proxy import LISTENING, ListeningProxy
from pytest_rdsfailover.local.toxiproxy.refusal import Refusal

WITHIN = 30.0  # seconds


OPEN = []  # what a test has opened, and what its end closes


def run(steps, *given):
    """Run steps on a loop of their own; whatever they open or start is closed after them."""

    async def bounded():
        try:
            async with asyncio.timeout(WITHIN):
                return await steps(*given)
        finally:
            for proxy in list(LISTENING):
                proxy.stop()
            while OPEN:
                OPEN.pop().close()
            await asyncio.sleep(0.001)  # transports close in a later turn of the loop

    return asyncio.run(bounded())


class Hello(asyncio.Protocol):
    """Says hello to each connection and keeps it."""

    def __init__(self, said):
        self.said = said

    def connection_made(self, transport):
        OPEN.append(transport)
        transport.write(self.said)


async def upstream(said=b"hello"):
    """Start a server and return its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Hello(said), "127.0.0.1", free_port())
    OPEN.append(server)
    return local(server.sockets[0].getsockname()[1])


async def dialled(proxy):
    host, _, port = proxy.listen.rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    OPEN.append(writer)
    return reader, writer


async def said(proxy):
    """Return the first bytes that come from a proxy; none if it hangs up."""
    reader, writer = await dialled(proxy)
    found = await reader.read(5)
    writer.close()
    return found


def local(port=0):
    return f"127.0.0.1:{port or free_port()}"


def made(leads_to, listen="", *, started=True):
    proxy = ListeningProxy("db", listen or local(), leads_to)
    if started:
        proxy.start()
    return proxy


def test_a_proxy_listens_from_its_start_to_its_stop_and_keeps_its_port():
    async def steps():
        proxy = made(await upstream(), "127.0.0.1:0", started=False)
        assert (proxy.enabled, proxy.show()["enabled"]) == (False, False)
        proxy.stop()
        proxy.start()
        listen = proxy.listen
        assert listen != "127.0.0.1:0"
        proxy.start()
        assert (proxy.enabled, proxy.listen, await said(proxy)) == (True, listen, b"hello")
        proxy.stop()
        proxy.stop()
        assert (proxy.enabled, LISTENING) == (False, set())
        with pytest.raises(ConnectionRefusedError):
            await dialled(proxy)
        proxy.start()
        assert (proxy.listen, await said(proxy)) == (listen, b"hello")
        shown = proxy.show()
        assert (shown["name"], shown["listen"], shown["upstream"]) == ("db", listen, proxy.upstream)

    run(steps)


def test_no_socket_of_a_proxy_makes_the_others_wait():
    async def steps():
        proxy = made(await upstream())
        assert await (await dialled(proxy))[0].readexactly(5) == b"hello"
        (connection,) = proxy.chain._connections
        sockets = [proxy._listener, *(wire._sock for wire in connection._wires)]
        assert [each.gettimeout() for each in sockets] == [0.0] * 3

    run(steps)


def test_stopping_ends_every_connection():
    async def steps():
        proxy = made(await upstream())
        readers = [(await dialled(proxy))[0] for _ in range(3)]
        for reader in readers:
            assert await reader.readexactly(5) == b"hello"
        proxy.stop()
        assert [await reader.read() for reader in readers] == [b""] * 3

    run(steps)


def test_a_client_whose_upstream_is_only_being_reached_is_hung_up_on_as_well(monkeypatch):
    reached = []

    async def steps():
        begun = asyncio.Event()

        async def never(address):
            reached.append(address)
            begun.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                reached.append("given up")

        monkeypatch.setattr(module, "_dial", never)
        proxy = made("127.0.0.1:9")
        reader, _ = await dialled(proxy)
        await begun.wait()
        assert len(proxy._opening) == 1
        proxy.stop()
        assert await reader.read() == b""
        assert reached == ["127.0.0.1:9", "given up"]
        await asyncio.sleep(0)
        assert proxy._opening == {}

    run(steps)


def test_many_clients_that_come_at_once_are_all_let_in_and_none_is_kept_in_mind():
    async def steps():
        proxy = made(await upstream())
        ends = await asyncio.gather(*(dialled(proxy) for _ in range(20)))
        assert {await reader.readexactly(5) for reader, _ in ends} == {b"hello"}
        assert proxy._opening == {}

    run(steps)


@pytest.mark.parametrize("where", ["nobody listens", "is no address", "is unknown"])
def test_an_upstream_that_cannot_be_reached_hangs_up_on_the_client(where):
    async def steps():
        port = free_port()
        addresses = {
            "nobody listens": local(port),
            "is no address": "nowhere",
            "is unknown": "x.invalid:1",
        }
        assert await said(made(addresses[where])) == b""

    run(steps)


def test_addresses_differ_by_what_they_mean():
    async def steps():
        proxy = made("h:1")
        host, port = proxy.listen.split(":")
        assert not proxy.differs(f"{host}:{port}", "h:1")
        assert not proxy.differs(f"localhost:{port}", "h:1")
        assert proxy.differs(f"{host}:{port}", "h:2")
        assert proxy.differs(f"{host}:9", "h:1")
        with pytest.raises(Refusal) as refused:
            proxy.differs("nowhere", "h:1")
        assert (refused.value.status, refused.value.text) == (
            500, "address nowhere: missing port in address",
        )  # fmt: skip

    run(steps)


def test_an_update_ends_connections_only_if_an_address_changed():
    async def steps():
        first, second = await upstream(), await upstream(b"other")
        proxy = made(first)
        reader, _ = await dialled(proxy)
        assert await reader.readexactly(5) == b"hello"
        proxy.update(proxy.listen, first, enabled=True)
        assert (await said(proxy), reader.at_eof()) == (b"hello", False)
        proxy.update(proxy.listen, second, enabled=True)
        assert (await reader.read(), await said(proxy)) == (b"", b"other")
        proxy.update(proxy.listen, second, enabled=False)
        assert not proxy.enabled
        proxy.update(proxy.listen, first, enabled=False)
        assert (proxy.enabled, proxy.upstream) == (False, first)
        proxy.update(local(), first, enabled=True)
        assert await said(proxy) == b"hello"

    run(steps)


def test_a_port_that_is_taken_is_told_and_left_alone():
    async def steps():
        with socket.create_server(("127.0.0.1", free_port())) as other:
            port = other.getsockname()[1]
            for listen, place in ((local(port), local(port)), (f"localhost:{port}", local(port))):
                proxy = ListeningProxy("db", listen, "h:1")
                with pytest.raises(Refusal) as refused:
                    proxy.start()
                said = f"listen tcp {place}: bind: address already in use"
                assert (refused.value.text, refused.value.status) == (said, 500)
                assert (proxy.enabled, LISTENING) == (False, set())
            with pytest.raises(Refusal, match="listen tcp: address nowhere: missing port"):
                ListeningProxy("db", "nowhere", "h:1").start()

    run(steps)


def test_a_host_that_is_left_out_means_everywhere_and_errors_name_it_as_it_was_written():
    async def steps():
        try:
            proxy = made(await upstream(), f":{free_port()}")
        except Refusal:
            pytest.skip("needs IPv6")
        port = proxy.listen.rpartition(":")[2]
        assert proxy.listen == f"[::]:{port}"
        with pytest.raises(Refusal, match=f"listen tcp :{port}: bind: "):
            ListeningProxy("b", f":{port}", "h:1").start()

    run(steps)


def loop_of(*proxies):
    return [proxy._leads_to_itself() for proxy in proxies]


@pytest.mark.parametrize("called", ["127.0.0.1:{}", "localhost:{}", ":{}"])
def test_a_proxy_that_leads_to_itself_hangs_up(called):
    async def steps():
        port = free_port()
        proxy = made(called.format(port), local(port))
        assert (loop_of(proxy), await said(proxy)) == ([True], b"")

    run(steps)


@pytest.mark.parametrize(
    ("listen", "address", "itself"),
    [
        ("0.0.0.0:7", "127.0.0.1:7", True), ("[::]:7", "elsewhere:7", True), ("[::1]:7", "localhost:7", True),
        ("[::1]:7", "[::1]:7", True), ("[::1]:7", "127.0.0.1:7", False), ("127.0.0.1:7", "127.0.0.1:8", False),
        ("127.0.0.1:7", "127.0.0.2:7", False), ("127.0.0.2:7", "localhost:7", False), ("0.0.0.0:7", "h:8", False),
    ],
)  # fmt: skip
def test_a_loop_is_told_by_port_and_host_and_everywhere_is_each_host(
    monkeypatch, listen, address, itself
):
    proxy = ListeningProxy("db", listen, address)
    monkeypatch.setattr(module, "LISTENING", {proxy})
    assert proxy._leads_to_itself() is itself


def test_proxies_may_lead_to_each_other_but_not_in_a_circle():
    async def steps():
        ports = [free_port() for _ in range(3)]
        first, second, third = (
            made(local(to), local(at)) for at, to in zip(ports, ports[1:] + ports[:1], strict=True)
        )
        before = made(first.listen)
        assert loop_of(first, second, third, before) == [True] * 4
        third.update(third.listen, await upstream(), enabled=True)
        assert loop_of(first, second, third, before) == [False] * 4
        assert await said(before) == b"hello"
        third.update(third.listen, first.listen, enabled=False)
        assert loop_of(first) == [False]

    run(steps)


@pytest.mark.parametrize(
    ("host", "asked", "found"),
    [
        ("127.0.0.9", 0, (socket.AF_INET, ("127.0.0.9", 7))),
        ("both", 1, (socket.AF_INET, ("127.0.0.8", 7))),
    ],
)
def test_a_name_of_both_families_means_ipv4_and_an_address_is_not_looked_up(host, asked, found):
    async def steps():
        calls = []

        async def infos(host, port, *, type):  # noqa: A002
            calls.append((host, port, type))
            return [
                (socket.AF_INET6, type, 6, "", ("::1", port, 0, 0)),
                (socket.AF_INET, type + 1, 6, "", ("127.0.0.8", port)),
            ]

        asyncio.get_running_loop().getaddrinfo = infos
        assert await module._look_up(host, 7) == found
        assert calls == [(host, 7, socket.SOCK_STREAM)] * asked

    run(steps)


def test_an_upstream_without_a_host_is_on_this_machine():
    async def steps():
        address = await upstream()
        reached = await module._dial(address.removeprefix("127.0.0.1"))
        with reached:
            assert (reached.getpeername()[0], reached.gettimeout()) == ("127.0.0.1", 0)

    run(steps)
