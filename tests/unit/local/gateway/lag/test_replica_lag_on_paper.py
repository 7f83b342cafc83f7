"""The lag of a cluster's readers: whose reads lag, how it begins and ends, and its connections."""

import asyncio
import time

import pytest
from gateway_sockets import in_gateway, until
from paper_transport import PaperTransport
from proxy_world import NAMES
from snapshot_servers import Reader

from pytest_rdsfailover.local.gateway.lag import replica_lag
from pytest_rdsfailover.local.gateway.lag.reads import Read
from pytest_rdsfailover.local.gateway.lag.replica_lag import QUIT, ReplicaLag, SnapshotLink
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.mysql.auth import ClientIdentity

APP = Secret(username="app", password="secret")
SELECT = b"SELECT v FROM t"


def lagging(house, secrets=(APP,)):
    return ReplicaLag(house.dial, lambda: secrets, NAMES, secure=False)


def read_of(reader, **more):
    return Read(
        message=b"\x03" + SELECT, schema=b"app", state={}, client=reader, asked=time.monotonic(), **more
    )  # fmt: skip


def test_a_read_is_answered_by_a_snapshot_that_is_as_old_as_the_lag():
    async def test(house):
        lag, reader = lagging(house), Reader()
        await lag.become(0.05)
        begun = time.monotonic()
        assert (lag.seconds, lag.names) == (0.05, NAMES)
        read = read_of(reader, after=begun)  # nothing that is there already will do
        lag.read("app", read)
        assert reader.answers == []
        await until(lambda: reader.answers)
        assert time.monotonic() - read.snapshot.since >= 0.05
        assert reader.answers[0][3][1:] == SELECT
        await lag.become(0.0)

    in_gateway(test)


def test_without_a_lag_there_are_no_snapshots_and_nothing_is_asked():
    async def test(house):
        lag = lagging(house)
        await lag.become(0.05)
        await until(lambda: len(house.connections) > 1)
        await lag.become(0.0)
        assert (lag._timer, lag._rings) == (None, {})
        await until(lambda: all(one.ended.is_set() for one in house.connections))
        assert not lag._dialing

    in_gateway(test)


def test_a_longer_lag_replaces_a_shorter_one():
    async def test(house):
        lag = lagging(house)
        await lag.become(0.03)
        (ring,), timer = lag._rings.values(), lag._timer
        await lag.become(30.0)
        assert timer.cancelled()
        assert (ring.lag, lag._rings["app"]) == (30.0, ring)
        assert 5 < lag._timer.when() - asyncio.get_running_loop().time() <= ring.every
        await lag.become(0.0)

    in_gateway(test)


def test_it_covers_users_that_can_be_logged_in_as_and_those_that_have_a_past():
    async def test(house):
        secrets = [APP]
        lag = lagging(house, secrets)
        assert (lag.covers("app"), lag.covers("other")) == (True, False)
        await lag.become(0.05)
        secrets.clear()
        assert (lag.covers("app"), lag.covers("other")) == (True, False)
        secrets.append(Secret(username="other", password="x"))
        assert lag.covers("other")
        assert len(lag._rings) == 1
        lag.read("other", read_of(Reader()))
        assert len(lag._rings) == 2
        await lag.become(0.0)

    in_gateway(test)


def test_with_nobody_to_log_in_as_there_is_nothing_to_wait_for():
    async def test(house):
        lag = lagging(house, ())
        await lag.become(20.0)
        assert (lag._rings, house.connections) == ({}, [])
        assert 10 < lag._timer.when() - asyncio.get_running_loop().time() <= 20.0
        await lag.become(0.0)

    in_gateway(test)


def test_a_server_that_cannot_be_reached_lets_no_reader_lag(monkeypatch):
    monkeypatch.setattr(replica_lag, "BEGUN_WITHIN", 0.02)

    async def test(house):
        house.away = True
        lag = lagging(house)
        with pytest.raises(GatewayError, match="no snapshot"):
            await lag.become(0.05)
        await lag.become(0.0)

    in_gateway(test)


# One connection ----------------------------------------------------------------------------------


def linked():
    link = SnapshotLink(ClientIdentity(user=b"app", password=b""), NAMES, lambda _: None)
    link.connection_made(wire := PaperTransport())
    return link, wire


@pytest.mark.parametrize(
    "end",
    [
        lambda link: link.data_received(b"\1\0\0\0\x05"),  # no greeting
        lambda link: link.connection_lost(None),
        lambda link: link.eof_received(),
        lambda link: link.snapshot.close(),
    ],
    ids=["breaks the protocol", "is lost", "hangs up", "is closed"],
)
def test_a_snapshot_ends_with_its_connection_which_logs_out_once(end):
    link, wire = linked()
    assert (wire.sent, wire.ends) == (b"", [])
    for _ in range(2):
        end(link)
        assert (link.snapshot.ended, wire.sent, wire.ends) == (True, QUIT, ["closed"])
    link.data_received(b"garbage")
    assert wire.ends == ["closed"]


def test_a_connection_that_comes_when_its_snapshot_is_gone_is_ended_at_once():
    link = SnapshotLink(ClientIdentity(user=b"app", password=b""), NAMES, lambda _: None)
    link.end()
    link.connection_made(wire := PaperTransport())
    assert (wire.sent, wire.ends) == (b"", ["aborted"])
