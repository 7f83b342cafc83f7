"""The control socket's client: an answer that comes too late, or never, costs one command only."""

import json
import signal
import socket
import threading

import pytest

from pytest_rdsfailover.local.gateway.client import connect
from pytest_rdsfailover.model.errors import GatewayError

pytestmark = pytest.mark.local
SHORT, PATIENCE = 0.2, 20.0  # seconds


class Gateway:
    """Answers each line by how many lines it has had; the first one when it is let."""

    def __init__(self, path):
        self.path, self.may_answer = path, threading.Event()
        self.heard, self.cut, self.on_first = 0, None, lambda: None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            for _ in lines:
                self.heard += 1
                number = self.heard
                if number == 1:
                    self.on_first()
                    self.may_answer.wait(PATIENCE)
                    if self.cut is not None:
                        connection.sendall(self.cut)
                        return
                try:
                    connection.sendall(json.dumps({"pid": number}).encode() + b"\n")
                except OSError:
                    return

    def close(self):
        self.may_answer.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def gateway(tmp_path):
    gateway = Gateway(str(tmp_path / "control"))
    yield gateway
    gateway.close()


def test_a_late_answer_is_not_taken_for_the_next_one(gateway):
    with connect(gateway.path, timeout=SHORT) as client:
        with pytest.raises(GatewayError, match="does not answer"):
            client.ping()
        client._timeout = PATIENCE
        gateway.may_answer.set()

        assert [client.ping() for _ in range(3)] == [2, 3, 4]


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(gateway):
    class Interrupted(BaseException):
        pass

    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        gateway.on_first = lambda: signal.pthread_kill(
            threading.main_thread().ident, signal.SIGUSR1
        )
        with connect(gateway.path, timeout=PATIENCE) as client:
            with pytest.raises(Interrupted):
                client.ping()
            gateway.may_answer.set()

            assert [client.ping() for _ in range(3)] == [2, 3, 4]
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("cut", [b"", b"\n", b"{", b'{"pid": 1', b"3\n", b"[]\n"])
def test_an_answer_that_is_cut_off_costs_one_command(gateway, cut):
    gateway.cut = cut
    gateway.may_answer.set()
    with connect(gateway.path, timeout=PATIENCE) as client:
        with pytest.raises(GatewayError, match="does not answer"):
            client.ping()

        assert client.ping() == 2


def test_who_is_not_there_is_named(tmp_path):
    with pytest.raises(GatewayError, match=f"no gateway behind {tmp_path}"):
        connect(str(tmp_path / "nobody"))


def test_a_closed_client_stays_closed(gateway):
    gateway.may_answer.set()
    client = connect(gateway.path)
    client.close()
    client.close()

    with pytest.raises(GatewayError, match="was closed"):
        client.ping()
