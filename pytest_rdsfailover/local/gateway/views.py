"""How the gateway shows its cluster at one moment, as records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.proxy.stats import ProxyStats

# What a blue/green deployment is before a switchover.
PROVISIONING, AVAILABLE = "PROVISIONING", "AVAILABLE"


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
class DeploymentView:
    """A blue/green deployment as the gateway has it now.

    Attributes:
        suffix: what the names of the green environment end with.
        status: what drivers are told.
        switched: green has become the cluster.
        renamed: DNS's blue names lead to what was green.
        removed: DNS has no green names any more.
        writer: the nominal writer of the environment that is not the cluster.
        instances: all instances of that environment.
        hosts: by which host and port each endpoint of both is called.
        first_play: how many scripts had been asked for when it was made.
        failure: why the last switchover did not happen; empty if none was tried, or it did.
    """

    suffix: str
    status: str
    switched: bool
    renamed: bool
    removed: bool
    writer: str = ""
    instances: Sequence[InstanceView] = ()
    hosts: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    first_play: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    """The cluster as the gateway has it now.

    Attributes:
        writer: the nominal writer, until another is promoted.
        dns: the instance that the cluster endpoint leads to.
        reader: the instance that the reader endpoint leads to, by turns.
        ports: where each endpoint listens on 127.0.0.1.
        playing: a script is on.
        busy: on how many connections a command is under way.
        failures: what went wrong since the gateway started, in words.
        instances: all instances, in the order of their numbers.
        deployment: its blue/green deployment; None without one.
        forwarding: readers forward writes of sessions that want it.
    """

    writer: str
    dns: str
    reader: str
    ports: Mapping[str, int]
    playing: bool
    busy: int
    failures: Sequence[str]
    instances: Sequence[InstanceView]
    deployment: DeploymentView | None = None
    forwarding: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFigures:
    """What is counted of one instance.

    Attributes:
        id: its name.
        writer: it takes writes.
        up: it takes connections.
        connections: how many it has, the proxy's included.
        commits: how many there were since the gateway started.
        commit_time: how long these took together, in seconds.
    """

    id: str
    writer: bool
    up: bool
    connections: int
    commits: int
    commit_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFigures:
    """What is counted of instances and of the proxy's endpoints, at one moment.

    Attributes:
        at: the moment, in monotonic seconds.
        instances: all instances.
        proxy: the figures of each endpoint of the proxy.
        replica_lag: how far readers say that they are behind, in seconds.
    """

    at: float
    instances: Sequence[InstanceFigures]
    proxy: Mapping[str, ProxyStats]
    replica_lag: float
