"""What `rds_cluster` and `rds_aws` give a test, as protocols that editors and type checkers read."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, Unpack

from pytest_rdsfailover.local.gateway.proxy.settings import ProxyChanges, ProxySettings
from pytest_rdsfailover.local.gateway.proxy.stats import Pin, ProxyStats
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import Failover


class Cluster(Protocol):
    """The fixture `rds_cluster`: a local or a real cluster, healthy and at rest.

    What only a local cluster can do raises `NotHereError` on a real one, and the test is skipped.
    """

    @property
    def mode(self) -> Literal["local", "live"]:
        """Return `local` or `live`."""

    @property
    def instances(self) -> tuple[str, ...]:
        """Return the ids of all instances."""

    @property
    def writer(self) -> str:
        """Return the id of the instance that takes writes now."""

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the ids of all other instances."""

    @property
    def writer_endpoint(self) -> Endpoint:
        """Return the cluster endpoint: the instance that DNS says is the writer."""

    @property
    def reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint."""

    @property
    def proxy_endpoint(self) -> Endpoint:
        """Return RDS Proxy's read/write endpoint.

        Raises:
            SettingError: if a live run names no proxy.
        """

    @property
    def proxy_reader_endpoint(self) -> Endpoint:
        """Return RDS Proxy's read-only endpoint, which only a local cluster has."""

    def instance_endpoint(self, instance: str, /) -> Endpoint:
        """Return an instance's own endpoint.

        Raises:
            SettingError: if there is no such instance.
        """

    def audit_endpoint(self) -> Endpoint:
        """Return the endpoint of the instance that is the writer now, whatever DNS says."""

    @property
    def proxy(self) -> "Proxy":
        """Return the RDS Proxy, to be watched and set up."""

    @property
    def aws(self) -> "AwsApi":
        """Return the cluster's AWS API; the fixture `rds_aws` also leads other clients there."""

    @property
    def failovers(self) -> Sequence[Failover]:
        """Return every failover so far, whoever began it, in order."""

    def fail_over(
        self, target: str | None = None, profile: str | None = None, seed: int = 0
    ) -> Failover:
        """Start a failover and return as soon as it is triggered; made for the trigger hook.

        A test calls the fixture `rds_failover`, which asks the project's hooks, too.

        Args:
            target: the instance to promote; None leaves the choice to the cluster.
            profile: the failover profile to play; None for the run's own.
            seed: decides every sampled duration.

        Raises:
            SettingError: if there is no such instance or profile.
            RdsFailoverError: if another failover is still on its way, or a gate is closed.
        """

    def blue_green(self) -> AbstractContextManager["BlueGreen"]:
        """Give a local cluster a green twin for the block: a blue/green deployment.

        When the block ends, the cluster stays what it has become by then. In live mode it is the
        deployment that the run names, which is neither made nor deleted.

        Raises:
            RdsFailoverError: when the block begins, if there is one, or a failover is on its way.
            NotHereError: in live mode, if the run names none; the test is skipped.
        """

    def reader_lag(self, lag: str) -> None:
        """Let readers show commits only after so long, until the test ends; only locally.

        Args:
            lag: how long, for example `200ms`; `0s` for no lag.

        Raises:
            SettingError: if that is no duration.
            GatewayError: if the server does not let readers lag.
        """

    def write_forwarding(self, *, enabled: bool = True) -> None:
        """Let readers forward writes of sessions that want it, until the test ends; only locally.

        A session wants it once it has set `aurora_replica_read_consistency`.

        Args:
            enabled: whether readers do.

        Raises:
            GatewayError: if the gateway does not answer.
        """

    def rest(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if it does not end.
        """


class BlueGreen(Protocol):
    """A blue/green deployment, as `rds_cluster.blue_green()` gives it."""

    @property
    def suffix(self) -> str:
        """Return what the green names end with, such as `-green-abc123`."""

    @property
    def status(self) -> str:
        """Return its status as AWS words it: `AVAILABLE`, `SWITCHOVER_IN_PROGRESS` and others."""

    @property
    def green_endpoint(self) -> Endpoint:
        """Return the cluster endpoint of the green side, which after a switchover is the cluster."""

    @property
    def green_reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint of the green side."""

    @property
    def old_endpoint(self) -> Endpoint:
        """Return the cluster endpoint of what was blue, which refuses connections before a switchover."""

    def green_instance_endpoint(self, instance: str, /) -> Endpoint:
        """Return the endpoint of the green twin of an instance of the cluster."""

    def switch_over(
        self, profile: str | None = None, seed: int = 0, *, timeout: str = "300s"
    ) -> Failover:
        """Start a switchover and return; its milestones tell how far it is.

        Args:
            profile: `blue-green`, `blue-green-fast` or the path of a TOML file; the run's by default.
            seed: decides the durations.
            timeout: how long it may take until green takes writes, from 30 s to an hour; else it is
                rolled back.

        Raises:
            SettingError: if there is no such profile, or AWS takes no such time-out.
            RdsFailoverError: if a failover is on, or it has been switched over already.
        """


class StartCluster(Protocol):
    """The fixture `rds_clusters`."""

    def __call__(self, instances: int | None = None) -> Cluster:
        """Return another local cluster, at rest, which no call of this test has returned yet.

        Args:
            instances: how many instances it has; None for the number of the run.

        Raises:
            SettingError: if no cluster has so many.
            NotHereError: in live mode; the test is skipped.
        """


class Proxy(Protocol):
    """The RDS Proxy of a cluster, `rds_cluster.proxy`; a real one only says that it has no pins."""

    def stats(self, endpoint: Literal["proxy", "proxy-reader"] = "proxy") -> ProxyStats:
        """Return the figures of an endpoint, `proxy` or `proxy-reader`."""

    @property
    def pins(self) -> list[Pin]:
        """Return every session pinned since the test began, in order of time."""

    @property
    def settings(self) -> ProxySettings:
        """Return how the proxy is set up now."""

    def modify(self, **changes: Unpack[ProxyChanges]) -> None:
        """Change some settings, by the names of `ProxySettings`, until the test ends.

        Raises:
            SettingError: if a name is unknown or a value impossible.
        """

    @property
    def secrets(self) -> Mapping[str, str]:
        """Return the users' SecretStrings, as Secrets Manager keeps them, by user name."""

    def add_secret(self, text: str) -> None:
        """Let another user in, by a SecretString with `username` and `password`.

        The database must know that user, with that password, too.

        Raises:
            GatewayError: if the text is no secret.
        """


class AwsApi(Protocol):
    """The fixture `rds_aws`: the AWS API of the cluster."""

    @property
    def cluster(self) -> str:
        """Return the identifier of the cluster, as AWS' clients name it."""

    def client(self, service: str) -> Any:
        """Return a new boto3 client of a service, for example `rds`.

        Raises:
            SettingError: if the extra `aws` is not installed.
        """

    def environment(self) -> dict[str, str]:
        """Return the variables that lead AWS clients of another process to a local cluster."""

    def impaired(
        self, *, lag: str = "0s", late_events: str = "0s", rate_exceeded: float = 0.0
    ) -> AbstractContextManager[None]:
        """Let the AWS API of a local cluster be as late and as busy for the block as AWS' own may be.

        Args:
            lag: for how long it shows the writer of before, and an instance as restarting, when SQL
                says otherwise already.
            late_events: how long after it happened an event is listed, with its true time.
            rate_exceeded: which share of all calls is refused with `Throttling`; 0.1 for 10 %.

        Raises:
            SettingError: if a value says nothing.
        """
