"""A whole proxy: whom it follows, what it tells of itself, and clients over TLS."""

import asyncio
import json
import ssl

import pytest
from gateway_sockets import BOUND, in_proxy, until
from proxy_world import login, query

from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.proxy.control import ProxyControl
from pytest_rdsfailover.local.gateway.proxy.rds_proxy import PROXY, PROXY_READER
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.proxy.stats import ProxyStats
from pytest_rdsfailover.local.gateway.tls import Authority
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.mysql.handshake import Capability, parse_greeting
from pytest_rdsfailover.mysql.packets import frame, parse_error

ROW = b"SELECT 1"


# Whom it follows ---------------------------------------------------------------------------------


def test_each_endpoint_leads_to_its_own_instances_and_follows_the_writer():
    async def test(house):
        writing, reading = await house.client(), await house.client(PROXY_READER)
        await writing.select(ROW)
        await reading.select(ROW)
        assert house.proxy.connections() == {"instance-1": 1, "instance-2": 1}
        one, two = house.router.instances.values()
        one.writer, two.writer, house.router.writer = False, True, "instance-2"
        house.proxy.look()

        assert house.proxy.connections() == {}  # both were idle, where nobody is led any more
        await writing.select(ROW)
        await reading.select(ROW)
        assert house.proxy.connections() == {"instance-1": 1, "instance-2": 1}
        (pool,) = house.endpoint.pool.everything
        assert pool.instance is two

    in_proxy(test)


@pytest.mark.parametrize("change", ["hold", "state"])
def test_a_request_waits_while_there_is_no_writer_and_is_served_by_the_next(change):
    async def test(house):
        client = await house.client()
        assert house.proxy.serving
        if change == "hold":
            house.proxy.hold(refuse=False)
        else:
            house.instance.state = State.REFUSING
            house.proxy.look()
        assert not house.proxy.serving
        client.write(query(ROW))
        await until(lambda: house.endpoint.pool.waiting)
        assert house.proxy.stats(PROXY).waiting == 1
        house.instance.state = State.UP
        house.proxy.follow()
        assert (await client.packets(5))[3].payload[1:] == ROW

    in_proxy(test)


def test_a_failover_cuts_both_endpoints_and_tells_all_threads():
    async def test(house):
        writing, reading = await house.client(), await house.client(PROXY_READER)
        await writing.do(b"BEGIN")
        await reading.do(b"SET @a = 1")
        assert house.proxy.cut("instance-2", "reset") == {2}
        assert await reading.end() == "reset"
        assert house.proxy.stats(PROXY_READER).cut == 1
        assert house.proxy.cut("instance-1", "hang") == {1}
        house.proxy.reset_silent("instance-1")
        assert await writing.end() == "reset"

    in_proxy(test)


# What it tells -----------------------------------------------------------------------------------


def test_its_figures_are_of_now_and_since_it_was_told_to_forget():
    async def test(house):
        pinned, idle, busy = [await house.client() for _ in range(3)]
        await pinned.do(b"SET @a = 1")
        await idle.select(ROW)
        house.working.clear()
        busy.write(query(ROW))
        await asyncio.wait_for(house.stopped.wait(), BOUND)

        told = house.proxy.stats(PROXY)
        assert 0 < told.longest_wait < BOUND
        assert told == ProxyStats(
            client_connections=3, database_connections=2, borrowed=2, pinned=1, idle=0, waiting=0,
            most_connections=4, instances=("instance-1",), borrows=3, borrow_timeouts=0,
            longest_wait=told.longest_wait, opened=2, idle_timeouts=0, aged=0, cut=0,
        )  # fmt: skip
        assert house.proxy.busy == 1
        house.go_on()
        await busy.packets(5)
        assert house.proxy.busy == 0
        house.proxy.forget()
        told = house.proxy.stats(PROXY)
        assert (told.borrows, told.opened, told.longest_wait, house.endpoint.pins) == (0, 0, 0, [])
        assert (told.client_connections, told.pinned, told.idle) == (3, 1, 1)

    in_proxy(test)


def test_it_can_be_set_up_asked_and_given_secrets_while_it_runs():
    async def test(house):
        ask = ProxyControl(house.proxy).commands
        done = ask["proxy_configure"]({"command": "proxy_configure", "max_client_connections": 1})
        assert type(done).__name__ == "Done"
        assert house.proxy.settings == ProxySettings(max_client_connections=1)
        assert house.proxy.endpoints[PROXY_READER].settings is house.proxy.settings
        with pytest.raises(GatewayError, match="max_client_connections"):
            ask["proxy_configure"]({"command": "proxy_configure", "max_client_connections": 0})
        assert ask["proxy_configure"]({"command": "proxy_configure"}) == done

        secret = json.dumps({"username": "other", "password": "0ther"})
        assert ask["proxy_secret"]({"command": "proxy_secret", "secret": secret}) == done
        texts = ask["proxy_secrets"]({"command": "proxy_secrets"}).texts
        assert json.loads(texts["other"])["password"] == "0ther"
        assert set(texts) == {"app", "other"}
        client = await house.client(user=b"other", password=b"0ther")
        await client.do(b"SET @a = 1")
        state = ask["proxy"]({"command": "proxy", "endpoint": PROXY})
        assert (state.stats.pinned, state.pins[0].user) == (1, "other")
        assert ask["proxy_forget"]({"command": "proxy_forget"}) == done
        assert ask["proxy"]({"command": "proxy", "endpoint": PROXY}).pins == ()

    in_proxy(test)


def test_it_is_known_by_the_names_that_it_is_told():
    certified = []

    async def test(house):
        house.proxy._authority.certify = certified.append
        known = {"command": "proxy_known_as", "addresses": ["127.0.0.9:1"], "names": ["a.test"]}
        ProxyControl(house.proxy).commands["proxy_known_as"](known)
        assert house.proxy.directory.addresses == {"127.0.0.9:1"}
        assert [*map(list, certified)] == [["a.test"]]

    in_proxy(test)


# TLS ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


async def encrypted(house, authority):
    """Return a client that has logged in over TLS."""
    client = await house.stranger()
    (greeting,) = await client.packets(1)
    scramble = parse_greeting(greeting.payload).scramble
    asked = int(Capability.SSL | Capability.PROTOCOL_41).to_bytes(4, "little") + bytes(28)
    client.write(frame(asked, 1))
    context = ssl.create_default_context(cafile=authority.ca)
    await asyncio.wait_for(client.writer.start_tls(context, server_hostname="127.0.0.1"), BOUND)
    client.write(frame(login(scramble), 2))
    await client.packets(1)
    return client


def test_a_client_over_tls_is_served_and_one_without_is_refused_where_tls_is_required(authority):
    async def test(house):
        client = await encrypted(house, authority)
        assert await client.select(ROW) == ROW
        long = b"SELECT '%s'" % (b"x" * 100_000)
        assert len(await client.select(long)) > 100_000
        plain = await house.stranger()
        (greeting,) = await plain.packets(1)
        plain.write(frame(login(parse_greeting(greeting.payload).scramble), 1))
        assert parse_error((await plain.packets(1))[0].payload).code == 3159
        assert await plain.end() == "closed"
        assert await client.select(ROW) == ROW

    in_proxy(test, ProxySettings(require_tls=True), authority)


def test_a_client_that_ends_tls_is_told_so_and_leaves_nothing(authority):
    async def test(house):
        client, other = await encrypted(house, authority), await house.client()
        await client.do(b"BEGIN")
        client.writer.close()  # with a close_notify
        await until(lambda: house.endpoint.clients == 1)
        await until(lambda: house.counts == (1, 1, 0))  # its transaction is rolled back by then
        assert await other.select(ROW) == ROW

    in_proxy(test, tls=authority)


def test_what_is_no_tls_ends_its_client(authority):
    async def test(house):
        client, other = await house.stranger(), await house.client()
        await client.packets(1)
        asked = int(Capability.SSL | Capability.PROTOCOL_41).to_bytes(4, "little") + bytes(28)
        client.write(frame(asked, 1) + b"this is no TLS at all, but something else")
        assert await client.end() == "closed"
        assert await other.select(ROW) == ROW

    in_proxy(test, tls=authority)
