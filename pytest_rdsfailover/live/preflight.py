"""Tries the way to the database step by step; names the first step that fails, and why."""

import contextlib
import secrets
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from pytest_rdsfailover.live.authorities import BUNDLE
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import RdsFailoverError, public
from pytest_rdsfailover.mysql import driver

PATIENT = Bounds(connect=5.0, read=15.0, write=15.0)
MOST_OFFSET = 60.0  # seconds between our clock and AWS'; AWS itself refuses five minutes
ACCESS_DENIED, NO_SUCH_SCHEMA = frozenset({1045, 1698, 2059, 2061}), frozenset({1044, 1049})
NO_TLS = 2026
PRIVATE = f"give RDS' authorities with --rds-ca: {BUNDLE}"
PUBLIC = (
    "RDS Proxy's certificates come from Amazon's public authorities, not from those of RDS: update"
    " the system's (ca-certificates) or `pip install -U certifi`, and look for a proxy that breaks TLS"
)
INSIDE = "RDS Proxy is reachable only inside the VPC: run pytest there"
AWAY = "it leads to a reader: has the writer just moved? try again once the cluster is at rest"
NEAR = "run pytest in the VPC, or open the security group for this machine"


@public
class PreflightError(RdsFailoverError):
    """One step of the way to the database failed; nothing was triggered."""

    def __init__(self, step: str, endpoint: str, why: str, remedy: str) -> None:
        super().__init__(step, endpoint, why, remedy)
        self.step, self.endpoint, self.why, self.remedy = step, endpoint, why, remedy

    def __str__(self) -> str:
        return f"pre-flight: {self.step} of {self.endpoint} failed: {self.why}; {self.remedy}"


def check_clock(offset: float | None) -> None:
    """Compare the machine's clock with AWS'.

    Args:
        offset: AWS' clock minus ours, in seconds; None if AWS told no time.

    Raises:
        PreflightError: if they are so far apart that AWS' events could not be placed.
    """
    if offset is None:
        raise PreflightError("clock", "the AWS API", "it tells no time", "check --rds-endpoint-url")
    if abs(offset) > MOST_OFFSET:
        raise PreflightError(
            "clock", "this machine", f"it is {-offset:+.0f} s from AWS' clock", "synchronise it"
        )


def check_endpoint(endpoint: Endpoint, *, writes: bool) -> None:
    """Check name, port, TLS and login; on a writer's endpoint also what the load will do there.

    Args:
        endpoint: where to connect.
        writes: whether to create, use and drop a table of our own there.

    Raises:
        PreflightError: naming the first step that fails.
    """
    _check_name(endpoint)
    _check_port(endpoint)
    with _login(endpoint) as connection:
        if writes:
            _check_grants(endpoint, connection)


def _check_name(endpoint: Endpoint) -> None:
    try:
        socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PreflightError(
            "DNS", endpoint.host, str(error), "check the name, and the resolver of this machine"
        ) from None


def _check_port(endpoint: Endpoint) -> None:
    try:
        socket.create_connection((endpoint.host, endpoint.port), PATIENT.connect).close()
    except OSError as error:
        place = f"{endpoint.host}:{endpoint.port}"
        remedy = INSIDE if endpoint.kind == "proxy" else NEAR
        raise PreflightError("port", place, str(error), remedy) from None


@contextlib.contextmanager
def _login(endpoint: Endpoint) -> Iterator[Any]:
    try:
        connection = driver.connect(endpoint, bounds=PATIENT)
    except Exception as error:  # noqa: BLE001 - whatever the driver raises, a step has failed
        raise _refused(endpoint, error) from None
    try:
        yield connection
    finally:
        driver.close(connection)


def _refused(endpoint: Endpoint, error: Exception) -> PreflightError:
    """Return the step at which a login failed; none of the texts holds the password."""
    place, code = f"{endpoint.host}:{endpoint.port}", driver.fault_of(error).code
    why = " ".join(str(part) for part in error.args)
    if code == NO_TLS or any(isinstance(cause, ssl.SSLError) for cause in driver.chain(error)):
        return PreflightError("TLS", place, why, PUBLIC if endpoint.kind == "proxy" else PRIVATE)
    if code in ACCESS_DENIED:
        return PreflightError(
            "login", place, why, "check the secret, or the user's right to rds-db:connect"
        )
    if code in NO_SUCH_SCHEMA:
        return PreflightError(
            "schema", place, why, f"create {endpoint.database}, or let {endpoint.user} use it"
        )
    return PreflightError("login", place, why, "try the same with a mysql client on this machine")


def _check_grants(endpoint: Endpoint, connection: Any) -> None:
    table, left = f"rds_probe_{secrets.token_hex(4)}", ""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY) ENGINE=InnoDB")
            left = f"; table {endpoint.database}.{table} is left behind"
            try:
                cursor.execute(f"INSERT INTO {table} VALUES (1)")  # noqa: S608 - our own name
                cursor.execute(f"SELECT id FROM {table}")  # noqa: S608 - our own name
            finally:
                cursor.execute(f"DROP TABLE {table}")
                left = ""
    except Exception as error:  # noqa: BLE001 - whatever the driver raises, a step has failed
        why = " ".join(str(part) for part in error.args) + left
        place = f"{endpoint.database} at {endpoint.host}"
        if driver.fault_of(error).code in driver.READ_ONLY:
            raise PreflightError("writer", place, why, AWAY) from None
        grant = f"grant CREATE, DROP, INSERT, SELECT on {endpoint.database}.* to {endpoint.user}"
        raise PreflightError("grants", place, why, grant) from None
