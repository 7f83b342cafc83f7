"""A gateway with its proxy, over each real server, with the proxy's settings back to the defaults."""

import gateway_process
import pytest
from waiting import until


@pytest.fixture(scope="session")
def proxy_process(gateway_real_server):
    with gateway_process.gateway(gateway_real_server) as gateway:
        gateway.flavour = gateway_real_server.flavour
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
    gateway = proxy_gateway
    gateway.configure_proxy()
    until(lambda: gateway.proxy()["stats"]["client_connections"] == 0)
    gateway.control.ask("proxy_forget")
    yield gateway
    gateway.configure_proxy()


def rows(connection, sql, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall()


def value(connection, sql, *arguments):
    return rows(connection, sql, *arguments)[0][0]
