"""The proxy's read-only endpoint spreads its clients over several readers, and keeps them there."""

from collections import Counter
from contextlib import ExitStack

import gateway_process
import pymysql
import pytest
from gateway_process import rows, value
from waiting import until

from pytest_rdsfailover.local.gateway.script import Step

pytestmark = pytest.mark.local
WHERE = "SELECT @@aurora_server_id"
LOST = (2006, 2013)


@pytest.fixture(scope="module")
def three(plain_server, emptied_server):
    """A gateway of one writer and two readers."""
    emptied_server.run("USE app", "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT)")
    with gateway_process.gateway(plain_server, instances=3) as gateway:
        yield gateway


@pytest.fixture
def clients(three):
    with ExitStack() as stack:
        yield [stack.enter_context(three.connect("proxy-reader")) for _ in range(6)]
    until(lambda: three.proxy("proxy-reader").stats.client_connections == 0)


def test_clients_are_spread_over_all_readers_and_stay_where_they_are(three, clients):
    first = [value(client, WHERE) for client in clients]
    assert Counter(first) == {"instance-2": 3, "instance-3": 3}
    for _ in range(3):
        assert [value(client, WHERE) for client in clients] == first
    stats = three.proxy("proxy-reader").stats
    assert (stats.instances, stats.borrowed) == (("instance-2", "instance-3"), 0)


def test_when_a_reader_goes_its_idle_clients_are_served_by_another_with_all_they_had(
    three, clients
):
    for number, client in enumerate(clients):
        rows(client, f"SET time_zone = '+0{number}:00'")
    before = {client: value(client, WHERE) for client in clients}
    busy = next(client for client, where in before.items() if where == "instance-2")
    rows(busy, "BEGIN")
    three.play(Step(at=0, action="cut", instance="instance-2", how="reset"))

    with pytest.raises(pymysql.err.OperationalError) as error:
        value(busy, WHERE)
    assert error.value.args[0] in LOST
    for number, client in enumerate(clients):
        if client is not busy:
            assert rows(client, "SELECT @@aurora_server_id, @@time_zone") == (
                ("instance-3", f"+0{number}:00"),
            )

    three.play(Step(at=0, action="back", instance="instance-2"))
    untouched = [client for client in clients if client is not busy]
    assert {value(client, WHERE) for client in untouched} == {"instance-3"}
    with ExitStack() as stack:
        new = [stack.enter_context(three.connect("proxy-reader")) for _ in range(2)]
        assert {value(client, WHERE) for client in new} == {"instance-2", "instance-3"}


def test_a_reader_that_is_promoted_loses_its_read_only_clients(three, clients):
    assert {value(client, WHERE) for client in clients} == {"instance-2", "instance-3"}
    three.fail_over("instance-1", "instance-3")

    assert {value(client, WHERE) for client in clients} <= {"instance-1", "instance-2"}
    three.fail_over("instance-3", "instance-1")
