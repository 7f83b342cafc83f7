"""Clients of the instances' own endpoints: joined to a session of the server, cut, held, let go."""

import asyncio
import socket
import ssl
from dataclasses import replace

import pytest
from gateway_sockets import BOUND, in_gateway, until
from proxy_world import login, query

from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.instance import State
from pytest_rdsfailover.local.gateway.sockets import RESET
from pytest_rdsfailover.local.gateway.tls import Authority
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import STATUS_IN_TRANS, frame

ROW = b"SELECT 1"


def test_each_client_has_a_session_of_its_own_on_the_instance_that_its_endpoint_leads_to():
    async def test(house):
        one, two = house.router.instances.values()
        for endpoint in ("cluster", "instance-1", "reader", "instance-2"):
            client = await house.client(endpoint)
            assert await client.select(ROW) == ROW
        assert (one.sessions, two.sessions, len(house.connections)) == (2, 2, 4)
        assert [len(house.gateway.links(name)) for name in ("cluster", "reader")] == [1, 1]
        assert house.witness.at("reader").connections == 1
        client.leave()
        await until(lambda: two.sessions == 1)
        await asyncio.wait_for(house.connections[3].ended.wait(), BOUND)

    in_gateway(test)


@pytest.mark.parametrize(("how", "ends"), [("reset", "reset"), ("close", "closed")])
def test_a_failover_ends_all_of_an_instance_and_leaves_the_server_s_sessions_to_be_killed(
    how, ends
):
    async def test(house):
        clients = [await house.client(), await house.client("instance-1")]
        other = await house.client("reader")
        assert house.gateway.cut("instance-1", how) == {1, 2}
        assert [await client.end() for client in clients] == [ends] * 2
        assert house.instance.sessions == 0
        assert not house.connections[0].ended.is_set()
        assert await other.select(ROW) == ROW
        assert house.gateway.cut("instance-1", how) == set()

    in_gateway(test)


def test_who_is_left_hanging_hears_nothing_until_it_is_reset():
    async def test(house):
        client = await house.client()
        await client.do(b"BEGIN")
        assert house.gateway.cut("instance-1", "hang") == {1}
        client.write(query(ROW))
        await (await house.client("reader")).select(ROW)
        assert (house.instance.sessions, house.gateway.busy) == (1, 0)
        assert ROW not in house.connections[0].server.seen
        house.gateway.reset_silent("instance-2")
        assert house.instance.sessions == 1
        house.gateway.reset_silent("instance-1")
        assert await client.end() == "reset"
        assert house.instance.sessions == 0

    in_gateway(test)


def test_the_thread_of_who_left_in_the_middle_of_a_command_is_killed_with_its_instance():
    async def test(house):
        client = await house.client()
        house.working.clear()
        client.write(query(ROW))
        await asyncio.wait_for(house.stopped.wait(), BOUND)
        assert house.gateway.busy == 1
        client.leave()
        await until(lambda: house.instance.sessions == 0)
        assert house.gateway.busy == 0
        assert house.gateway.cut("instance-2", "reset") == set()
        assert house.gateway.cut("instance-1", "reset") == {1}
        assert house.gateway.cut("instance-1", "reset") == set()

    in_gateway(test)


def test_a_server_that_hangs_up_ends_its_client():
    async def test(house):
        client, other = await house.client(), await house.client()
        house.connections[0].transport.abort()
        assert await client.end() == "closed"
        await until(lambda: house.instance.sessions == 1)
        assert await other.select(ROW) == ROW

    in_gateway(test)


def test_a_server_that_cannot_be_reached_resets_the_client():
    async def test(house):
        house.away = True
        client = await house.stranger()
        assert await client.end() == "reset"
        assert house.instance.sessions == 0

    in_gateway(test)


def test_an_instance_that_refuses_resets_and_one_that_is_silent_says_nothing():
    async def test(house):
        house.instance.state = State.REFUSING
        assert await (await house.stranger()).end() == "reset"
        house.instance.state = State.SILENT
        silent = await house.stranger()
        await until(lambda: house.instance.sessions == 1)
        house.instance.state = State.UP
        await (await house.client()).select(ROW)
        assert len(house.connections) == 1
        house.gateway.reset_silent("instance-1")
        assert await silent.end() == "reset"

    in_gateway(test)


def test_one_session_more_than_there_is_room_for_is_refused_with_1040():
    async def test(house):
        house.instance.most = 1
        client, refused = await house.client(), await house.stranger()
        fault = await refused.error()
        assert (fault.code, fault.text) == (1040, "Too many connections")
        assert house.instance.sessions == 1
        assert await client.select(ROW) == ROW

    in_gateway(test)


@pytest.mark.parametrize("stays", [True, False])
def test_a_restart_keeps_sessions_and_lets_new_ones_wait(stays):
    async def test(house):
        client = await house.client()
        await client.do(b"BEGIN" if stays else b"CREATE TEMPORARY TABLE t (a INT)")
        house.instance.state = State.WAITING
        kept = house.gateway.keep("instance-1")
        assert kept.lost == (set() if stays else {1})
        if not stays:
            assert await client.end() == "reset"
            return
        client.write(query(ROW))
        waiting = await house.stranger()
        await until(lambda: house.instance.sessions == 2)
        assert len(house.connections) == 1
        assert ROW not in house.connections[0].server.seen
        house.instance.state = State.UP
        house.gateway.go_on("instance-1")
        assert (await client.packets(5))[3].payload[1:] == ROW
        assert len(await waiting.packets(1)) == 1  # the greeting

    in_gateway(test)


def test_commands_that_were_sent_together_are_answered_in_order_and_garbage_ends_their_client():
    async def test(house):
        client, other = await house.client(), await house.client()
        client.write(b"".join(query(b"SELECT %d" % number) for number in range(20)))
        rows = [packet.payload[1:] for packet in (await client.packets(100))[3::5]]
        assert rows == [b"SELECT %d" % number for number in range(20)]
        client.write(frame(b"", 0))
        assert await client.end() == "reset"
        assert await other.select(ROW) == ROW

    in_gateway(test)


def test_who_sends_ahead_without_end_is_read_no_more_until_that_is_worked_on():
    async def test(house):
        client = await house.client()
        (link,) = house.gateway.links("cluster")
        assert (link.refused, link.client.ahead) == (0, False)
        house.working.clear()
        text = b"DO '%s'" % (b"x" * 60_000)
        for _ in range(25):
            client.write(query(text))
        await until(lambda: link.client.ahead)
        assert not link.client.transport.is_reading()
        house.go_on()
        await client.packets(25)
        assert (link.client.ahead, link.client.transport.is_reading()) == (False, True)

    in_gateway(test)


def test_a_client_that_is_reset_by_the_network_leaves_nothing():
    async def test(house):
        client, other = await house.client(), await house.client()
        raw = client.writer.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.leave()
        await until(lambda: house.instance.sessions == 1)
        await asyncio.wait_for(house.connections[0].ended.wait(), BOUND)
        assert await other.select(ROW) == ROW

    in_gateway(test)


@pytest.mark.parametrize("wanted", [True, False])
def test_what_readers_have_under_way_at_the_writer_ends_when_nothing_is_forwarded_any_more(wanted):
    async def test(house):
        house.gateway.forward(wanted=True)
        client, idle = await house.client("reader"), await house.client("reader")
        await client.do(b"SET aurora_replica_read_consistency = 'session'")
        house.working.clear()
        client.write(query(b"DELETE FROM t"))
        await asyncio.wait_for(house.stopped.wait(), BOUND)
        (link,) = house.gateway._forwarding()
        assert link.forwarding
        house.gateway.forward(wanted=wanted)
        assert house.router.volume.forwarding is wanted
        if wanted:
            link.silence()
            assert not link.forwarding
        else:
            assert await client.end() == "reset"
            house.go_on()
            assert await idle.select(ROW) == ROW

    in_gateway(test)


def test_a_custom_endpoint_is_there_until_it_is_taken_away():
    async def test(house):
        port = house.ports["reader"]
        made = CustomEndpoint(
            name="mine", host="127.0.0.3", port=port, kind="ANY", members=("instance-2",)
        )
        with pytest.raises(GatewayError, match="instance-9"):
            house.gateway.set_custom([replace(made, excluded=("instance-9",))])
        assert house.router.custom == {}
        house.gateway.set_custom([made])
        client = await house.stranger("mine", at=("127.0.0.3", port))
        await client.packets(1)
        assert (house.router.instances["instance-2"].sessions, house.instance.sessions) == (1, 0)
        assert len(house.gateway.links("mine")) == 1
        house.gateway.set_custom([])
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await house.stranger("mine", at=("127.0.0.3", port))
        assert house.router.custom == {}

    in_gateway(test)


def test_guests_are_listened_for_while_they_are_invited():
    async def test(house):
        house.router.guests = ("green",)
        house.router.detour = lambda name: house.instance if name == "green" else None
        house.ports |= house.gateway.invite(["green"])
        await asyncio.wait_for(house.gateway._guests["green"], BOUND)
        client = await house.client("green")
        assert await client.select(ROW) == ROW
        house.gateway.uninvite(["green"])
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await house.stranger("green")
        assert await client.select(ROW) == ROW

    in_gateway(test)


# TLS ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_client_over_tls_is_served_and_one_that_ends_tls_leaves_nothing(authority):
    async def test(house):
        client, other = await house.stranger(), await house.client()
        await client.packets(1)
        asked = int(Capability.SSL | Capability.PROTOCOL_41).to_bytes(4, "little") + bytes(28)
        client.write(frame(asked, 1))
        context = ssl.create_default_context(cafile=authority.ca)
        await asyncio.wait_for(client.writer.start_tls(context, server_hostname="127.0.0.1"), BOUND)
        client.write(frame(login(b"s" * 20), 2))
        assert (await client.packets(1))[0].sequence == 3
        assert await client.select(ROW) == ROW
        await client.do(b"BEGIN")
        client.writer.close()  # with a close_notify
        await until(lambda: house.instance.sessions == 1)
        await asyncio.wait_for(house.connections[0].ended.wait(), BOUND)
        assert house.connections[0].server.status & STATUS_IN_TRANS  # the server rolls it back
        assert await other.select(ROW) == ROW

    in_gateway(test, authority.context)
