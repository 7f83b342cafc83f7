"""The pre-flight names the first step that fails, on real sockets and a real server."""

import ssl
from dataclasses import replace

import pytest

from pytest_rdsfailover.live.preflight import PreflightError, check_clock, check_endpoint
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.model.endpoints import Tls

pytestmark = pytest.mark.local


@pytest.fixture
def endpoint(stand_in):
    return stand_in.cluster.writer_endpoint


def failing(endpoint, *, writes=False):
    with pytest.raises(PreflightError) as caught:
        check_endpoint(endpoint, writes=writes)
    assert endpoint.password not in str(caught.value)
    return caught.value


def test_a_good_way_passes_and_leaves_no_table(endpoint):
    check_endpoint(endpoint, writes=True)

    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES LIKE 'rds_probe%'")
        assert cursor.fetchall() == ()


def test_a_name_that_does_not_exist_fails_at_dns(endpoint):
    assert failing(replace(endpoint, host="orders.cluster-x.invalid")).step == "DNS"


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [("proxy", "RDS Proxy is reachable only inside the VPC"), ("writer", "security group")],
)
def test_a_closed_port_says_where_to_run_instead(endpoint, kind, remedy):
    with reserve_port() as number:
        error = failing(replace(endpoint, host="127.0.0.1", port=number, kind=kind))

    assert error.step == "port"
    assert remedy in str(error)


def test_a_certificate_that_cannot_be_verified_fails_at_tls(endpoint):
    ca = ssl.get_default_verify_paths().openssl_cafile
    error = failing(replace(endpoint, tls=Tls(ca=ca)))

    assert error.step == "TLS"
    assert "global-bundle.pem" in str(error)


def test_a_wrong_password_fails_at_login(endpoint):
    assert failing(replace(endpoint, password="wrong")).step == "login"


def test_a_schema_that_is_not_there_is_named(endpoint):
    error = failing(replace(endpoint, database="nothing_here"))

    assert error.step == "schema"
    assert "nothing_here" in str(error)


def test_somebody_who_may_not_write_fails_at_the_grants(endpoint):
    looks = replace(endpoint, user="looks", password="at-a-table")
    with endpoint.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER looks IDENTIFIED BY 'at-a-table'")
        cursor.execute(f"GRANT SELECT ON {endpoint.database}.* TO looks")
        found = failing(looks, writes=True)
        cursor.execute("DROP USER looks")

    assert (found.step, found.remedy.startswith("grant CREATE, DROP")) == ("grants", True)


def test_a_reader_in_the_place_of_the_writer_is_told_as_one(stand_in):
    found = failing(stand_in.cluster.reader_endpoint, writes=True)

    assert (found.step, "has the writer just moved" in str(found)) == ("writer", True)
    assert "grant" not in found.remedy


@pytest.mark.parametrize("offset", [None, 61.0, -3600.0])
def test_a_clock_that_is_far_off_or_unknown_is_refused(offset):
    with pytest.raises(PreflightError, match="clock"):
        check_clock(offset)


def test_a_clock_that_is_near_is_good():
    check_clock(-2.5)
