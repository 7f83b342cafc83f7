"""Who gets into the proxy, and how: methods, TLS, tokens, limits."""

import datetime as dt
import json
import socket
import ssl
import time
from contextlib import ExitStack

import pymysql
import pytest
from gateway_process import value
from plain_server import PASSWORD
from waiting import until

pytestmark = pytest.mark.local
METHODS = ["MYSQL_NATIVE_PASSWORD", "MYSQL_CACHING_SHA2_PASSWORD"]


def verified(proxy):
    return {"ssl_disabled": False, "ssl": ssl.create_default_context(cafile=proxy.ca)}


def code(error):
    return error.value.args[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_right_password_is_let_in_again_and_again(proxy, method, tls):
    proxy.configure_proxy(client_password_auth_type=method)
    # Another secret for the same user makes the proxy forget that it has seen the password.
    secret = f'{{"username": "app", "password": "{PASSWORD}"}}'
    proxy.control.add_secret(secret)
    for _ in range(3):
        with proxy.connect("proxy", **(verified(proxy) if tls else {})) as connection:
            assert value(connection, "SELECT 1") == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    "login", [{"password": "wrong"}, {"password": ""}, {"user": "nobody"}, {"user": "root_"}]
)
def test_anything_else_is_refused_with_1045(proxy, method, tls, login):
    proxy.configure_proxy(client_password_auth_type=method)

    with pytest.raises(pymysql.err.OperationalError) as error:
        proxy.connect("proxy", **(verified(proxy) if tls else {}), **login)

    assert code(error) == 1045


def test_the_greeting_looks_like_that_of_the_server(proxy):
    with proxy.connect("proxy") as connection:
        direct = proxy.server.connect()
        assert connection.get_server_info() == direct.get_server_info()
        direct.close()


def test_tls_is_encrypted_and_verified(proxy):
    with proxy.connect("proxy", **verified(proxy)) as connection:
        assert isinstance(connection._sock, ssl.SSLSocket)
        assert value(connection, "SELECT REPEAT('x', 20000000)") == "x" * 20_000_000


def test_plain_text_is_refused_where_tls_is_required(proxy):
    proxy.configure_proxy(require_tls=True)

    with pytest.raises(pymysql.err.OperationalError) as error:
        proxy.connect("proxy")

    assert code(error) == 3159
    with proxy.connect("proxy", **verified(proxy)) as connection:
        assert value(connection, "SELECT 1") == 1


def token(user="app", host="127.0.0.1:3306", action="connect", age=0, scope="rds-db"):
    """An IAM token as boto3's generate_db_auth_token makes it; its signature is nobody's."""
    made = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)).strftime("%Y%m%dT%H%M%SZ")
    return (
        f"{host}/?Action={action}&DBUser={user}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=AKIA%2F20260301%2Feu-west-1%2F{scope}%2Faws4_request"
        f"&X-Amz-Date={made}&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
        f"&X-Amz-Signature={'0' * 64}"
    )


def test_a_token_is_taken_in_place_of_the_password_over_tls(proxy):
    proxy.configure_proxy(iam_auth="REQUIRED")

    with proxy.connect("proxy", password=token(), **verified(proxy)) as connection:
        assert value(connection, "SELECT CURRENT_USER()") == "app@%"


@pytest.mark.parametrize(
    ("password", "tls"),
    [
        (token(), False),
        (PASSWORD, True),
        (token(user="root"), True),
        (token(action="list"), True),
        (token(age=1000), True),
        (token(scope="s3"), True),
        (token()[:-1], True),
        ("", True),
    ],
    ids=["plain text", "password", "user", "action", "age", "scope", "signature", "nothing"],
)
def test_no_other_token_is_taken(proxy, password, tls):
    proxy.configure_proxy(iam_auth="REQUIRED")

    with pytest.raises(pymysql.err.OperationalError) as error:
        proxy.connect("proxy", password=password, **(verified(proxy) if tls else {}))

    assert code(error) == 1045


def test_a_token_for_another_address_is_refused(proxy):
    proxy.configure_proxy(iam_auth="REQUIRED")
    proxy.control.know_proxy_as(["db.example:3306"])
    try:
        with pytest.raises(pymysql.err.OperationalError) as error:
            proxy.connect("proxy", password=token(), **verified(proxy))
        assert code(error) == 1045
        proxy.connect("proxy", password=token(host="db.example:3306"), **verified(proxy)).close()
    finally:
        proxy.control.know_proxy_as([])


def test_more_clients_than_the_quota_get_1040(proxy):
    proxy.configure_proxy(max_client_connections=2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(proxy.connect("proxy"))
        with pytest.raises(pymysql.err.OperationalError) as error:
            proxy.connect("proxy")
        assert code(error) == 1040
    until(lambda: proxy.proxy().stats.client_connections == 0)
    proxy.connect("proxy").close()


def test_an_idle_client_is_hung_up_on(proxy):
    proxy.configure_proxy(idle_client_timeout=1)
    connection = proxy.connect("proxy")

    until(lambda: proxy.proxy().stats.idle_timeouts == 1)

    with pytest.raises(pymysql.err.OperationalError) as error:
        value(connection, "SELECT 1")
    assert code(error) in (2006, 2013)


def test_a_client_is_hung_up_on_when_it_is_old_however_busy_it_was(proxy):
    proxy.configure_proxy(max_client_age=0.5)
    begun = time.monotonic()
    connection = proxy.connect("proxy")

    with pytest.raises(pymysql.err.OperationalError) as error:
        while time.monotonic() < begun + 20:
            value(connection, "SELECT 1")

    assert code(error) in (2006, 2013)
    assert time.monotonic() - begun >= 0.5
    assert proxy.proxy().stats.aged == 1


def test_a_database_connection_that_nobody_uses_is_closed(proxy):
    with proxy.connect("proxy") as connection:
        value(connection, "SELECT 1")
        assert proxy.proxy().stats.database_connections >= 1

        proxy.configure_proxy(max_database_idle_time=0.2)

        until(lambda: proxy.proxy().stats.database_connections == 0)
        assert value(connection, "SELECT 1") == 1  # over another one


def test_what_is_no_login_ends_its_own_connection_only(proxy):
    with proxy.connect("proxy") as healthy:
        for rubbish in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x20\0\0\1" + b"\xff" * 200,
            b"\xff" * 100_000,
        ):
            with socket.create_connection(("127.0.0.1", proxy.ports["proxy"]), 10) as raw:
                raw.recv(200)
                raw.sendall(rubbish)
                raw.settimeout(10)
                try:
                    while raw.recv(4096):
                        pass
                except ConnectionError:
                    pass
        assert value(healthy, "SELECT 1") == 1


def test_the_greeting_offers_what_the_rds_api_has_as_default_and_mariadb_what_it_can(proxy):
    with proxy.connect("proxy") as connection:
        offered = connection._auth_plugin_name
    usual = {"mysql": "caching_sha2_password", "mariadb": "mysql_native_password"}
    assert offered == usual[proxy.flavour]


def test_another_user_can_be_taken_on_and_leaves_nothing_behind(proxy):
    proxy.configure_proxy(client_password_auth_type="MYSQL_NATIVE_PASSWORD")
    with proxy.connect("proxy") as connection:
        value(connection, "SELECT @@time_zone")
        with connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+07:00'")
        change_user(connection, "app", PASSWORD, "other")
        assert value(connection, "SELECT DATABASE()") == "other"
        assert value(connection, "SELECT @@time_zone") == "SYSTEM"


def test_a_user_is_let_in_once_there_is_a_secret_of_it(proxy):
    proxy.server.run(
        "CREATE USER IF NOT EXISTS guest@'%' IDENTIFIED BY 'g1est'",
        "GRANT ALL ON app.* TO guest@'%'",
    )
    proxy.server.connect(user="guest", password="g1est").close()  # MySQL wants to see it in full
    with pytest.raises(pymysql.err.OperationalError) as error:
        proxy.connect("proxy", user="guest", password="g1est")
    assert code(error) == 1045

    secret = json.dumps({"username": "guest", "password": "g1est", "host": "ignored"})
    proxy.control.add_secret(secret)

    with (
        proxy.connect("proxy", user="guest", password="g1est") as guest,
        proxy.connect("proxy") as app,
    ):
        for connection, user in ((guest, "guest"), (app, "app"), (guest, "guest")):
            assert value(connection, "SELECT CURRENT_USER()").startswith(f"{user}@")


@pytest.mark.parametrize("method", METHODS)
def test_a_change_of_user_may_prove_the_password_over_the_login_s_scramble(proxy, method):
    from pymysql import _auth

    proxy.configure_proxy(client_password_auth_type=method)
    prove = {
        "MYSQL_NATIVE_PASSWORD": ("mysql_native_password", _auth.scramble_native_password),
        "MYSQL_CACHING_SHA2_PASSWORD": ("caching_sha2_password", _auth.scramble_caching_sha2),
    }
    name, scramble = prove[method]
    with proxy.connect("proxy") as connection:
        value(connection, "SELECT @a := 1")
        for password, expected in ((PASSWORD, True), ("wrong", False)):
            proof = scramble(password.encode(), connection.salt)
            connection._execute_command(
                0x11,
                b"app\0" + bytes((len(proof),)) + proof + b"app\0\x2d\0" + name.encode() + b"\0",
            )
            packet = connection._read_packet()
            if packet.is_extra_auth_data():
                packet = connection._read_packet()
            assert packet.is_ok_packet() is expected
            assert packet.is_auth_switch_request() is not expected  # it may try again
            if expected:
                assert value(connection, "SELECT @a") is None


def change_user(connection, user, password, database):
    """Send COM_CHANGE_USER, which PyMySQL does not know, and do its part of what follows."""
    from pymysql._auth import scramble_native_password

    payload = user.encode() + b"\0\0" + database.encode() + b"\0\x2d\0mysql_native_password\0"
    connection._execute_command(0x11, payload)
    packet = connection._read_packet()
    assert packet.is_auth_switch_request()  # it has proved nothing yet
    packet.read_uint8()
    packet.read_string()
    scramble = packet.read_all()[:20]
    connection.write_packet(scramble_native_password(password.encode(), scramble))
    assert connection._read_packet().is_ok_packet()


@pytest.mark.parametrize("before", [b"\x03SELECT 1", b"\x03BEGIN", b"\x03SET @a = 1"])
def test_who_says_good_bye_is_hung_up_on(proxy, before):
    client = proxy.connect("proxy")
    client.query(before[1:].decode())
    client._sock.sendall(b"\x01\0\0\0\x01")
    client._sock.settimeout(10)

    assert client._sock.recv(1) == b""
    client._force_close()
    until(lambda: proxy.proxy().stats.borrowed == 0)
