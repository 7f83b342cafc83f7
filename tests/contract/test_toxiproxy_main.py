"""The built-in server as a process."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from toxiproxies import free_port

from pytest_rdsfailover.local.toxiproxy.api import VERSION

BUFFERED = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}


def start(port, **options):
    argv = [sys.executable, "-m", "pytest_rdsfailover.local.toxiproxy.main", f"--port={port}"]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=BUFFERED, **options
    )


@pytest.fixture
def process():
    port = free_port()
    with start(port, stdin=subprocess.PIPE) as process:
        yield process, port
        process.kill()


def test_it_says_in_one_line_when_it_is_ready(process):
    process, port = process
    ready = json.loads(process.stdout.readline())

    assert ready == {
        "ready": True, "host": "127.0.0.1", "port": port, "pid": process.pid, "version": VERSION,
    }  # fmt: skip
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_it_ends_with_its_standard_input(process):
    process, _ = process
    process.stdout.readline()
    process.stdin.close()

    assert process.wait(timeout=10) == 0
    assert process.stderr.read() == ""


def test_what_comes_on_its_standard_input_changes_nothing(process):
    process, port = process
    process.stdout.readline()
    process.stdin.write("stop\n")
    process.stdin.flush()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(12).split()[1] == b"200"
    process.stdin.close()
    assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_on_a_signal(process, number):
    process, _ = process
    process.stdout.readline()
    process.send_signal(number)

    assert process.wait(timeout=10) == 0


def test_it_does_not_live_on_without_standard_input():
    with start(free_port(), stdin=subprocess.DEVNULL) as process:
        assert process.wait(timeout=10) == 0


def test_a_port_in_use_is_said_in_one_line(process):
    process, port = process
    process.stdout.readline()
    with start(port, stdin=subprocess.PIPE) as second:
        _, errors = second.communicate(timeout=10)

    assert second.returncode == 1
    assert errors.startswith(f"cannot listen on 127.0.0.1:{port}: ")


def test_its_port_must_be_told():
    argv = [sys.executable, "-m", "pytest_rdsfailover.local.toxiproxy.main"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
    assert ended.returncode == 2
    assert "required: --port" in ended.stderr


def test_it_imports_nothing_heavy():
    code = (
        "import sys, pytest_rdsfailover.local.toxiproxy.main;"
        "print(sorted({'requests', 'toxiproxy', 'pytest', 'pymysql'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert output.stdout.strip() == "[]"


HEAD = b"POST /reset HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST /reset HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 99999999\r\n\r\n", b"413"),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", b"413"),
        (CHUNKED + b"fffffff\r\n", b"413"),
        (CHUNKED + (b"40000\r\n" + b"x" * 0x40000 + b"\r\n") * 5, b"413"),
        (CHUNKED + b"0\r\n" + (b"t: " + b"x" * 1000 + b"\r\n") * 20 + b"\r\n", b"431"),
        (CHUNKED + b"0" * 20000, b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20000 + b"\r\n\r\n", b"431"),
    ],
)
def test_what_is_no_request_is_refused_and_the_server_lives_on(process, request_bytes, status):
    process, port = process
    process.stdout.readline()
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(request_bytes)
            assert client.recv(12).split()[1] == status
