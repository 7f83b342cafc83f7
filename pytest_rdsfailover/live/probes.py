"""Looks at the database from where the load is: who answers, who takes writes, what DNS says."""

import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

from pytest_rdsfailover.live.facts import ClusterFacts
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

EVERY = 0.05  # seconds between two looks; a change is seen at most this long after it happened
# RDS authenticates few IAM tokens a second, and the load needs them; each look is a login. Nor is
# who refuses a login asked more often: an account may be locked after so many.
SPARING = 0.5
# Errors by which an instance that runs refuses a login: too many connections, wrong password, no
# rights, no such schema, too many by one user, blocked or unknown host, a password that has expired,
# an account that is locked or was after wrong passwords, no TLS.
LOGIN_REFUSED = frozenset({
    1040, 1044, 1045, 1049, 1129, 1130, 1203, 1226, 1698, 1820, 1862, 3118, 3159, 3955,
})  # fmt: skip
SHORT = Bounds(connect=0.5, read=1.0, write=1.0)
REFUSED = ("", 1)
ROLE = "SELECT @@aurora_server_id, @@innodb_read_only"


def ask_once(endpoint: Endpoint, question: str) -> tuple[str, int]:
    """Return what a new connection answers: an instance's id, and whether it refuses writes."""
    with driver.connect(endpoint, bounds=SHORT) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        answer: tuple[str, int] = cursor.fetchone()
        return answer


class Probe(threading.Thread):
    """Looks again and again until it is told to stop; the failover's `check` raises its error.

    Attributes:
        every: seconds between two looks.
        refused: whether the last look was refused the login.
    """

    def __init__(self, name: str, clock: Clock, every: float = EVERY) -> None:
        super().__init__(name=f"rdsfailover-{name}", daemon=True)
        self.clock, self.every, self.refused = clock, every, False
        self.error: Exception | None = None
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        try:
            while not self._stop_asked.is_set():
                self.look()
                self._stop_asked.wait(self.pause)
        except Exception as error:  # noqa: BLE001 - the thread's top; raised by `check`
            self.error = error
        finally:
            self.close()

    @property
    def pause(self) -> float:
        """Return the seconds until the next look."""
        return max(self.every, SPARING) if self.refused else self.every

    @property
    def lost(self) -> str:
        """Return why no login will work any more; empty if the last look was not refused for that."""
        return ""

    def look(self) -> None:
        """Look once."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the session that the probe holds, if it holds one."""

    def ask_anew(self, endpoint: Endpoint, question: str) -> tuple[str, int] | None:
        """Return what a new connection answers; None if it does not, and note who `refused` it."""
        self.refused = False
        try:
            return ask_once(endpoint, question)
        except Exception as error:  # noqa: BLE001 - what is no answer of a server goes on
            self.refused = refuses_login(error)
            return None

    def stop(self) -> None:
        """End the thread after its present look."""
        self._stop_asked.set()


class InstanceProbe(Probe):
    """Keeps a session to one instance; notes when the instance is lost, back, and promoted.

    Attributes:
        up: whether the instance answered at the last look, be it by refusing the login.
        writes: whether it takes writes, by its last answer.
        was_writer: whether it was the writer before the trigger.
    """

    question = ROLE

    def __init__(
        self,
        endpoint: Endpoint,
        timeline: Timeline,
        clock: Clock,
        *,
        writer: bool,
        writes: bool,
        every: float = EVERY,
    ) -> None:
        super().__init__(endpoint.name, clock, every)
        self._endpoint, self._timeline, self.was_writer = endpoint, timeline, writer
        self.up, self.writes = True, writes
        self._connection: Any = None

    @property
    def lost(self) -> str:
        """Return why the password that the instance refuses can be had no more."""
        return self._endpoint.lost() if self.refused else ""

    def look(self) -> None:
        """Ask for the role, on the session there is or on a new one."""
        asked = self.clock.now()
        answer = self._ask()
        now, name = self.clock.now(), self._endpoint.name
        self.refused = answer is REFUSED
        if answer is None:
            if self.up:
                # The time of the question, because silence is noticed only a time-out later.
                lost = "writer_cut" if self.was_writer else "instance_cut"
                self._timeline.once(lost, asked, name)
            self.up = False
            return
        if not self.up:
            self.note_back(now)
        self.up = True
        if self.refused:
            self._timeline.once("login_refused", now, name)
        writes = self.writes if self.refused else not answer[1]
        if writes != self.writes:
            self.note_turn(now, writes=writes)
        self.writes = writes

    def note_back(self, now: float) -> None:
        """Note that the instance answers again."""
        back = "old_writer_back" if self.was_writer else "instance_back"
        self._timeline.once(back, now, self._endpoint.name)

    def note_turn(self, now: float, *, writes: bool) -> None:
        """Note that the instance takes writes from now on, or takes none any more."""
        if writes and not self.was_writer:
            self._timeline.once("promoted", now, self._endpoint.name)

    def _ask(self) -> tuple[str, int] | None:
        """Return the instance's id and whether it is read-only; None if it does not answer.

        An instance that refuses the login runs: it answers `REFUSED`, which tells no role.
        """
        try:
            if self._connection is None:
                self._connection = driver.connect(self._endpoint, bounds=SHORT)
            with self._connection.cursor() as cursor:
                cursor.execute(self.question)
                answer: tuple[str, int] = cursor.fetchone()
                return answer
        except Exception as error:  # noqa: BLE001 - what is no answer of a server goes on
            self.close()
            return REFUSED if refuses_login(error) else None

    def close(self) -> None:
        """Close the session."""
        if self._connection is not None:
            driver.close(self._connection)
            self._connection = None


class EndpointProbe(Probe):
    """Makes a new connection to the cluster endpoint each time, as an application's pool does.

    Attributes:
        leads_to: the instance that the last connection reached; None before the first.
        writes: whether that instance takes writes.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        timeline: Timeline,
        clock: Clock,
        first: str,
        every: float = EVERY,
    ) -> None:
        super().__init__("cluster-endpoint", clock, every)
        self._endpoint, self._timeline = endpoint, timeline
        self.leads_to, self.writes = first, True
        # The flip of a name is noted by the ResolverProbe. An address has nothing to resolve, so
        # that this probe notes the flip.
        self._resolves = not is_address(endpoint.host)

    def look(self) -> None:
        """Connect and ask who is there."""
        answer = self.ask_anew(self._endpoint, ROLE)
        if self.refused:
            self._timeline.once("login_refused", self.clock.now(), self._endpoint.name)
        if answer is None:
            return
        name, read_only = answer
        if name != self.leads_to:
            milestone = "endpoint_reaches" if self._resolves else "dns_flip"
            self._timeline.add(milestone, self.clock.now(), name)
        self.leads_to, self.writes = name, not read_only


class ResolverProbe(Probe):
    """Resolves the cluster endpoint's name; notes which instance a new address belongs to.

    Attributes:
        milestone: what a new address is noted as.
    """

    milestone = "dns_flip"

    def __init__(
        self, host: str, instances: dict[str, str], timeline: Timeline, clock: Clock
    ) -> None:
        super().__init__("resolver", clock)
        self._host, self._instances, self._timeline = host, instances, timeline
        self._last = resolve(host)

    def look(self) -> None:
        """Resolve, and note an address that differs from the last one."""
        address = resolve(self._host)
        if address is not None and self._last is not None and address != self._last:
            self._timeline.add(self.milestone, self.clock.now(), self._instance_at(address))
        self._last = address or self._last

    def _instance_at(self, address: str) -> str | None:
        for name, host in self._instances.items():
            if resolve(host) == address:
                return name
        return None


def refuses_login(error: Exception) -> bool:
    """Tell whether a server that runs has refused a login; False if nobody has answered.

    Raises:
        Exception: the error itself, if neither server nor network is its cause.
    """
    fault = driver.fault_of(error)
    if fault.kind == "client":
        raise error
    return fault.code in LOGIN_REFUSED


def resolve(host: str) -> str | None:
    """Return the first address of a name; None if the name cannot be resolved."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return None


def is_address(host: str) -> bool:
    """Tell whether a host is an address, which nobody resolves."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


MakeEndpoint = Callable[[str], Endpoint]


def probes(
    facts: ClusterFacts,
    endpoint: MakeEndpoint,
    timeline: Timeline,
    clock: Clock,
    *,
    every: float = EVERY,
) -> list[Probe]:
    """Return all probes, none of them started: instances, the endpoint, and the name if it is one.

    Args:
        facts: the cluster before the trigger.
        endpoint: returns the endpoint of an instance, or of the `cluster`.
        timeline: where the probes note what they see.
        clock: the clock by which they note it.
        every: seconds between two looks at the database.
    """
    writer = facts.writers[0]
    every_probe: list[Probe] = [
        InstanceProbe(
            endpoint(member.id),
            timeline,
            clock,
            writer=member.writer,
            writes=member.writer,
            every=every,
        )
        for member in facts.members
    ]
    every_probe.append(EndpointProbe(endpoint("cluster"), timeline, clock, writer, every))
    if not is_address(facts.host):
        hosts = {member.id: member.host for member in facts.members}
        every_probe.append(ResolverProbe(facts.host, hosts, timeline, clock))
    return every_probe
