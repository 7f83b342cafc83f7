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
ON_THE_PROXY = {"time-out hurts nobody else": "SQLException 1094 0 42", "cancel": "none 42"}
PATIENCE = 240.0  # seconds for a program; it takes fifteen


def java():
    jars = list((FETCHED / "java").glob("mysql-connector-j-*.jar"))
    if not jars or shutil.which("javac") is None:
        pytest.skip("NOT TESTED: no JDK, or no Connector/J: scripts/fetch-extras")
    return ["java", "-cp", str(jars[0]), str(PROGRAMS / "Peer.java")]


def node():
    if not (FETCHED / "node" / "node_modules" / "mysql2").exists() or not shutil.which("node"):
        pytest.skip("NOT TESTED: no Node, or no mysql2: scripts/fetch-extras")
    return ["node", str(PROGRAMS / "peer.js")]


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
    argv = [*command, str(port), plain_server.PASSWORD]
    run = subprocess.run(
        argv, capture_output=True, text=True, timeout=PATIENCE, check=False, env=env
    )
    assert run.returncode == 0, run.stderr
    return dict(line.split(": ", 1) for line in run.stdout.splitlines())


@pytest.mark.parametrize("language", [java, node], ids=["Connector/J", "mysql2"])
def test_a_program_finds_at_each_endpoint_what_it_finds_at_the_server(
    table, gateway, language, request
):
    command = language()
    expected = told(command, gateway.server.port)
    assert len(expected) >= 9
    found = {endpoint: told(command, gateway.ports[endpoint]) for endpoint in ENDPOINTS}
    differ = {
        (endpoint, part): (answers.get(part), answer)
        for endpoint, answers in found.items()
        for part, answer in expected.items()
        if answers.get(part) != (ON_THE_PROXY.get(part, answer) if endpoint == "proxy" else answer)
    }
    name = request.node.callspec.id
    table.add(
        f"{name}: {', '.join(expected)}",
        f"{len(expected) * len(ENDPOINTS) - len(differ)} of {len(expected) * len(ENDPOINTS)} as expected",
    )
    assert differ == {}
