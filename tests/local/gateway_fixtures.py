"""One server of each kind for all of the gateway's tests, emptied for each module."""

import gateway_server
import pytest


@pytest.fixture(scope="session", params=["mariadb", "mysql"])
def gateway_real_server(request):
    with gateway_server.running(request.param) as server:
        yield server


@pytest.fixture(scope="module")
def emptied_server(gateway_real_server):
    gateway_real_server.run(
        "DROP DATABASE IF EXISTS other", "DROP DATABASE app", "CREATE DATABASE app"
    )
    return gateway_real_server
