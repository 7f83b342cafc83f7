"""What the gateway asks of Toxiproxy: only changes, each by its own name, and what is said of a refusal."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_rdsfailover.local.gateway.network import NoNetwork, Toxiproxy
from pytest_rdsfailover.model.errors import GatewayError


class Answers(BaseHTTPRequestHandler):
    def do_PATCH(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body, self.headers["Content-Type"]))
        status = self.server.status.get(self.path, 200)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"\n proxy not found " + b"x" * 600 if status != 200 else b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.asked, server.status = [], {}
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told(api):
    """Return what was asked since the last time: whether each proxy is to be on."""
    asked = {path: body["enabled"] for path, body, _ in api.asked}
    assert len(asked) == len(api.asked)
    api.asked.clear()
    return asked


def test_only_what_changes_is_asked_for(api):
    network = Toxiproxy(api.url, "p/", ["a", "b"])
    network.set_refused([])
    assert told(api) == {}

    network.set_refused(["a"])
    assert told(api) == {"/proxies/p%2Fa": False}
    network.set_refused(["a"])
    assert told(api) == {}

    network.set_refused(["b"])
    assert told(api) == {"/proxies/p%2Fa": True, "/proxies/p%2Fb": False}
    network.set_refused([])
    assert told(api) == {"/proxies/p%2Fb": True}


def test_an_endpoint_that_came_later_is_switched_as_well(api):
    network = Toxiproxy(api.url, "", ["a"])
    network.set_refused(["late"])
    assert told(api) == {"/proxies/late": False}
    network.set_refused([])
    assert told(api) == {"/proxies/late": True}


def test_it_is_told_as_json(api):
    Toxiproxy(api.url, "", ["a"]).set_refused(["a"])

    assert api.asked == [("/proxies/a", {"enabled": False}, "application/json")]


@pytest.mark.parametrize("status", [201, 204, 404, 500])
def test_what_was_refused_is_told_and_asked_again(api, status):
    api.status["/proxies/b"] = status
    network = Toxiproxy(api.url, "", ["a", "b"])
    with pytest.raises(GatewayError) as refused:
        network.set_refused(["a", "b"])
    assert told(api) == {"/proxies/a": False, "/proxies/b": False}
    if status != 204:  # which has no body
        assert str(refused.value) == (
            f"Toxiproxy: PATCH /proxies/b: {status} proxy not found {'x' * 482}"
        )

    api.status.clear()
    network.set_refused(["a", "b"])
    assert told(api) == {"/proxies/b": False}


def test_of_several_refusals_each_is_told(api):
    api.status.update({"/proxies/a": 404, "/proxies/b": 500})
    with pytest.raises(GatewayError) as refused:
        Toxiproxy(api.url, "", ["a", "b"]).set_refused(["a", "b"])

    one, other = sorted(str(refused.value).split("; "))
    assert one.startswith("Toxiproxy: PATCH /proxies/a: 404")
    assert other.startswith("Toxiproxy: PATCH /proxies/b: 500")


def test_nobody_there_is_told():
    with gone_server() as url, pytest.raises(GatewayError, match=r"PATCH /proxies/a: Connection"):
        Toxiproxy(url, "", ["a"]).set_refused(["a"])


@contextmanager
def gone_server():
    """Yield the address of a server that has just gone."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        port = server.server_port
    yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://toxi.example:99", ("toxi.example", 99)),
        ("http://toxi.example", ("toxi.example", 8474)),
        ("http://:99", ("127.0.0.1", 99)),
    ],
)
def test_what_an_address_leaves_out_is_as_toxiproxy_has_it(url, address):
    assert Toxiproxy(url, "", ["a"])._address == address


def test_without_a_network_nothing_is_asked():
    assert NoNetwork().set_refused(["a"]) is None
