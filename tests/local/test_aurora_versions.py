"""A cluster that is like Aurora MySQL 8.4: what it says that it is, and whom it refuses."""

import ssl

import gateway_process
import pymysql
import pytest
from gateway_process import rows, value

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def later(plain_server):
    with gateway_process.gateway(plain_server, aurora="8.4") as gateway:
        gateway.mysql = plain_server.flavour == "mysql"
        yield gateway


def encrypted(gateway, endpoint="cluster", **options):
    verified = ssl.create_default_context(cafile=gateway.ca)
    return gateway.connect(endpoint, ssl_disabled=False, ssl=verified, **options)


@pytest.mark.parametrize("endpoint", ["cluster", "reader", "instance-1"])
def test_plain_text_is_refused_as_mysql_refuses_it(later, endpoint):
    for _ in range(2):
        with pytest.raises(pymysql.err.OperationalError) as error:
            later.connect(endpoint)
        assert error.value.args[0] == 3159
    with encrypted(later, endpoint) as connection:
        assert value(connection, "SELECT @@require_secure_transport") == 1
        shown = rows(connection, "SHOW VARIABLES LIKE 'require_secure_transport'")
        assert shown == (("require_secure_transport", "ON"),)


def test_rds_proxy_serves_its_clients_as_before(later):
    with later.connect("proxy") as connection:
        assert value(connection, "SELECT @@aurora_version") == "8.4.8"


def test_every_way_to_ask_tells_the_same_version(later):
    with encrypted(later) as connection:
        assert value(connection, "SELECT AURORA_VERSION()") == "8.4.8"
        asked = rows(connection, "SELECT @@version, VERSION(), @@aurora_version")[0]
        shown = rows(connection, "SHOW VARIABLES LIKE 'version'")[0][1]
        if later.mysql:
            assert {*asked, shown, connection.get_server_info()} == {"8.4.8"}
        else:
            assert "MariaDB" in asked[0]
            assert asked[2] == "8.4.8"


def test_replicas_and_passwords_are_those_of_mysql_8_4(later):
    with encrypted(later) as connection:
        assert rows(connection, "SHOW REPLICA STATUS") == ()
        if later.mysql:
            with pytest.raises(pymysql.err.ProgrammingError):
                rows(connection, "SHOW SLAVE STATUS")
            plugin = "SELECT plugin FROM mysql.user WHERE User = 'app'"
            assert value(connection, plugin) == "caching_sha2_password"
