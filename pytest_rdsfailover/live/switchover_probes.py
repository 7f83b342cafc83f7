"""Looks at both sides of a blue/green switchover from where the load is.

Names move from one side to the other, so no name tells which side has answered. What tells it is
whether writes are taken: blue takes none once it refuses them, unless all is rolled back.
"""

from pytest_rdsfailover.live.addresses import Addresses
from pytest_rdsfailover.live.facts import ClusterFacts
from pytest_rdsfailover.live.probes import (
    EVERY,
    InstanceProbe,
    Probe,
    ResolverProbe,
    is_address,
    resolve,
)
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint

GONE_FOR = 1.0  # seconds for which a name that DNS has no more cannot be resolved at least
# A green writer may be read-only by the one variable or by the other, and so may a blue one.
SIDE = "SELECT @@aurora_server_id, @@innodb_read_only OR @@read_only"


class SideProbe(InstanceProbe):
    """Keeps a session to the writer of one side; notes when it is lost, and when writes are taken.

    Args:
        endpoint: of the instance.
        timeline: where it is noted.
        clock: the clock by which it is noted.
        writer: the writer of blue before the switchover.
        green: whether this is the green side's.
        every: seconds between two looks.
    """

    question = SIDE

    def __init__(
        self,
        endpoint: Endpoint,
        timeline: Timeline,
        clock: Clock,
        writer: str,
        *,
        green: bool,
        every: float = EVERY,
    ) -> None:
        super().__init__(endpoint, timeline, clock, writer=not green, writes=not green, every=every)
        self._writer, self._green = writer, green

    def note_back(self, now: float) -> None:
        """Note nothing: the name may lead to the other side by now."""

    def note_turn(self, now: float, *, writes: bool) -> None:
        """Note when blue takes no writes any more, and when green takes them."""
        if self._green and writes:
            self._timeline.once("switched", now, self._writer)
        # On another session than the first it may be long ago that writes were refused.
        if not self._green and not writes and not self._timeline.has("writer_cut"):
            self._timeline.once("writes_refused", now, self._writer)


class WritableProbe(Probe):
    """Makes a new connection each time, and sees whether whoever answers takes writes.

    Attributes:
        since: when the present run of connections that take writes began; None while none does.
        asked: when the last of them was asked for.
    """

    def __init__(self, endpoint: Endpoint, clock: Clock, every: float = EVERY) -> None:
        super().__init__(f"writable-{endpoint.name}", clock, every)
        self._endpoint = endpoint
        self.since: float | None = clock.now()
        self.asked = clock.now()

    def look(self) -> None:
        """Connect and ask."""
        asked, answer = self.clock.now(), self.ask_anew(self._endpoint, SIDE)
        if answer is None or answer[1]:
            self.since = None
        elif self.since is None:
            self.since = self.clock.now()
        self.asked = asked

    def takes_writes(self, after: float) -> bool:
        """Tell whether a connection that was asked for after a moment takes writes."""
        return self.since is not None and self.asked > after


class BlueDnsProbe(ResolverProbe):
    """Resolves the cluster endpoint's name; a new address is that of green."""

    milestone = "blue_dns"


class GreenDnsProbe(Probe):
    """Resolves the name of green's cluster endpoint; notes when DNS has it no more."""

    def __init__(self, host: str, timeline: Timeline, clock: Clock) -> None:
        super().__init__("green-dns", clock)
        self._host, self._timeline = host, timeline
        self._gone: float | None = None  # since when it cannot be resolved

    def look(self) -> None:
        """Resolve once; what cannot be resolved for a moment only may be the resolver's fault."""
        now = self.clock.now()
        if resolve(self._host) is not None:
            self._gone = None
        elif self._gone is None:
            self._gone = now
        elif now > self._gone + GONE_FOR:
            self.note()

    def note(self) -> None:
        """Note that the name is gone, if it cannot be resolved now."""
        if self._gone is not None:
            self._timeline.once("green_dns_removed", self._gone)


class SwitchoverProbes:
    """All probes of one switchover, none of them started.

    Args:
        blue: the cluster before the switchover.
        green: its green twin.
        successor: the name that green's writer has afterwards.
        addresses: makes endpoints.
        timeline: where the probes note what they see.
        clock: the clock by which they note it.
        every: seconds between two looks at the database.

    Attributes:
        writer: the writer of blue.
        named: the cluster endpoint is a name, which DNS leads elsewhere.
        cluster: the probe of the cluster endpoint.
        successor: the probe of the endpoint of whoever is the writer afterwards.
        all: these and the others.
    """

    def __init__(
        self,
        blue: ClusterFacts,
        green: ClusterFacts,
        successor: str,
        addresses: Addresses,
        timeline: Timeline,
        clock: Clock,
        every: float = EVERY,
    ) -> None:
        (writer,), (twin,) = blue.writers, green.writers
        self.writer, self.named, self._timeline = writer, not is_address(blue.host), timeline
        self._green_dns: GreenDnsProbe | None = None
        self.cluster = WritableProbe(addresses.cluster(blue), clock, every)
        self.successor = WritableProbe(addresses.instance(blue, successor), clock, every)
        self.all: list[Probe] = [
            SideProbe(
                addresses.instance(blue, writer), timeline, clock, writer, green=False, every=every
            ),
            SideProbe(
                addresses.instance(green, twin), timeline, clock, writer, green=True, every=every
            ),
            self.cluster,
            self.successor,
        ]
        if self.named:
            hosts = {member.id: member.host for member in green.members}
            self._green_dns = GreenDnsProbe(green.host, timeline, clock)
            self.all += [BlueDnsProbe(blue.host, hosts, timeline, clock), self._green_dns]

    def conclude(self) -> None:
        """Note what is known now that the switchover is over."""
        led = self.cluster.since
        if led is not None:
            self._timeline.once("endpoint_reaches" if self.named else "blue_dns", led)
            if not self._timeline.has("switched"):  # no session to green has told
                self._timeline.add("switched", led, self.writer)
        if self._green_dns is not None:
            self._green_dns.note()

    def take_writes(self, after: float) -> bool:
        """Tell whether the cluster endpoint and the new writer's own take writes."""
        return self.cluster.takes_writes(after) and self.successor.takes_writes(after)
