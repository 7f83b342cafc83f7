"""The test process's side of the gateway's control socket."""

import json
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedRWPair
from typing import Any, Self

from pytest_rdsfailover.local.gateway.script import Step, encode_steps
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.target import LeftSession, Sessions, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView:
    """One instance as the gateway has it now.

    Attributes:
        id: its name.
        role: `writer` or `reader`.
        state: `up`, `refusing` or `silent`.
        sessions: how many connections it has.
    """

    id: str
    role: str
    state: str
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    """The cluster as the gateway has it now.

    Attributes:
        writer: the nominal writer, until another is promoted.
        dns: the instance that the cluster endpoint leads to.
        reader: the instance that the reader endpoint leads to, by turns.
        ports: where each endpoint listens on 127.0.0.1.
        playing: a script is on.
        failures: what went wrong since the gateway started, in words.
        instances: all instances, in the order of their numbers.
    """

    writer: str
    dns: str
    reader: str
    ports: Mapping[str, int]
    playing: bool
    failures: Sequence[str]
    instances: Sequence[InstanceView]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayView:
    """A script that the gateway plays, or played.

    Attributes:
        name: what who started it calls it.
        started: the moment that its offsets count from, in monotonic seconds.
        target: the instance that it promotes; None if it promotes nobody.
        victim: the instance that it cuts first; None if it cuts none.
        dns_ttl: seconds for which resolvers may remember where the cluster's name leads.
        over: nothing of it is left to do.
    """

    name: str
    started: float
    target: str | None
    victim: str | None
    dns_ttl: float
    over: bool


class GatewayClient:
    """Commands a gateway; may be used from several threads.

    A command that is not answered in time ends its connection, so that its late answer is never
    taken for the answer to the next command. That one opens another connection.

    Args:
        path: the gateway's control socket.
        timeout: seconds that an answer may take.
    """

    def __init__(self, path: str, *, timeout: float) -> None:
        self._path, self._timeout = path, timeout
        self._stream: BufferedRWPair | None = None
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ping(self) -> int:
        """Return the gateway's process id.

        Raises:
            GatewayError: if it does not answer.
        """
        return int(self._ask({"command": "ping"})["pid"])

    def describe(self) -> ClusterView:
        """Return the cluster as it is now.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        answer = self._ask({"command": "describe"})
        answer["instances"] = [InstanceView(**view) for view in answer["instances"]]
        return ClusterView(**answer)

    def play(
        self,
        steps: Sequence[Step],
        read_only_error: int = 1290,
        *,
        name: str = "",
        dns_ttl: float = 0.0,
    ) -> float:
        """Start a script; return the moment that its offsets count from, in monotonic seconds.

        Args:
            steps: what happens when.
            read_only_error: what readers answer to writes from now on, 1290 or 1836.
            name: what `plays` calls it.
            dns_ttl: seconds for which resolvers may remember where the cluster's name leads.

        Raises:
            GatewayError: if a script is on, or this one cannot be played.
        """
        request = {
            "command": "play", "steps": encode_steps(steps), "read_only_error": read_only_error,
            "name": name, "dns_ttl": dns_ttl,
        }  # fmt: skip
        return to_seconds(self._ask(request)["started_ns"])

    def plays(self) -> list[PlayView]:
        """Return all scripts since the gateway started, whoever started them, in order.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return [
            PlayView(started=to_seconds(play.pop("started_ns")), **play)
            for play in self._ask({"command": "plays"})["plays"]
        ]

    def milestones(self, play: int | None = None) -> list[Milestone]:
        """Return what has happened in a script so far, in order of time.

        Args:
            play: its place among `plays`; None for the latest.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return [
            Milestone(
                name=mark["name"],
                at=to_seconds(mark["at_ns"]),
                planned=None if mark["planned_ns"] is None else to_seconds(mark["planned_ns"]),
                instance=mark["instance"],
            )
            for mark in self._ask({"command": "milestones", "play": play})["milestones"]
        ]

    def traffic(self, mark: str) -> dict[str, Traffic]:
        """Return what came to each endpoint so far; statements with *mark* from the first call on.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        found = self._ask({"command": "witness", "mark": mark})["endpoints"]
        return {name: Traffic(**counts) for name, counts in found.items()}

    def sessions(self, endpoint: str) -> Sessions:
        """Return the connections that clients have through an endpoint now.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        found = self._ask({"command": "sessions", "endpoint": endpoint})
        left = [
            LeftSession(
                since=to_seconds(each.pop("since_ns")),
                refused=to_seconds(each.pop("refused_ns")),
                **each,
            )
            for each in found["left"]
        ]
        return Sessions(open=found["open"], left=left)

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Return the gateway's answer to any other command, as plain data.

        Raises:
            GatewayError: if it refuses, or does not answer.
        """
        return self._ask({"command": command, **arguments})

    def close(self) -> None:
        """Close the connection; the gateway goes on."""
        with self._lock:
            self._closed = True
            self._hang_up()

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

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            try:
                answer = self._exchange(json.dumps(request).encode() + b"\n")
            except (OSError, ValueError) as error:
                self._hang_up()
                raise GatewayError(f"the gateway does not answer: {error}") from error
        if "error" in answer:
            raise GatewayError(answer["error"])
        return answer

    def _exchange(self, line: bytes) -> dict[str, Any]:
        stream = self._connected()
        stream.write(line)
        stream.flush()
        answer: dict[str, Any] = json.loads(stream.readline())
        return answer

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


def connect(path: str, *, timeout: float = 5.0) -> GatewayClient:
    """Connect to the gateway behind a control socket; each answer may take *timeout* seconds.

    Raises:
        GatewayError: if there is none.
    """
    client = GatewayClient(path, timeout=timeout)
    client.open()
    return client
