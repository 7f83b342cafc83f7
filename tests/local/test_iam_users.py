"""Users of IAM at the endpoints of the cluster and of its instances, and passwords in plain text."""

import datetime as dt
import ssl
from dataclasses import replace

import pymysql
import pytest
from gateway_process import rows, value

pytestmark = pytest.mark.local
MADE = "CREATE USER jane IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"


def token(user="jane", age=0):
    """An IAM token as boto3's generate_db_auth_token makes it; its signature is nobody's."""
    made = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)).strftime("%Y%m%dT%H%M%SZ")
    return (
        f"db.example:3306/?Action=connect&DBUser={user}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=AKIA%2F20261127%2Feu-west-1%2Frds-db%2Faws4_request"
        f"&X-Amz-Date={made}&X-Amz-Expires=900&X-Amz-Signature={'0' * 64}"
    )


def log_in(gateway, endpoint="cluster", *, password, tls=True, **options):
    verified = {"ssl_disabled": False, "ssl": ssl.create_default_context(cafile=gateway.ca)}
    return gateway.connect(
        endpoint, **{"user": "jane", **options}, password=password, **(verified if tls else {})
    )


@pytest.fixture(scope="module")
def jane(proxy_gateway):
    with proxy_gateway.connect() as admin:
        rows(admin, MADE)
        rows(admin, "GRANT ALL ON app.* TO jane")
        yield proxy_gateway
        rows(admin, "DROP USER jane")


@pytest.mark.parametrize("endpoint", ["cluster", "reader", "instance-1"])
def test_a_token_opens_an_endpoint_over_tls(jane, endpoint):
    for _ in range(2):
        with log_in(jane, endpoint, password=token(), charset="latin1") as connection:
            assert rows(
                connection, "SELECT CURRENT_USER(), DATABASE(), @@character_set_client"
            ) == (("jane@%", "app", "latin1"),)
            assert value(connection, "SELECT REPEAT('x', 70000)") == "x" * 70_000


@pytest.mark.parametrize(
    ("password", "tls"),
    [(token(), False), ("", False), ("no token", True), (token("app"), True), (token(age=1000), True)],
    ids=["plain text", "nothing", "password", "user", "age"],
)  # fmt: skip
def test_a_user_of_iam_gets_in_by_nothing_else(jane, password, tls):
    with pytest.raises(pymysql.err.OperationalError) as error:
        log_in(jane, password=password, tls=tls)
    assert error.value.args[0] == 1045


def test_other_users_have_passwords_and_no_tokens(jane):
    jane.connect().close()
    with pytest.raises(pymysql.err.OperationalError) as error:
        log_in(jane, user="app", password=token("app"))
    assert error.value.args[0] == 1045


def test_the_plugin_of_a_user_of_iam_is_shown(jane):
    with jane.connect() as admin:
        asked = "SELECT plugin, authentication_string FROM mysql.user WHERE User = 'jane'"
        assert rows(admin, asked) == (("AWSAuthenticationPlugin", "RDS"),)
        assert value(admin, "SELECT plugin FROM mysql.user WHERE User = 'app'") != (
            "AWSAuthenticationPlugin"
        )


def test_a_user_that_gets_a_password_has_no_tokens_any_more(proxy):
    with proxy.connect() as admin:
        try:
            rows(admin, MADE.replace("jane", "'joe'@'%'"))
            log_in(proxy, user="joe", password=token("joe"), database=None).close()
            rows(admin, "ALTER USER joe IDENTIFIED BY 'a password'")
            log_in(proxy, user="joe", password="a password", database=None).close()
        finally:
            rows(admin, "DROP USER joe")


@pytest.mark.one_server
def test_the_user_of_an_endpoint_may_make_users_of_iam(resting):
    endpoint = resting.writer_endpoint
    with endpoint.connect() as admin:
        try:
            rows(admin, MADE.replace("jane", "ann"))
            rows(admin, f"GRANT SELECT ON `{endpoint.database}`.* TO ann")
            assert value(admin, "SELECT plugin FROM mysql.user WHERE User = 'ann'") == (
                "AWSAuthenticationPlugin"
            )
            hers = replace(endpoint, user="ann", password="", token=lambda: token("ann"))
            with hers.connect(ssl=ssl.create_default_context(cafile=endpoint.tls.ca)) as connection:
                assert value(connection, "SELECT CURRENT_USER()") == "ann@%"
        finally:
            rows(admin, "DROP USER IF EXISTS ann")


def test_the_user_of_an_endpoint_may_ask_for_replicas(resting):
    for endpoint in (resting.writer_endpoint, resting.reader_endpoint):
        with endpoint.connect() as connection:
            assert rows(connection, "SHOW REPLICA STATUS") == ()


def test_a_first_login_in_plain_text_is_let_in(proxy):
    with proxy.connect() as admin:
        try:
            rows(admin, "CREATE USER fresh IDENTIFIED BY 'S3cret'")
            with pytest.raises(pymysql.err.OperationalError) as error:
                proxy.connect(user="fresh", password="wrong", database=None)
            assert error.value.args[0] == 1045
            for _ in range(2):
                with proxy.connect(user="fresh", password="S3cret", database=None) as connection:
                    assert value(connection, "SELECT CURRENT_USER()") == "fresh@%"
        finally:
            rows(admin, "DROP USER IF EXISTS fresh")
