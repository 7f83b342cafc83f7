"""Cluster, reader and instance endpoints speak TLS, by the session's own authority."""

import dataclasses
import socket
import ssl

import mysql.connector
import pymysql
import pytest

from pytest_rdsfailover.local.server.accounts import create, drop, new_account, session

pytestmark = [pytest.mark.local, pytest.mark.one_server]


@pytest.fixture(params=["cluster", "reader", "instance"])
def endpoint(request, resting):
    return {
        "cluster": resting.writer_endpoint,
        "reader": resting.reader_endpoint,
        "instance": resting.instance_endpoint(resting.readers[0]),
    }[request.param]


def verified(endpoint, **options):
    return endpoint.connect(ssl=ssl.create_default_context(cafile=endpoint.tls.ca), **options)


def ask(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def test_a_client_that_verifies_everything_is_served(endpoint):
    with verified(endpoint) as connection:
        assert connection._sock.version() in ("TLSv1.2", "TLSv1.3")
        role = int(endpoint.name != "cluster")
        assert ask(connection, "SELECT @@innodb_read_only") == role
        for size in (1, 20_000, 17 << 20):
            assert ask(connection, f"SELECT LENGTH(REPEAT('x', {size}))") == size
            assert len(ask(connection, f"SELECT REPEAT('x', {size})")) == size
        connection.ping(reconnect=False)


def test_a_client_that_takes_whatever_there_is_is_encrypted(endpoint):
    with mysql.connector.connect(
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password,
        database=endpoint.database, use_pure=True, collation="utf8mb4_general_ci",
    ) as connection:  # fmt: skip
        assert connection._socket.sock.version().startswith("TLSv1")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == [(1,)]


ASKING = [
    "SHOW STATUS LIKE '{}'", "SHOW SESSION STATUS WHERE Variable_name = '{}'", "SHOW STATUS LIKE 'Ssl_%'",
    "SHOW STATUS", "SELECT * FROM {table} WHERE VARIABLE_NAME = '{}'",
]  # fmt: skip
TABLES = {
    "MariaDB": "information_schema.session_status",
    "MySQL": "performance_schema.session_status",
}


def encryption(connection, asking, flavour="MariaDB"):
    """Return cipher and version as a session is told them; a list may have both."""
    found = {}
    for name in ("Ssl_cipher", "Ssl_version"):
        with connection.cursor() as cursor:
            cursor.execute(asking.format(name, table=TABLES[flavour]))
            found |= {row[0].capitalize(): row[1] for row in cursor.fetchall()}
    return found["Ssl_cipher"], found["Ssl_version"]


@pytest.mark.parametrize("asking", ASKING)
def test_an_encrypted_session_is_told_its_cipher_and_a_plain_one_none(
    endpoint, server_program, asking
):
    flavour = server_program.dialect.name
    with verified(endpoint) as connection:
        agreed = connection._sock.cipher()
        assert encryption(connection, asking, flavour) == agreed[:2]
    with endpoint.connect() as connection:
        assert encryption(connection, asking, flavour) == ("", "")


def test_the_proxy_tells_each_client_its_own_cipher_over_one_connection(resting):
    endpoint, asking = resting.proxy_endpoint, ASKING[0]
    with verified(endpoint) as safe, endpoint.connect(ssl_disabled=True) as plain:
        for _ in range(2):
            assert encryption(safe, asking) == safe._sock.cipher()[:2]
            assert encryption(plain, asking) == ("", "")


def test_our_own_connections_are_plain_unless_they_ask(endpoint):
    with endpoint.connect() as connection:
        assert not isinstance(connection._sock, ssl.SSLSocket)


def test_another_authority_is_not_believed(endpoint):
    with pytest.raises(pymysql.err.OperationalError, match="certificate"):
        endpoint.connect(ssl=ssl.create_default_context())


def test_a_wrong_password_is_refused_over_tls_too(endpoint):
    with pytest.raises(pymysql.err.OperationalError) as refused:
        verified(endpoint, password="wrong")
    assert refused.value.args[0] == 1045


def test_what_is_no_tls_ends_only_its_own_connection(resting):
    endpoint = resting.writer_endpoint
    request = (
        (32).to_bytes(3, "little") + b"\1" + (0x0A00 | 0x8200).to_bytes(4, "little") + bytes(28)
    )
    with (
        verified(endpoint) as other,
        socket.create_connection((endpoint.host, endpoint.port)) as raw,
    ):
        raw.settimeout(5)
        assert raw.recv(4096)
        raw.sendall(request + b"this is no TLS at all" * 20)
        try:
            while raw.recv(4096):
                pass
        except ConnectionResetError:
            pass
        assert ask(other, "SELECT 1") == 1


def test_production_names_are_good_for_verification(resting):
    with resting.aws_names("eu-west-1"):
        for endpoint in (
            resting.writer_endpoint, resting.reader_endpoint,
            resting.instance_endpoint("instance-2"), resting.proxy_endpoint,
        ):  # fmt: skip
            with verified(endpoint) as connection:
                assert ask(connection, "SELECT 1") == 1
        with resting.proxy_endpoint.connect() as connection:
            assert isinstance(connection._sock, ssl.SSLSocket)


def test_a_failover_ends_encrypted_connections_too(resting):
    target = resting.readers[0]
    with verified(resting.writer_endpoint) as connection:
        resting.fail_over(target)
        resting.rest()
        with pytest.raises(pymysql.err.OperationalError):
            ask(connection, "SELECT 1")
        connection._force_close()
        connection.connect()
        assert ask(connection, "SELECT @@aurora_server_id") == target


def test_an_account_of_one_s_own_logs_in_for_the_first_time(resting):
    mine, server = new_account(), resting._server
    with session(server.address, server.admin) as admin:
        create(admin, mine)
        try:
            endpoint = dataclasses.replace(
                resting.writer_endpoint, user=mine.user, password=mine.password, database=""
            )
            with verified(endpoint) as connection:
                assert ask(connection, "SELECT 1") == 1
        finally:
            drop(admin, mine)
