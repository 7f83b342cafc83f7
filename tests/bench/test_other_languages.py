"""Programs in other languages do at each endpoint what they do at the server itself.

`scripts/peers` runs it, and prints the table that stands in docs/drivers.md.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS / "local"))
import gateway_process  # noqa: E402
import plain_server  # noqa: E402
from programs import HERE  # noqa: E402

from pytest_rdsfailover.local.processes.process import Supervisor  # noqa: E402

pytestmark = pytest.mark.bench
PROGRAMS = Path(__file__).parent / "programs"
FETCHED = TESTS.parent / ".servers"
ENDPOINTS = ("cluster", "instance-1", "proxy")
# The proxy's greeting has a number of its own, and KILL with it is answered by 1094, as on RDS Proxy.
ON_THE_PROXY = {
    "Connector/J": {"time-out hurts nobody else": "SQLException 1094 0 42", "cancel": "none 42"},
    "MariaDB Connector/J": {"cancel": "none 42"},
}
TLS = {"TLS and its end": "42"}  # at each endpoint, whether or not the server has a certificate
PATIENCE = 240.0  # seconds for a program; it takes fifteen


def java(place, scheme):
    jars = list((FETCHED / place).glob("*.jar"))
    if not jars or shutil.which("javac") is None:
        pytest.skip("NOT TESTED: no JDK, or no driver of Java: scripts/fetch-extras")
    return lambda port: [
        "java", "-cp", str(jars[0]), str(PROGRAMS / "Peer.java"), port, plain_server.PASSWORD, scheme,
    ]  # fmt: skip


def connector_j():
    return java("java", "mysql")


def mariadb():
    return java("mariadb-java", "mariadb")


def go():
    if shutil.which("go") is None:
        pytest.skip("NOT TESTED: no Go")
    built = FETCHED / "peer"
    subprocess.run(["go", "build", "-o", str(built), "."], cwd=PROGRAMS / "go", check=True)
    return lambda port: [str(built), port, plain_server.PASSWORD]


def node():
    if not (FETCHED / "node" / "node_modules" / "mysql2").exists() or not shutil.which("node"):
        pytest.skip("NOT TESTED: no Node, or no mysql2: scripts/fetch-extras")
    return lambda port: ["node", str(PROGRAMS / "peer.js"), port, plain_server.PASSWORD]


LANGUAGES = {
    "Connector/J": connector_j,
    "MariaDB Connector/J": mariadb,
    "mysql2": node,
    "go-sql-driver": go,
}


@pytest.fixture(scope="module", params=HERE)
def gateway(request):
    with (
        Supervisor() as supervisor,
        plain_server.running(HERE[request.param], supervisor) as server,
        gateway_process.gateway(server) as gateway,
    ):
        yield gateway


def told(command, port):
    """Return what a program says of each of its parts."""
    env = {**os.environ, "NODE_PATH": str(FETCHED / "node" / "node_modules")}
    run = subprocess.run(
        command(str(port)), capture_output=True, text=True, timeout=PATIENCE, check=False, env=env
    )
    assert run.returncode == 0, run.stderr
    return dict(line.split(": ", 1) for line in run.stdout.splitlines())


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_program_finds_at_each_endpoint_what_it_finds_at_the_server(table, gateway, name):
    command = LANGUAGES[name]()
    expected = told(command, gateway.server.port) | TLS
    assert len(expected) >= 11
    found = {endpoint: told(command, gateway.ports[endpoint]) for endpoint in ENDPOINTS}
    differ = {
        (endpoint, part): (found[endpoint].get(part), answer)
        for endpoint in ENDPOINTS
        for part, answer in at(endpoint, name, expected).items()
        if found[endpoint].get(part) != answer
    }
    all_of_them = len(expected) * len(ENDPOINTS)
    table.add(
        f"{name}: {', '.join(expected)}",
        f"{all_of_them - len(differ)} of {all_of_them} as expected",
    )
    assert differ == {}


def at(endpoint, name, expected):
    """Return what a program has to say at an endpoint."""
    return expected | (ON_THE_PROXY.get(name, {}) if endpoint == "proxy" else {})
