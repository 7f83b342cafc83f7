"""What the tests with real servers share."""

import pytest
from gateway_fixtures import emptied_server, gateway_real_server  # noqa: F401 - fixtures
from networks import network_for
from proxy_fixtures import proxy, proxy_gateway, proxy_process  # noqa: F401 - fixtures
from servers import SERVERS

from pytest_rdsfailover.local.cluster import LocalCluster
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.local.server.server import OwnServer

HERE = {wanted.name: program for wanted in SERVERS if (program := wanted.find())}


@pytest.fixture(scope="session", params=HERE.values(), ids=list(HERE))
def server_program(request):
    """Each kind of server that this machine has, in turn; test_servers.py tells of the others."""
    return request.param


@pytest.fixture(scope="session")
def supervisor():
    with Supervisor() as supervisor:
        yield supervisor


@pytest.fixture(scope="module")
def own_server(server_program, supervisor):
    with OwnServer(server_program, supervisor) as server:
        yield server


@pytest.fixture(scope="session")
def cluster(server_program):
    """Three instances on each server and each network; a test leaves it with a failover over."""
    with LocalCluster(
        server_program, network_for(server_program), load_profile("quick"), instances=3
    ) as cluster:
        yield cluster


@pytest.fixture
def resting(cluster):
    """The cluster after the last test's failover is over."""
    cluster.rest()
    yield cluster
    cluster.rest()
    cluster.network.mend()
