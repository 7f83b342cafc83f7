"""Endpoints that refuse are switched off in a real Toxiproxy, and on again."""

import json
import os
import shutil
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import gateway_process
import pymysql
import pytest

from pytest_rdsfailover.local.gateway.network import Toxiproxy
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.gateway.sockets import bound

pytestmark = pytest.mark.local
PREFIX = "my cluster "


def free_port():
    with bound() as probe:
        return probe.getsockname()[1]


def call(api, method, path, body=None):
    connection = HTTPConnection("127.0.0.1", api, timeout=5)
    connection.request(method, path, json.dumps(body) if body else None)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status < 300, text
    return json.loads(text) if text else None


@pytest.fixture(scope="module")
def api():
    places = [os.environ.get("TOXIPROXY_SERVER"), "toxiproxy-server", Path.home() / "go/bin/server"]
    program = next((found for place in places if place and (found := shutil.which(place))), None)
    if program is None:
        pytest.skip(
            "no toxiproxy-server here: go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0"
        )
    port = free_port()
    process = subprocess.Popen(
        [program, "-host", "127.0.0.1", "-port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                call(port, "GET", "/proxies")
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def gateway(api, plain_server):
    toxiproxy = {"toxiproxy": f"http://127.0.0.1:{api}", "prefix": PREFIX}
    with gateway_process.gateway(plain_server, toxiproxy=toxiproxy) as gateway:
        for name, port in list(gateway.ports.items()):
            listen = free_port()
            call(api, "POST", "/proxies", {
                "name": PREFIX + name, "listen": f"127.0.0.1:{listen}",
                "upstream": f"127.0.0.1:{port}",
            })  # fmt: skip
            gateway.ports[name] = listen
        yield gateway
    for name in gateway.ports:
        call(api, "DELETE", f"/proxies/{quote(PREFIX + name)}")


def refused(gateway):
    """Return the endpoints whose new connections are refused, rather than cut."""
    found = set()
    for name in gateway.ports:
        if name.startswith("proxy"):
            continue  # RDS Proxy lets clients in and makes them wait
        try:
            gateway.connect(name).close()
        except pymysql.err.OperationalError as error:
            assert error.args[0] == 2003, error  # noqa: PT017
            found.add(name)
    return found


def test_endpoints_refuse_exactly_while_they_lead_nowhere(gateway):
    assert refused(gateway) == set()
    gateway.play(
        Step(at=0.0, action="cut", instance="instance-1", how="reset"),
        Step(at=0.0, action="cut", instance="instance-2", how="reset"),
    )
    assert refused(gateway) == {"instance-1", "instance-2", "cluster", "reader"}
    gateway.play(Step(at=0.0, action="promote", instance="instance-2"))
    assert refused(gateway) == {"instance-1", "cluster"}
    gateway.play(Step(at=0.0, action="point", instance="instance-2"))
    assert refused(gateway) == {"instance-1"}
    gateway.play(Step(at=0.0, action="back", instance="instance-1"))
    assert refused(gateway) == set()


def test_a_network_that_does_not_obey_is_reported(api):
    network = Toxiproxy(f"http://127.0.0.1:{api}", "nobody's ", ["cluster", "reader"])
    with pytest.raises(Exception, match=r"PATCH .*cluster.*404"):
        network.set_refused({"cluster"})
    network.set_refused(set())
