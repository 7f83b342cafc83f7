"""The test process's side of the gateway's control socket."""

import json
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from io import BufferedRWPair
from typing import TYPE_CHECKING, Self, TypeVar

from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint, CustomEndpoints
from pytest_rdsfailover.local.gateway.messages import (
    AddSecret,
    AnnounceBlueGreen,
    AskEndpoint,
    AskMilestones,
    AskPlays,
    AskTraffic,
    ClusterFigures,
    ClusterView,
    CreateBlueGreen,
    Done,
    FaultSettings,
    ForwardWrites,
    KnownAs,
    KnowRegions,
    Listening,
    Milestones,
    Plays,
    PlayScript,
    PlayView,
    Pong,
    ProxyState,
    Secrets,
    Started,
    TrafficByEndpoint,
)
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.target import Sessions, Traffic
from pytest_rdsfailover.model.typed import typed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class SilentGatewayError(GatewayError):
    """The gateway did not answer in time; it may do so later."""


EMPTY = Done()
Answer = TypeVar("Answer")


class GatewayClient:
    """Commands a gateway; may be used from several threads.

    A command that is not answered in time, or is interrupted, ends its connection, so that its late
    answer is never taken for the answer to the next command. That one opens another connection.

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
        return self._ask("ping", EMPTY, Pong).pid

    def describe(self) -> ClusterView:
        """Return the cluster as it is now.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("describe", EMPTY, ClusterView)

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
            read_only_error: what those that it restarts answer to writes, 1290 or 1836.
            name: what `plays` calls it.
            dns_ttl: seconds for which resolvers may remember where the cluster's name leads.

        Raises:
            GatewayError: if a script is on, or this one cannot be played.
        """
        script = PlayScript(
            steps=steps, read_only_error=read_only_error, name=name, dns_ttl=dns_ttl
        )
        return self._ask("play", script, Started).started

    def plays(self, first: int = 0) -> Sequence[PlayView]:
        """Return the scripts since the gateway started, whoever started them, in order.

        Args:
            first: how many to leave out: a cluster that has failed over a thousand times would tell
                all of them at every look at a trial.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("plays", AskPlays(first=first), Plays).plays

    def milestones(self, play: int | None = None) -> Sequence[Milestone]:
        """Return what has happened in a script so far, in order of time.

        Args:
            play: its place among `plays`; None for the latest.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("milestones", AskMilestones(play=play), Milestones).milestones

    def traffic(self, mark: str) -> Mapping[str, Traffic]:
        """Return what came to each endpoint so far; statements with *mark* from the first call on.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("traffic", AskTraffic(mark=mark), TrafficByEndpoint).endpoints

    def sessions(self, endpoint: str) -> Sessions:
        """Return the connections that clients have through an endpoint now.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("sessions", AskEndpoint(endpoint=endpoint), Sessions)

    def proxy(self, endpoint: str) -> ProxyState:
        """Return the figures and pins of an endpoint of the proxy, `proxy` or `proxy-reader`.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("proxy", AskEndpoint(endpoint=endpoint), ProxyState)

    def configure_proxy(self, settings: ProxySettings) -> None:
        """Set the proxy up.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self._ask("proxy_configure", settings, Done)

    def forget_proxy(self) -> None:
        """Let the proxy forget its pins, and count anew.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self._ask("proxy_forget", EMPTY, Done)

    def add_secret(self, text: str) -> None:
        """Let another user log in to the proxy, by a SecretString.

        Raises:
            GatewayError: if the text is no secret.
        """
        self._ask("proxy_secret", AddSecret(secret=text), Done)

    def secrets(self) -> Mapping[str, str]:
        """Return the SecretString of each user of the proxy, by user name.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("proxy_secrets", EMPTY, Secrets).texts

    def know_proxy_as(self, addresses: Sequence[str], names: Sequence[str] = ()) -> None:
        """Let the proxy take IAM tokens for these addresses only, and certify these host names.

        Args:
            addresses: each as `host:port`; none for any address.
            names: host names.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self._ask("proxy_known_as", KnownAs(addresses=addresses, names=names), Done)

    def set_faults(self, faults: FaultSettings) -> None:
        """Let the database fail in these ways from now on, and in no other.

        Raises:
            GatewayError: if the gateway does not answer, or there is no such instance.
        """
        self._ask("faults", faults, Done)

    def forward_writes(self, *, wanted: bool) -> None:
        """Let readers forward writes from now on, or forward none and end what is under way.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self._ask("forward_writes", ForwardWrites(wanted=wanted), Done)

    def know_regions(self, regions: Mapping[str, str]) -> None:
        """Tell in which region of a global database each instance is, by id.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self._ask("regions", KnowRegions(regions=regions), Done)

    def custom_endpoints(self) -> Sequence[CustomEndpoint]:
        """Return the custom endpoints.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("custom", EMPTY, CustomEndpoints).endpoints

    def set_custom_endpoints(self, endpoints: Sequence[CustomEndpoint]) -> None:
        """Have these custom endpoints from now on, and no others.

        Raises:
            GatewayError: if one cannot be had.
        """
        self._ask("custom_set", CustomEndpoints(endpoints=endpoints), Done)

    def create_blue_green(self, suffix: str) -> Mapping[str, int]:
        """Have a green twin of the cluster; return the ports of its endpoints.

        Raises:
            GatewayError: if there is one, or a failover is on.
        """
        return self._ask("blue_green_create", CreateBlueGreen(suffix=suffix), Listening).ports

    def announce_blue_green(self, hosts: Mapping[str, tuple[str, int]]) -> None:
        """Tell drivers of the twin, by the host and port of each endpoint.

        Raises:
            GatewayError: if there is none.
        """
        self._ask("blue_green_announce", AnnounceBlueGreen(hosts=hosts), Done)

    def delete_blue_green(self) -> None:
        """Have only the cluster, as it is now.

        Raises:
            GatewayError: if there is no twin, or a switchover is on.
        """
        self._ask("blue_green_delete", EMPTY, Done)

    def figures(self) -> ClusterFigures:
        """Return what is counted of instances and of the proxy.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        return self._ask("figures", EMPTY, ClusterFigures)

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

    def _ask(self, command: str, question: "DataclassInstance", kind: type[Answer]) -> Answer:
        """Return the answer to a command as a record."""
        with self._lock:
            try:
                line = self._exchange(json.dumps({"command": command, **asdict(question)}).encode())
                answer = json.loads(line)
                if "error" not in answer:
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


def connect(path: str, *, timeout: float = 5.0) -> GatewayClient:
    """Connect to the gateway behind a control socket; each answer may take *timeout* seconds.

    Raises:
        GatewayError: if there is none.
    """
    client = GatewayClient(path, timeout=timeout)
    client.open()
    return client
