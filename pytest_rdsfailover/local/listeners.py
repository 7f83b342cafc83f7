"""What clients connect to in a Toxiproxy, and the listeners of a blue/green deployment beside those of a cluster."""

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pytest_rdsfailover.local.processes.ports import is_free, reserve_port
from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient
from pytest_rdsfailover.local.toxiproxy.program import LOOPBACK
from pytest_rdsfailover.model.errors import SettingError

FIRST_GUEST = 101  # the last number of the first address of a blue/green deployment

# The name of a toxic `reset_peer`. A link that starts while the toxic is in its chain ends by a
# reset; with toxicity 0 the toxic touches no byte. Toxiproxy has no other way to reset a link that
# exists.
ARMED = "rdsfailover_reset"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an endpoint listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def is_here(host: str) -> bool:
    """Tell whether this machine has an address."""
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Listeners:
    """The listeners of one cluster in a Toxiproxy.

    Attributes:
        client: talks to Toxiproxy.
        prefix: what their names begin with there.
        armed: whether links end by a reset, see `ARMED`.
    """

    client: ToxiproxyClient
    prefix: str
    armed: bool

    def open(self, places: Mapping[str, Place], upstreams: Mapping[str, int]) -> None:
        """Let endpoints listen and lead to their ports of the gateway.

        Raises:
            ToxiproxyError: if Toxiproxy refuses.
        """
        for name, place in places.items():
            self.client.create(
                self.prefix + name,
                listen=f"{place.host}:{place.port}",
                upstream=f"{LOOPBACK}:{upstreams[name]}",
            )
            if self.armed:
                self._arm(name)

    def _arm(self, endpoint: str) -> None:
        self.client.add_toxic(
            self.prefix + endpoint,
            type="reset_peer",
            name=ARMED,
            stream="downstream",
            toxicity=0.0,
            attributes={"timeout": 0},
        )

    def close(self, endpoints: Iterable[str]) -> None:
        """Let these endpoints listen no more.

        Raises:
            ToxiproxyError: if Toxiproxy refuses.
        """
        for name in endpoints:
            self.client.delete(self.prefix + name)

    @contextmanager
    def beside(self, cluster: Place, upstreams: Mapping[str, int]) -> Iterator[Mapping[str, Place]]:
        """Let further endpoints listen for the block, at the port of the cluster endpoint; give where.

        Raises:
            SettingError: if the port is taken on an address of theirs.
            ToxiproxyError: if Toxiproxy refuses.
        """
        with ExitStack() as stack:
            places = _guests(stack, cluster, list(upstreams))
            self.open(places, upstreams)
            stack.callback(self.close, list(places))
            yield places


def _guests(stack: ExitStack, cluster: Place, endpoints: Sequence[str]) -> Mapping[str, Place]:
    """Return a place for each; a stack gives the ports back that they need."""
    hosts = [f"127.0.0.{FIRST_GUEST + number}" for number in range(len(endpoints))]
    if cluster.host == LOOPBACK or not all(map(is_here, hosts)):
        return {
            name: Place(LOOPBACK, stack.enter_context(reserve_port([LOOPBACK])))
            for name in endpoints
        }
    taken = [host for host in hosts if not is_free(host, cluster.port)]
    if taken:
        raise SettingError(
            f"port {cluster.port} is taken on {taken[0]}, where a blue/green deployment listens; end"
            " what listens there, or choose another port with --rds-port"
        )
    return {name: Place(host, cluster.port) for name, host in zip(endpoints, hosts, strict=True)}
