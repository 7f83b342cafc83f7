"""The AWS API's process where one fork server serves a whole run: started by it, and ended by it."""

import contextlib
import json
import os
import select
import socket
import time
from pathlib import Path
from typing import TypedDict

from pytest_rdsfailover.local.aws_api.peers import ABSTRACT, peer
from pytest_rdsfailover.local.processes.stopped import StopCheck
from pytest_rdsfailover.local.processes.supervisor_client import tail
from pytest_rdsfailover.model.errors import DiedError, NotReadyError
from pytest_rdsfailover.model.typed import typed

NAME, PROGRAM = "control", "python"
ENDS_WITHIN = 10.0  # seconds
BLOCK = 4096  # bytes


class Told(TypedDict, total=False):
    """What who keeps the fork server says of it: where it listens, or why it does not."""

    socket: str
    error: str


class ForkedProcess:
    """A process that a fork server makes of itself; it ends with this one, or by `close`.

    Making this has the fork server start, if it has not; waiting for the first line makes the fork.

    Args:
        address: who keeps the fork server.
        config: the file that says what the AWS API shows; the log is beside it.
        port: where it is to answer.

    Raises:
        OSError: if nobody of this user is at that address, as on another machine.
    """

    def __init__(self, address: str, config: Path, port: int) -> None:
        self._config, self._port = config, port
        self._asked = socket.socket(socket.AF_UNIX)
        self._connection: socket.socket | None = None
        self._pid, self._stop = 0, StopCheck(NAME, PROGRAM)
        try:
            self._asked.connect(ABSTRACT + address)
            if peer(self._asked).user != os.getuid():
                raise PermissionError(address)
        except OSError:
            self._asked.close()
            raise

    @property
    def alive(self) -> bool:
        """Tell whether it runs, or will."""
        if self._connection is None:
            return self._asked.fileno() >= 0  # not closed
        poll = select.poll()
        try:
            poll.register(self._connection, select.POLLIN)
            return not poll.poll(0) or bool(self._connection.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):  # closed, or reset
            return False

    def check(self) -> None:
        """Do nothing if it runs.

        Raises:
            DiedError: if it has ended, with the end of its log.
        """
        if not self.alive:
            raise DiedError(NAME, "it has ended", self._log())

    def check_moves(self) -> None:
        """Do nothing if it runs and nobody has stopped it; a short stop is waited for.

        Raises:
            DiedError: if it has ended, with the end of its log.
            StoppedError: if it is stopped and does not go on.
        """
        self.check()
        self._check_stop()

    def wait_line(self, timeout: float) -> str:
        """Start it; wait for the first line that it prints as the AWS API, and return it.

        Raises:
            NotReadyError: if there is none after *timeout* seconds, or it ended before, with the
                end of its log.
            StoppedError: if there is none because it, or the fork server, is stopped.
        """
        begun = time.monotonic()
        try:
            connection = self._connection or self._connected(timeout)
            connection.settimeout(timeout)
            self._pid = self._pid or int(_read(connection, b"\n") or 0)
            line = _read(connection, b"\n")
        except OSError as error:
            waited = time.monotonic() - begun
            self._check_stop()  # says better why
            raise NotReadyError(NAME, waited, f"{error}\n{self._log()}") from None
        if not line:
            raise NotReadyError(NAME, time.monotonic() - begun, self._log())
        return line

    def kill(self) -> None:
        """End it without asking, frozen or not; wait until it is gone."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.settimeout(ENDS_WITHIN)
                self._connection.shutdown(socket.SHUT_WR)  # the fork server kills it then
                while self._connection.recv(BLOCK):
                    pass
        self.close()

    def close(self) -> None:
        """Let it end; harmless the second time."""
        self._asked.close()
        if self._connection is not None:
            self._connection.close()

    def _connected(self, timeout: float) -> socket.socket:
        """Have the fork server make the process; return its standard input and output.

        Raises:
            OSError: if the fork server does not listen.
        """
        self._asked.settimeout(timeout)
        place = self._place()
        connection = self._connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(place)
        request = {"config": str(self._config), "port": self._port}
        connection.sendall(json.dumps(request).encode() + b"\n")
        return connection

    def _place(self) -> str:
        """Return where the fork server listens.

        Raises:
            OSError: if it does not.
        """
        said = _read(self._asked)
        told = typed(Told, json.loads(said), "an answer") if said else Told(error="nobody answers")
        if "socket" not in told:
            raise OSError(told.get("error", ""))
        return told["socket"]

    def _check_stop(self) -> None:
        """Raise StoppedError if it is stopped; before there is any, if the fork server is."""
        if self._connection is not None:
            with contextlib.suppress(OSError):  # closed, or not connected
                self._stop.check(self._pid or peer(self._connection).process)

    def _log(self) -> str:
        return tail(self._config.with_suffix(".log"))


def _read(connection: socket.socket, end: bytes = b"\0") -> str:
    """Return what comes before an end, or all if there is none; empty if nothing comes.

    Raises:
        OSError: if it does not come in time.
    """
    data = b""
    while not data.endswith(end) and (byte := connection.recv(1)):  # the rest is for who asks next
        data += byte
    return data.removesuffix(end).decode()
