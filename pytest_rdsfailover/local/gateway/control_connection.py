"""The test process's connection to the gateway: one question, one answer."""

import json
import socket
import threading
from contextlib import suppress
from dataclasses import asdict
from io import BufferedRWPair
from typing import TYPE_CHECKING, TypeVar

from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.typed import typed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Answer = TypeVar("Answer")


class SilentGatewayError(GatewayError):
    """The gateway did not answer in time; it may do so later."""


class ControlConnection:
    """A connection to a gateway's control socket; may be used from several threads.

    A command that is not answered in time, or is interrupted, ends the connection, so that its late
    answer is never taken for the answer to the next command. That one connects again.

    Args:
        path: the gateway's control socket.
        timeout: seconds that an answer may take.
    """

    def __init__(self, path: str, *, timeout: float) -> None:
        self._path, self._timeout = path, timeout
        self._stream: BufferedRWPair | None = None
        self._closed = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Connect now, so that a gateway that is not there is noticed.

        Raises:
            GatewayError: if there is none.
        """
        with self._lock:
            try:
                self._connected()
            except OSError as error:
                raise GatewayError(f"no gateway behind {self._path}: {error}") from error

    def close(self) -> None:
        """Hang up, for good; the gateway goes on."""
        with self._lock:
            self._closed = True
            self._hang_up()

    def ask(self, command: str, question: "DataclassInstance", kind: type[Answer]) -> Answer:
        """Return the answer to a command.

        Args:
            command: its name.
            question: its arguments.
            kind: the record that the answer is.

        Raises:
            GatewayError: if the gateway refuses, or does not answer.
        """
        with self._lock:
            try:
                line = self._exchange(json.dumps({"command": command, **asdict(question)}).encode())
                answer = json.loads(line)
                if not isinstance(answer, dict) or "error" not in answer:
                    return typed(kind, answer, f"the answer to {command}")
            except (OSError, ValueError) as error:
                self._hang_up()
                raise SilentGatewayError(f"the gateway does not answer: {error}") from error
            except BaseException:  # who asked was interrupted; the answer is still to come
                self._hang_up()
                raise
        raise GatewayError(answer["error"])

    def _exchange(self, line: bytes) -> bytes:
        stream = self._connected()
        stream.write(line + b"\n")
        stream.flush()
        return stream.readline()

    def _connected(self) -> BufferedRWPair:
        if self._closed:
            raise ConnectionError("the connection to it was closed")
        if self._stream is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._timeout)
                connection.connect(self._path)
                self._stream = connection.makefile("rwb")  # keeps it open
        return self._stream

    def _hang_up(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(OSError):  # what could not be sent
                stream.close()
