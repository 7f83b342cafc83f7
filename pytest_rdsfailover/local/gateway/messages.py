"""What the test process and the gateway tell each other, as records; JSON has their fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.proxy.stats import Pin, ProxyStats
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.traffic import Traffic

COMMAND = "command"  # which field of a line names what is wanted
# What a blue/green deployment is before a switchover.
PROVISIONING, AVAILABLE = "PROVISIONING", "AVAILABLE"
Message = Mapping[str, object]  # a line on the control socket: the fields of one record

# Questions ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayScript:
    """Play a script.

    Attributes:
        steps: what happens when.
        read_only_error: what those that it restarts answer to writes, 1290 or 1836.
        name: what `Plays` calls it.
        dns_ttl: seconds for which resolvers may remember where the cluster's name leads.
    """

    steps: Sequence[Step]
    read_only_error: int
    name: str = ""
    dns_ttl: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskMilestones:
    """Tell the milestones of a script: its place among all, None for the latest."""

    play: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPlays:
    """Tell the scripts since the gateway started, from a place among all on."""

    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTraffic:
    """Tell what came to each endpoint; count the statements with a mark from now on."""

    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskEndpoint:
    """Tell something of one endpoint."""

    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Who may log in to the proxy: SecretStrings by user."""

    texts: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSecret:
    """Let another user log in to the proxy, by a SecretString."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """Let the database itself fail so from now on, and in no other way.

    Attributes:
        crowded: how many clients an instance has room for, where that is limited, by its id.
        full: the volume has no room for another row.
        commit_delay: seconds by which each commit is late.
        replica_lag: how old what readers show is at least, in seconds.
    """

    crowded: Mapping[str, int] = field(default_factory=dict)
    full: bool = False
    commit_delay: float = 0.0
    replica_lag: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardWrites:
    """Let readers forward writes of sessions that want it, or none."""

    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowRegions:
    """Tell in which region of a global database each instance is, by id; empty without one."""

    regions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAs:
    """Let the proxy take IAM tokens for these addresses only, and certify these host names."""

    addresses: Sequence[str]
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateBlueGreen:
    """Have a green twin of the cluster, whose names end with this suffix."""

    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceBlueGreen:
    """Tell drivers of the blue/green deployment: the host and port of each endpoint."""

    hosts: Mapping[str, tuple[str, int]]


# Answers, and what comes unasked ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The first line that the gateway prints: where each endpoint listens on 127.0.0.1."""

    ports: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """There is no answer, and why."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was done, and there is nothing to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """The gateway's process id."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """When a script began, in monotonic seconds."""

    started: float


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
class Plays:
    """The scripts that were asked for, in order."""

    plays: Sequence[PlayView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """What has happened in a script so far, in order of time."""

    milestones: Sequence[Milestone]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficByEndpoint:
    """What came to each endpoint so far."""

    endpoints: Mapping[str, Traffic]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyState:
    """The figures of one proxy endpoint, and the sessions that were pinned, in order of time."""

    stats: ProxyStats
    pins: Sequence[Pin]
