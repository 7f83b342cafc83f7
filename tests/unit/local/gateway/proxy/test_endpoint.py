"""What a proxy endpoint does with its sockets: lends, takes back, hangs up, and counts."""

import asyncio
import time

import pytest
from gateway_sockets import in_proxy, until
from proxy_world import query

from pytest_rdsfailover.local.gateway.proxy import databases, lifetimes
from pytest_rdsfailover.local.gateway.proxy.endpoint import FIRST_NUMBER
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.mysql.packets import STATUS_IN_TRANS, frame
from pytest_rdsfailover.mysql.responses import Command

ROW = b"SELECT 1"


def of(**changes):
    """Run a coroutine function with a house whose proxy has these settings."""
    return lambda test: in_proxy(test, ProxySettings(**changes))


def test_a_connection_is_lent_for_a_command_and_serves_the_next_client():
    async def test(house):
        first, second = await house.client(), await house.client()
        assert house.counts == (0, 0, 0)  # nobody has asked anything

        assert await first.select(ROW) == ROW
        assert house.counts == (1, 1, 0)
        assert await second.select(b"SELECT 2") == b"SELECT 2"
        assert house.counts == (1, 1, 0)
        assert house.endpoint.counts == {"borrows": 2, "opened": 1}
        assert (house.endpoint.clients, house.witness.at("proxy").connections) == (2, 2)

    in_proxy(test)


def test_numbers_of_sessions_are_far_above_those_of_threads_and_never_come_again():
    async def test(house):
        found = [(await (await house.stranger()).packets(1))[0].payload for _ in range(2)]
        one, two = (int.from_bytes(each[each.index(0, 1) + 1 :][:4], "little") for each in found)
        assert (two - one, one >= FIRST_NUMBER) == (1, True)

    in_proxy(test)


def test_commands_that_were_sent_together_are_answered_in_order():
    async def test(house):
        client = await house.client()
        client.write(b"".join(query(b"SELECT %d" % number) for number in range(20)))
        packets = await client.packets(100)
        rows = [packet.payload[1:] for packet in packets[3::5]]
        assert rows == [b"SELECT %d" % number for number in range(20)]

    in_proxy(test)


def test_who_leaves_an_open_transaction_leaves_nothing_of_it():
    async def test(house):
        client = await house.client()
        await client.do(b"BEGIN")
        assert house.counts == (1, 0, 1)
        (server,) = house.connections
        client.leave()
        await until(lambda: house.counts == (1, 1, 0))

        assert b"" in server.server.seen  # COM_RESET_CONNECTION has no text
        assert not server.server.status & STATUS_IN_TRANS
        assert house.endpoint.clients == 0

    in_proxy(test)


def test_whose_command_is_at_work_when_its_client_leaves_is_ended_with_its_connection():
    async def test(house):
        client = await house.client()
        await client.select(ROW)
        house.working.clear()
        client.write(query(ROW))
        await asyncio.wait_for(house.stopped.wait(), 10)
        client.leave()
        await asyncio.wait_for(house.connections[0].ended.wait(), 10)

        assert house.counts == (0, 0, 0)
        assert house.endpoint.cut("instance-1", "reset") == {1}, "the thread may still be at work"
        assert house.endpoint.cut("instance-1", "reset") == set()

    in_proxy(test)


def test_a_server_that_hangs_up_in_a_transaction_ends_its_client_and_no_other():
    async def test(house):
        client, other = await house.client(), await house.client()
        await client.do(b"BEGIN")
        house.connections[0].transport.abort()
        assert await client.end() == "closed"
        assert await other.select(ROW) == ROW
        assert house.endpoint.counts["opened"] == 2

    in_proxy(test)


def test_a_server_that_hangs_up_on_an_idle_connection_ends_no_client():
    async def test(house):
        client = await house.client()
        await client.select(ROW)
        house.connections[0].transport.abort()
        await until(lambda: house.counts == (0, 0, 0))
        assert await client.select(ROW) == ROW

    in_proxy(test)


def test_a_server_that_cannot_be_reached_is_tried_again(monkeypatch):
    monkeypatch.setattr(databases, "AGAIN", 0.01)

    async def test(house):
        client = await house.client()
        house.away = True
        client.write(query(ROW))
        await until(lambda: house.endpoint.counts["opened"] > 1)
        house.away = False
        assert (await client.packets(5))[3].payload[1:] == ROW
        assert 0 < house.endpoint.waits.longest < 10

    in_proxy(test)


@pytest.mark.parametrize("patience", [0, 0.01])
def test_who_waits_in_vain_gets_9501_and_may_ask_again(patience):
    async def test(house):
        house.proxy.hold(refuse=False)
        client = await house.client()
        client.write(query(ROW))
        fault = await client.error()
        assert (fault.code, house.endpoint.counts["borrow_timeouts"]) == (9501, 1)
        assert not house.endpoint.pool.waiting
        house.proxy.follow()
        house.proxy.configure(ProxySettings())
        assert await client.select(ROW) == ROW

    of(connection_borrow_timeout=patience)(test)


def test_one_client_too_many_is_refused_and_one_less_makes_room():
    async def test(house):
        first, _ = await house.client(), await house.client()
        third = await house.stranger()
        fault = await third.error()
        assert (fault.code, fault.text) == (1040, "Number simultaneous connections exceeded (2)")
        assert await third.end() == "closed"
        first.leave()
        await until(lambda: house.endpoint.clients == 1)
        assert await (await house.client()).select(ROW) == ROW

    of(max_client_connections=2)(test)


def test_a_proxy_that_refuses_says_so_in_place_of_a_greeting():
    async def test(house):
        house.endpoint.refusing = True
        client = await house.stranger()
        assert (await client.error()).code == 1105
        assert await client.end() == "closed"
        house.endpoint.refusing = False
        assert await (await house.client()).select(ROW) == ROW

    in_proxy(test)


@pytest.mark.parametrize(("how", "ends"), [("reset", "reset"), ("close", "closed")])
def test_a_failover_ends_what_was_in_the_middle_of_something_only(how, ends):
    async def test(house):
        busy, idle = await house.client(), await house.client()
        await busy.do(b"BEGIN")
        await idle.select(ROW)
        assert house.counts == (2, 1, 1)
        assert house.endpoint.cut("instance-2", how) == set()
        assert house.counts == (2, 1, 1)
        assert house.endpoint.cut("instance-1", how) == {1, 2}

        assert house.counts == (0, 0, 0)
        assert await busy.end() == ends
        assert house.endpoint.counts["cut"] == 1
        assert await idle.select(ROW) == ROW

    in_proxy(test)


def test_a_client_that_is_left_hanging_hears_nothing_until_it_is_reset():
    async def test(house):
        hanging, idle = await house.client(), await house.client()
        await hanging.do(b"BEGIN")
        house.endpoint.cut("instance-1", "hang")
        hanging.write(query(ROW))
        assert await idle.select(ROW) == ROW
        assert house.endpoint.clients == 2
        house.endpoint.reset_silent()
        assert await hanging.end() == "reset"
        assert await idle.select(ROW) == ROW

    in_proxy(test)


def test_a_promoted_green_environment_ends_all_clients():
    async def test(house):
        clients = [await house.client() for _ in range(2)]
        await clients[0].do(b"BEGIN")
        house.endpoint.hang_up()
        assert [await client.end() for client in clients] == ["reset"] * 2
        await until(lambda: house.endpoint.clients == 0)

    in_proxy(test)


def test_what_breaks_the_protocol_ends_its_own_client():
    async def test(house):
        broken, other = await house.client(), await house.client()
        broken.write(frame(b"", 0))
        assert await broken.end() == "closed"
        assert await other.select(ROW) == ROW

    in_proxy(test)


def test_who_is_pinned_keeps_its_connection_and_is_told_with_its_reason():
    async def test(house):
        begun = time.monotonic()
        client = await house.client()
        await client.do(b"SET @a = '%s'" % (b"x" * 300))
        await client.do(b"SET @b = 2")
        (pin,) = house.endpoint.pins
        assert (house.endpoint.pinned_now, house.endpoint.counts["pins"]) == (1, 1)
        assert (pin.user, pin.endpoint, len(pin.statement)) == ("app", "proxy", 200)
        assert begun < pin.at < time.monotonic()
        assert house.counts == (1, 0, 1)
        client.leave()
        await until(lambda: house.counts == (1, 1, 0))
        assert house.endpoint.pinned_now == 0
        assert b"" in house.connections[0].server.seen

    in_proxy(test)


def test_who_quits_is_hung_up_on():
    async def test(house):
        client = await house.client()
        client.write(frame(bytes((Command.QUIT,)), 0))
        assert await client.end() == "closed"
        await until(lambda: house.endpoint.clients == 0)

    in_proxy(test)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"idle_client_timeout": 50}, "idle_timeouts"), ({"max_client_age": 50}, "aged")],
)
def test_clients_that_stay_too_long_are_hung_up_on_and_counted(monkeypatch, limit, reason):
    monkeypatch.setattr(lifetimes, "LOOKS", 5000)

    async def test(house):
        client = await house.client()
        await client.select(ROW)
        for link in house.endpoint._clients.values():
            link.since -= 100.0  # so long ago, without waiting for it
            link.heard -= 100.0
        assert await client.end() == "closed"
        assert house.endpoint.counts[reason] == 1

    of(**limit)(test)


def test_a_client_that_is_served_or_left_hanging_is_not_hung_up_on(monkeypatch):
    monkeypatch.setattr(lifetimes, "LOOKS", 5000)

    async def test(house):
        served, hanging = await house.client(), await house.client()
        await hanging.do(b"BEGIN")
        house.endpoint.cut("instance-1", "hang")
        house.working.clear()
        served.write(query(ROW))
        await until(lambda: house.connections[-1].held)
        for link in house.endpoint._clients.values():
            link.since -= 100.0
        await asyncio.sleep(0.05)  # several looks
        assert house.endpoint.clients == 2
        house.go_on()
        assert (await served.packets(5))[3].payload[1:] == ROW

    of(max_client_age=50)(test)


def test_a_database_connection_that_nobody_uses_is_closed(monkeypatch):
    monkeypatch.setattr(lifetimes, "LOOKS", 100)

    async def test(house):
        client = await house.client()
        await client.select(ROW)
        house.endpoint._databases.link(house.endpoint.pool.idle[0]).heard -= 0.2
        await asyncio.wait_for(house.connections[0].ended.wait(), 10)
        assert house.counts == (0, 0, 0)
        assert await client.select(ROW) == ROW

    of(max_database_idle_time=0.2)(test)


def test_other_settings_are_taken_at_once():
    async def test(house):
        clients = [await house.client() for _ in range(4)]
        for client in clients:
            await client.do(b"BEGIN")
        for client in clients:
            await client.do(b"COMMIT")
        assert house.counts == (2, 2, 0)  # half of them stay idle
        house.proxy.configure(ProxySettings(max_idle_connections_percent=0))
        assert house.counts == (0, 0, 0)
        house.proxy.configure(ProxySettings(max_connections_percent=25))
        assert house.endpoint.pool.most == 1

    in_proxy(test)


def test_an_initial_query_is_run_on_each_new_connection_statement_by_statement():
    async def test(house):
        await (await house.client()).select(ROW)
        seen = [sql.strip() for sql in house.connections[0].server.seen if b"SET" in sql]
        assert seen[:2] == [b"SET time_zone = '+02:00'", b"SET sql_mode = ''"]

    of(init_query="SET time_zone = '+02:00'; SET sql_mode = '';")(test)
