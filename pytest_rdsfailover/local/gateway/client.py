"""The test process's side of the gateway's control socket."""

from collections.abc import Mapping, Sequence
from typing import Self

from pytest_rdsfailover.local.gateway.control_connection import ControlConnection
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint, CustomEndpoints
from pytest_rdsfailover.local.gateway.messages import (
    AddSecret,
    AnnounceBlueGreen,
    AskEndpoint,
    AskMilestones,
    AskPlays,
    AskTraffic,
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
    Pong,
    ProxyState,
    Secrets,
    Started,
    TrafficByEndpoint,
)
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.gateway.views import ClusterFigures, ClusterView, PlayView
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.traffic import Sessions, Traffic

EMPTY = Done()


class GatewayClient:
    """Commands a gateway; may be used from several threads.

    Args:
        connection: leads to the gateway.
    """

    def __init__(self, connection: ControlConnection) -> None:
        self._connection, self._ask = connection, connection.ask

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
        self._connection.close()


def connect(path: str, *, timeout: float = 5.0) -> GatewayClient:
    """Connect to the gateway behind a control socket; each answer may take *timeout* seconds.

    Raises:
        GatewayError: if there is none.
    """
    connection = ControlConnection(path, timeout=timeout)
    connection.open()
    return GatewayClient(connection)
