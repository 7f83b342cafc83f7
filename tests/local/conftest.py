"""What the tests with real servers share."""

import pytest
from servers import SERVERS

from pytest_rdsfailover.local.process import Supervisor
from pytest_rdsfailover.local.server import OwnServer

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
