"""What the tests with real servers share."""

import gateway_process
import plain_server as plain
import pytest
from programs import HERE, network_for
from relays import Relay
from running_server import running_server
from waiting import until

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner


def pytest_generate_tests(metafunc):
    """Have a test meet each kind of server that is here, or one; test_servers.py tells of the others."""
    if "server_program" in metafunc.fixturenames:
        one = metafunc.definition.get_closest_marker("one_server")
        here = dict(list(HERE.items())[: 1 if one else None])
        metafunc.parametrize(
            "server_program", here.values(), ids=here, indirect=True, scope="session"
        )


@pytest.fixture(scope="session")
def server_program(request):
    """The server of this round."""
    return request.param


@pytest.fixture(scope="session")
def supervisor():
    with Supervisor() as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
def plain_server(server_program, supervisor):
    """One server of each kind for all tests that want no cluster."""
    with plain.running(server_program, supervisor) as server:
        yield server


@pytest.fixture(scope="module")
def emptied_server(plain_server):
    """The same with nothing in its database `app`, for each module."""
    plain_server.run("DROP DATABASE IF EXISTS other", "DROP DATABASE app", "CREATE DATABASE app")
    return plain_server


@pytest.fixture(scope="module")
def running(server_program, supervisor):
    """A server that somebody else runs and uses, known by its URL."""
    with running_server(server_program, supervisor) as server:
        yield server


@pytest.fixture
def relay(plain_server):
    relay = Relay(plain_server.port)
    yield relay
    relay.close()


@pytest.fixture
def closed_port():
    """A port on which nobody listens."""
    with reserve_port() as port:
        yield port


@pytest.fixture(scope="session")
def proxy_process(plain_server):
    with gateway_process.gateway(plain_server) as gateway:
        gateway.flavour = plain_server.flavour
        yield gateway


@pytest.fixture(scope="module")
def proxy_gateway(proxy_process, emptied_server):
    emptied_server.run(
        "USE app",
        "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100), n INT)",
        "CREATE DATABASE other",
        "CREATE PROCEDURE leave_behind() BEGIN SET @left = 1; SET SESSION sql_mode = ''; END",
    )
    return proxy_process


@pytest.fixture
def proxy(proxy_gateway):
    """A gateway with its proxy, whose settings are the defaults."""
    gateway = proxy_gateway
    gateway.configure_proxy()
    until(lambda: gateway.proxy().stats.client_connections == 0)
    gateway.control.forget_proxy()
    yield gateway
    gateway.configure_proxy()


@pytest.fixture(scope="session")
def cluster(server_program, shared_moto):
    """Three instances on each server and each network; a test leaves it with a failover over.

    It has a table `any_keys` for tests to whom it is one which rows their load writes.
    """
    with LocalCluster(
        server_program,
        network_for(server_program),
        load_profile("quick"),
        instances=3,
        shared_moto=shared_moto,
    ) as cluster:
        with cluster.writer_endpoint.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE any_keys (k TEXT)")
        yield cluster


@pytest.fixture
def direct(monkeypatch):
    """Have a cluster of a test's own fail over without the AWS API, which takes seconds to start."""
    monkeypatch.setattr("pytest_rdsfailover.local.cluster.can_start", lambda: False)


@pytest.fixture
def resting(cluster):
    """The cluster after the last test's failover is over."""
    cluster.rest()
    yield cluster
    cluster.rest()
    cluster.network.mend()


@pytest.fixture
def noted():
    """What the test's runner has noted."""
    return []


@pytest.fixture
def runner(resting, noted):
    """Runs trials on the cluster; expects nothing of them."""
    return TrialRunner(
        resting, Settings(seed=7), test="test", profile=None, expectations={}, note=noted.append
    )
