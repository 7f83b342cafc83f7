"""ALTER SYSTEM CRASH restarts the instance that it is sent to, and fails nothing over."""

import time

import pymysql
import pytest

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.profiles.profiles import parse_profile
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy

pytestmark = pytest.mark.local

RESTART = 1.0
PROFILE = parse_profile("crash-shortly", {"refused": f"{RESTART}s"})
SLOW = {
    "onset": "10ms",
    "refused": "300ms",
    "promotion": "600ms",
    "dns": "2s",
}  # is on its way long after the promotion


@pytest.fixture(scope="module")
def frail(server_program, shared_moto):
    with LocalCluster(
        server_program, find_toxiproxy("builtin"), PROFILE, seed=1, shared_moto=shared_moto
    ) as cluster:
        yield cluster


@pytest.fixture
def resting(frail):
    frail.rest()
    yield frail
    frail.rest()


def run(endpoint, statement):
    """Return the error number of a statement; None if there is none."""
    with endpoint.connect() as connection, connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except pymysql.err.MySQLError as error:
            return error.args[0]
    return None


def refused_soon(endpoint):
    """Wait until nobody listens; the cut comes some milliseconds before the closed port."""
    code, deadline = None, time.monotonic() + RESTART
    while code != 2003:
        assert time.monotonic() < deadline
        with pytest.raises(pymysql.err.OperationalError) as caught:
            endpoint.connect()
        code = caught.value.args[0]


@pytest.mark.one_server
@pytest.mark.parametrize(
    "statement",
    ["ALTER SYSTEM CRASH", "alter system crash instance;", "ALTER SYSTEM CRASH\n NODE "],
)
def test_the_writer_restarts_in_place(resting, statement):
    writer, count = resting.writer, len(resting.failovers)
    bystander = resting.writer_endpoint.connect()

    assert run(resting.writer_endpoint, statement) == 2013
    with pytest.raises(pymysql.err.OperationalError) as caught, bystander.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert caught.value.args[0] in (2006, 2013)
    refused_soon(resting.writer_endpoint)
    resting.rest()

    (crash,) = resting.failovers[count:]
    at = {milestone.name: milestone.at for milestone in crash.milestones()}
    assert (crash.profile, crash.moves_writer, resting.writer) == ("crash", False, writer)
    assert (
        at["instance_back" if "instance_back" in at else "old_writer_back"] - at["writer_cut"]
        >= 0.7 * RESTART  # the cut may be late
    )
    assert run(resting.writer_endpoint, "SELECT 1") is None


def test_a_reader_restarts_and_the_writer_goes_on(resting):
    reader = resting.instance_endpoint(resting.readers[0])
    with resting.writer_endpoint.connect() as connection, connection.cursor() as cursor:
        assert run(reader, "ALTER SYSTEM CRASH DISPATCHER") == 2013
        cursor.execute("SELECT 1")
    resting.rest()
    assert "instance_cut" in [one.name for one in resting.failovers[-1].milestones()]


@pytest.mark.one_server
def test_during_a_failover_it_is_refused(resting):
    slow, target = parse_profile("slow", SLOW), resting.readers[0]
    resting._trigger.start(slow, writer=resting.writer, target=target, seed=1)
    deadline = time.monotonic() + 10
    while "promoted" not in [one.name for one in resting.failovers[-1].milestones()]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    count = len(resting.failovers)

    assert run(resting.instance_endpoint(target), "ALTER SYSTEM CRASH") == 1105
    assert len(resting.failovers) == count


@pytest.mark.parametrize("statement", ["ALTER SYSTEM CRASH TABLE", "SELECT 'ALTER SYSTEM CRASH'"])
def test_what_only_looks_like_it_is_the_server_s(resting, statement):
    count = len(resting.failovers)

    assert run(resting.writer_endpoint, statement) in (1064, None)
    assert len(resting.failovers) == count
