"""The network of a local cluster: a Toxiproxy with one listener per endpoint."""

import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Self, Unpack, cast

from pytest_rdsfailover.local.listeners import ARMED, Listeners, Place, is_here
from pytest_rdsfailover.local.processes.ports import Port, reserve_port
from pytest_rdsfailover.local.processes.process import Process, Supervisor
from pytest_rdsfailover.local.toxiproxy.arguments import ToxicOptions, ToxicType
from pytest_rdsfailover.local.toxiproxy.client import Attributes, Toxic, ToxiproxyClient
from pytest_rdsfailover.local.toxiproxy.program import LOOPBACK, ToxiproxyProgram
from pytest_rdsfailover.model.clock import Clock, wait_until
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import NotReadyError, SettingError

READY_WITHIN = 10.0  # seconds
FIXED_HOSTS = {
    "cluster": "127.0.0.2",
    "reader": "127.0.0.3",
    "proxy": "127.0.0.4",
    "proxy-reader": "127.0.0.5",
}
FIRST_INSTANCE = 11  # instance-1 listens on 127.0.0.11


def hosts(endpoints: Sequence[str]) -> Mapping[str, str]:
    """Return a loopback address for each endpoint: its own if the system has them, else 127.0.0.1.

    Linux has all of 127.0.0.0/8; macOS has only those aliases that somebody has added.
    """
    instances = [name for name in endpoints if name not in FIXED_HOSTS]
    addresses = {name: FIXED_HOSTS[name] for name in endpoints if name in FIXED_HOSTS}
    addresses |= {name: f"127.0.0.{FIRST_INSTANCE + n}" for n, name in enumerate(instances)}
    if all(map(is_here, addresses.values())):
        return addresses
    return dict.fromkeys(endpoints, LOOPBACK)


class Network:
    """The listeners of a cluster's endpoints; a context manager.

    Args:
        program: which Toxiproxy to use.
        supervisor: starts Toxiproxy if it does not run yet.
        endpoints: the names of the endpoints.
        port: the port that they share; None for any free one.

    Attributes:
        client: talks to Toxiproxy.
        prefix: what the names of this cluster's proxies begin with, because other clusters may use
            the same Toxiproxy.
        places: where each endpoint listens.

    Raises:
        SettingError: if the wanted port is taken, or nothing answers at the Toxiproxy's URL.
    """

    def __init__(
        self,
        program: ToxiproxyProgram,
        supervisor: Supervisor,
        endpoints: Sequence[str],
        *,
        port: int | None = None,
    ) -> None:
        if program.url is not None and not ToxiproxyClient(program.url).running():
            raise SettingError(
                f"no Toxiproxy answers at {program.url}: start a toxiproxy-server there, or leave out"
                " --rds-toxiproxy"
            )
        self.prefix = f"rdsfailover-{secrets.token_hex(3)}-"
        self._program = program
        self._process: Process | None = None
        self._ports: list[Port] = []
        self.places = self._reserve_places(endpoints, port)
        url = program.url
        if url is None:
            url, self._process = self._spawn(supervisor)
        self.client = ToxiproxyClient(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __str__(self) -> str:
        aliased = len({place.host for place in self.places.values()}) > 1
        listening = "" if aliased else "; one port per endpoint, for want of loopback addresses"
        return f"{self._program}, version {self.client.version()}{listening}"

    def _spawn(self, supervisor: Supervisor) -> tuple[str, Process]:
        port = self._reserve([LOOPBACK], None)
        if self._program.path is None:
            argv = [sys.executable, "-m", "pytest_rdsfailover.local.toxiproxy.main"]
            argv += [f"--host={LOOPBACK}", f"--port={port}"]
        else:
            argv = [self._program.path, f"-host={LOOPBACK}", f"-port={port}"]
        return f"http://{LOOPBACK}:{port}", supervisor.spawn("toxiproxy", argv)

    def _reserve(self, addresses: Sequence[str], wanted: int | None) -> int:
        port = reserve_port(addresses, wanted=wanted)
        self._ports.append(port)
        return port.number

    def wait(self, clock: Clock) -> None:
        """Return when Toxiproxy answers.

        Raises:
            DiedError: if Toxiproxy ended while starting.
            NotReadyError: if Toxiproxy does not answer in time; with the end of its log.
        """

        def answers() -> bool:
            self.check()
            return self.client.running()

        if not wait_until(answers, timeout=READY_WITHIN, clock=clock):
            tail = "" if self._process is None else self._process.log_tail()
            raise NotReadyError(f"Toxiproxy ({self._program})", READY_WITHIN, tail)

    def _reserve_places(self, endpoints: Sequence[str], port: int | None) -> Mapping[str, Place]:
        addresses = hosts(endpoints)
        if len(set(addresses.values())) > 1:
            common = self._reserve(list(addresses.values()), port)
            return {name: Place(host, common) for name, host in addresses.items()}
        return {name: Place(LOOPBACK, self._reserve([LOOPBACK], None)) for name in addresses}

    def connect(self, upstreams: Mapping[str, int], *, armed: bool) -> None:
        """Let every endpoint listen and lead to its port of the gateway.

        Args:
            upstreams: the gateway's port for each endpoint.
            armed: whether links end by a reset, see `ARMED`.

        Raises:
            ToxiproxyError: if Toxiproxy refuses.
        """
        self.listeners(armed=armed).open(self.places, upstreams)

    def listeners(self, *, armed: bool) -> Listeners:
        """Return what makes listeners; armed, their links end by a reset."""
        return Listeners(self.client, self.prefix, armed)

    def mend(self) -> None:
        """Remove every toxic but our own from the cluster's endpoints."""
        for name in self.places:
            for toxic in self.client.toxics(self.prefix + name):
                if toxic != ARMED:
                    self.client.remove_toxic(self.prefix + name, toxic)

    def check(self) -> None:
        """Raise DiedError if the Toxiproxy that we started has ended, StoppedError if it is stopped."""
        if self._process is not None:
            self._process.check_moves()

    def close(self) -> None:
        """Remove the cluster's listeners; end Toxiproxy if we started it."""
        try:
            if self._process is not None:
                self._process.kill()
            else:
                for name in self.client.proxies():
                    if name.startswith(self.prefix):
                        self.client.delete(name)
        finally:
            for port in self._ports:
                port.release()


class Faults:
    """Network faults on the endpoints of a cluster; each is a context manager that ends it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._down: set[str] = set()  # the proxies that a block refuses connections to

    @property
    def client(self) -> ToxiproxyClient:
        """Return the client of the Toxiproxy, for faults that are not offered here."""
        return self._network.client

    def proxy(self, endpoint: Endpoint) -> str:
        """Return the name of an endpoint's proxy in Toxiproxy."""
        return self._network.prefix + endpoint.name

    @contextmanager
    def down(self, endpoint: Endpoint) -> Iterator[None]:
        """Refuse connections to an endpoint for the block, and cut those that exist."""
        name = self.proxy(endpoint)
        with self.client.down(name):
            self._down.add(name)
            try:
                yield
            finally:
                self._down.discard(name)

    def mend(self) -> None:
        """End what blocks that were never left have begun, and every other toxic of a test."""
        while self._down:
            self.client.update(self._down.pop(), enabled=True)
        self._network.mend()

    def toxic(
        self,
        endpoint: Endpoint,
        type: ToxicType,  # noqa: A002 - Toxiproxy's own word
        **options: Unpack[ToxicOptions],
    ) -> AbstractContextManager[Toxic]:
        """Add a toxic to an endpoint for the block, for example `toxic(e, "latency", latency=50)`.

        Attributes are those of Toxiproxy, in its units (milliseconds, bytes); `stream` and
        `toxicity` may be among them.

        Raises:
            SettingError: if the type has no such attribute, when the block begins.
        """
        stream, toxicity = options.pop("stream", "downstream"), options.pop("toxicity", 1.0)
        return self.client.toxic(
            self.proxy(endpoint),
            type=type,
            stream=stream,
            toxicity=toxicity,
            attributes=cast(Attributes, options),
        )
