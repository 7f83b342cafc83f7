"""Fixtures of the plain server; a module apart, so that the tests may import its classes."""

import pytest
from plain_server import PlainServer, Relay
from servers import SERVERS


@pytest.fixture(scope="session", params=SERVERS, ids=lambda wanted: wanted.name)
def plain_server(request):
    wanted = request.param
    program = wanted.find()
    if program is None:
        pytest.skip(f"NOT TESTED on {wanted.name}: {wanted.remedy}")
    server = PlainServer(str(program.path), maria=wanted.name == "MariaDB")
    yield server
    server.close()


@pytest.fixture
def relay(plain_server):
    relay = Relay(plain_server.port)
    yield relay
    relay.close()
