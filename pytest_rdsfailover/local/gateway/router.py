"""Which endpoint leads where: instances, their roles and states, and what DNS says. No I/O."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pytest_rdsfailover.local.gateway.aurora import TopologyRow
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint
from pytest_rdsfailover.local.gateway.instance import LARGE, Instance, Size, State
from pytest_rdsfailover.local.gateway.views import InstanceView
from pytest_rdsfailover.local.gateway.volume import Volume
from pytest_rdsfailover.model.errors import GatewayError

CLUSTER, READER = "cluster", "reader"


class Router:
    """The cluster as AWS sees it.

    Args:
        count: how many instances it has.
        suffix: what their names end with.
        volume: where they store rows; None for a new one.

    Attributes:
        instances: all instances by id, in the order of their numbers.
        writer: the nominal writer; it stays so until another instance is promoted.
        dns: the instance that the cluster endpoint's name leads to.
        volume: where all of them store rows.
        custom: the custom endpoints, by name.
        regions: in which region each instance is, by id; empty without a global database.
        suffix: what the names of its instances end with.
        frozen: no instance of it takes writes, the nominal writer included.
        twin: the other side of a blue/green deployment; None without one.
        detour: returns the instance that an endpoint leads to meanwhile; None for the usual one.
        guests: the endpoints of the twin.
    """

    def __init__(self, count: int, suffix: str = "", volume: Volume | None = None) -> None:
        ids = [f"instance-{number}{suffix}" for number in range(1, count + 1)]
        self.volume = volume or Volume()
        self.instances = {
            name: Instance(
                id=name, members=self.members, writable=self.writable, volume=self.volume
            )
            for name in ids
        }
        self.writer = self.dns = ids[0]
        self.instances[self.writer].writer = True
        self.custom: Mapping[str, CustomEndpoint] = {}
        self.regions: Mapping[str, str] = {}
        self.suffix, self.frozen = suffix, False
        self.twin: Router | None = None
        self.detour: Callable[[str], Instance | None] = lambda _: None
        self.guests: tuple[str, ...] = ()
        self._turn = 0

    @property
    def endpoints(self) -> list[str]:
        """Return the names of all endpoints."""
        return [*self.instances, CLUSTER, READER, *self.guests]

    def views(self) -> list[InstanceView]:
        """Return all instances as they are told of."""
        return [
            InstanceView(
                id=instance.id,
                role="writer" if instance.writer else "reader",
                state=instance.state.value,
                sessions=instance.sessions,
            )
            for instance in self.instances.values()
        ]

    def instance(self, name: str) -> Instance:
        """Return an instance, of the twin if need be.

        Raises:
            GatewayError: if there is none of that name.
        """
        if self.twin is not None and name in self.twin.instances:
            return self.twin.instances[name]
        try:
            return self.instances[name]
        except KeyError:
            known = ", ".join(self.instances)
            raise GatewayError(f"no such instance: {name!r}; there are {known}") from None

    def members(self) -> list[TopologyRow]:
        """Return all instances as Aurora's topology table has them now.

        A row tells what its instance has last told. That of an instance which is down is not updated
        any more: an old writer keeps the master's session in it, beside a new one, until it is back.
        """
        now, lag = time.monotonic(), self.volume.told_lag
        return [
            TopologyRow(
                id=instance.id,
                writer=self._shows_writer(instance),
                age=0.0 if instance.down_since is None else now - instance.down_since,
                lag=lag,
                region=self.regions.get(instance.id, ""),
            )
            for instance in self.instances.values()
        ]

    def writable(self) -> bool:
        """Tell whether an instance takes writes now."""
        writer = self.instances[self.writer]
        return writer.writer and writer.state is State.UP

    def _shows_writer(self, instance: Instance) -> bool:
        """Tell whether an instance has the master's session, which it has also while writes are refused."""
        if self.frozen:
            return instance.id == self.writer
        return instance.writer if instance.down_since is None else instance.was_writer

    def choose(self, endpoint: str) -> Instance:
        """Return the instance that a new connection to an endpoint reaches, whatever its state."""
        return self.detour(endpoint) or self.lead(endpoint)

    def lead(self, endpoint: str) -> Instance:
        """Return the instance of this environment that an endpoint stands for."""
        if endpoint == CLUSTER:
            return self.instances[self.dns]
        if endpoint == READER:
            return self._reader()
        if endpoint in self.custom:
            return self._of_custom(self.custom[endpoint])
        return self.instance(endpoint + self.suffix)

    def _of_custom(self, endpoint: CustomEndpoint) -> Instance:
        """Return the least busy instance of a custom endpoint; one that refuses if none is up."""
        group = [
            instance
            for instance in self.instances.values()
            if endpoint.leads_to(instance.id, writer=instance.id == self.writer)
        ]
        for state in (State.UP, State.SILENT):
            if _in(state, group):
                return self._least_busy(_in(state, group))
        return Instance(id=endpoint.name, state=State.REFUSING)

    def _least_busy(self, group: Sequence[Instance]) -> Instance:
        """Return the instance with the fewest sessions, by turns among equals."""
        fewest = min(instance.sessions for instance in group)
        idle = [instance for instance in group if instance.sessions == fewest]
        self._turn += 1
        return idle[self._turn % len(idle)]

    def _reader(self) -> Instance:
        """Return the reader with the fewest sessions, by turns among equals.

        If no reader answers, it is the writer. It is a hanging reader only if there is no other
        instance: DNS would still name that one.
        """
        readers = [instance for instance in self.instances.values() if instance.id != self.writer]
        writer = self.instances[self.writer]
        for group in (_in(State.UP, readers), _in(State.UP, [writer]), _in(State.SILENT, readers)):
            if group:
                return self._least_busy(group)
        return writer

    def refused(self) -> frozenset[str]:
        """Return the endpoints at which nobody listens."""
        return frozenset(
            name for name in self.endpoints if self.choose(name).state is State.REFUSING
        )

    def cut(self, name: str, state: State) -> None:
        """Let an instance refuse connections, swallow them or let them wait."""
        instance = self.instance(name)
        instance.state = state
        if instance.down_since is None:
            instance.was_writer = instance.writer
        instance.down_since, instance.size = time.monotonic(), LARGE

    def depose(self, name: str) -> None:
        """Take an instance's right to write, though it stays the nominal writer."""
        self.instance(name).writer = False

    def promote(self, name: str, *, small: float = 0.0, growth: float = 0.0) -> None:
        """Make an instance the writer, and up.

        Args:
            name: its id.
            small: by how many seconds each command takes longer at first.
            growth: after how many seconds it has grown.
        """
        target = self.instance(name)
        if small:
            target.size = Size(small=small, growth=growth, since=time.monotonic())
        for instance in self.instances.values():
            instance.writer = instance is target
        self.writer, target.state, target.down_since = name, State.UP, None

    def back(self, name: str) -> None:
        """Let an instance accept connections again, in the role it has."""
        instance = self.instance(name)
        instance.state, instance.down_since = State.UP, None

    def point(self, name: str) -> None:
        """Make the cluster endpoint lead to an instance."""
        self.dns = self.instance(name).id

    def freeze(self) -> None:
        """Let no instance take writes."""
        self.frozen = True
        for instance in self.instances.values():
            instance.writer = False

    def thaw(self) -> None:
        """Let the nominal writer take writes again."""
        self.frozen = False
        for instance in self.instances.values():
            instance.writer = instance.id == self.writer

    def adopt(self, instances: Sequence[Instance], writer: Instance, suffix: str) -> None:
        """Consist of these instances from now on, under names of this environment."""
        for number, instance in enumerate(instances, 1):
            instance.id, instance.members = f"instance-{number}{suffix}", self.members
            instance.writable = self.writable
            instance.state, instance.down_since = State.UP, None
        self.instances = {instance.id: instance for instance in instances}
        self.writer = self.dns = writer.id
        self.suffix = suffix


def _in(state: State, group: Iterable[Instance]) -> list[Instance]:
    return [instance for instance in group if instance.state is state]
