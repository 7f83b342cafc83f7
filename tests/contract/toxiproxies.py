"""Toxiproxy servers to hold against the contract, and the two ends of the connections through them."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient, ToxiproxyProxy

INSTALL = (
    "THE CONTRACT WAS NOT CHECKED AGAINST THE REAL TOXIPROXY: there is none. Install it with"
    " `go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0`, or set TOXIPROXY_SERVER"
)


def real_server() -> str | None:
    """Return the path of the real Toxiproxy, if there is one."""
    places = [
        os.environ.get("TOXIPROXY_SERVER"),
        shutil.which("toxiproxy-server"),
        str(Path.home() / "go" / "bin" / "server"),
    ]
    return next((place for place in places if place and Path(place).is_file()), None)


def free_port() -> int:
    """Return a port that nobody listens on, below those that the system gives to clients."""
    with reserve_port() as port:
        return port


@contextmanager
def toxiproxy_server(kind: str) -> Iterator[str]:
    """Run a Toxiproxy; yield its URL."""
    port = free_port()
    if kind == "builtin":
        argv = [sys.executable, "-m", "pytest_rdsfailover.local.toxiproxy.main", f"--port={port}"]
    else:
        path = real_server()
        if path is None:
            pytest.skip(INSTALL)
        argv = [path, "-host=127.0.0.1", f"-port={port}"]
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        with ToxiproxyClient(url) as client:
            eventually(client.running)
        yield url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.kill()
        process.wait()


def eventually(condition: Callable[[], object], timeout: float = 10.0) -> None:
    """Wait until *condition* holds; fail if it does not within *timeout* seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.01)


class Upstream:
    """A TCP server that hands every accepted connection to the test."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", free_port()), backlog=512)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self._stack = ExitStack()

    def accept(self) -> socket.socket:
        self.listener.settimeout(10)
        accepted = self.listener.accept()[0]
        accepted.settimeout(10)
        return self._stack.enter_context(accepted)

    def close(self) -> None:
        self.listener.close()
        self._stack.close()


class Ends:
    """A proxy with one connection through it: `client` and `upstream` are its two ends."""

    def __init__(self, proxy: ToxiproxyProxy, server: Upstream) -> None:
        self.proxy, self.server = proxy, server
        self._stack = ExitStack()

    def connect(self) -> tuple[socket.socket, socket.socket]:
        client = self.dial()
        return client, self.server.accept()

    def dial(self) -> socket.socket:
        host, port = self.proxy.listen.rsplit(":", 1)
        client = socket.create_connection((host, int(port)), timeout=10)
        return self._stack.enter_context(client)

    def sender_and_receiver(self, stream: str) -> tuple[socket.socket, socket.socket]:
        client, upstream = self.connect()
        return (client, upstream) if stream == "upstream" else (upstream, client)

    def close(self) -> None:
        self._stack.close()


class Raw:
    """The REST API without the client: statuses and bodies as they are."""

    def __init__(self, url: str) -> None:
        self._address = url.removeprefix("http://")

    def __call__(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, object]:
        connection = http.client.HTTPConnection(self._address, timeout=5)
        try:
            data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text


def receive(sock: socket.socket, size: int) -> bytes:
    """Return exactly *size* bytes, or fewer if the stream ends before."""
    parts = []
    while size and (part := sock.recv(min(size, 1 << 16))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def ending(sock: socket.socket) -> str:
    """Wait for the end of a stream; return whether it came as "FIN" or "RST"."""
    try:
        while sock.recv(1 << 16):
            pass
    except ConnectionResetError:
        return "RST"
    return "FIN"


def sending(sock: socket.socket, data: bytes) -> threading.Thread:
    """Send in a thread of its own, which is returned."""

    def send() -> None:
        try:
            sock.sendall(data)
        except OSError:
            return

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


@pytest.fixture(scope="module", params=["builtin", "real"])
def toxiproxy_url(request) -> Iterator[str]:
    with toxiproxy_server(request.param) as url:
        yield url


@pytest.fixture
def client(toxiproxy_url) -> Iterator[ToxiproxyClient]:
    with ToxiproxyClient(toxiproxy_url) as client:
        yield client
        for name in client.proxies():
            if "/" not in name:
                client.delete(name)


@pytest.fixture
def raw(client) -> Raw:
    return Raw(client.url)


@pytest.fixture
def server() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def ends(client, server) -> Iterator[Ends]:
    listen = f"127.0.0.1:{free_port()}"
    ends = Ends(client.create("db", upstream=server.address, listen=listen), server)
    yield ends
    ends.close()
