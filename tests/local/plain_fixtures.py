"""Fixtures of the plain server; a module apart, so that the tests may import its classes."""

from pathlib import Path

import pytest
from plain_server import PROGRAMS, PlainServer, Relay


@pytest.fixture(scope="session", params=PROGRAMS)
def plain_server(request):
    program = next((path for path in PROGRAMS[request.param] if path and Path(path).exists()), None)
    if program is None:
        pytest.skip(f"NOT TESTED on {request.param}: none here")
    server = PlainServer(program, maria=request.param == "MariaDB")
    yield server
    server.close()


@pytest.fixture
def relay(plain_server):
    relay = Relay(plain_server.port)
    yield relay
    relay.close()
