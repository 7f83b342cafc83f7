"""The fast engine: one thread, one event loop and our own protocol code for all writers.

It writes what the default engine writes, keeps the same schedule and the same books, and holds
thousands of connections; it speaks MySQL's protocol only, without encryption.
"""

import heapq
import ipaddress
import select
import sys
import threading
import time

from pytest_rdsfailover.journal.journal import NANO, Journal
from pytest_rdsfailover.load.engine import Check, Engine, LoadError, happens
from pytest_rdsfailover.load.fast_writer import AWAY, CONNECTING, READY, FastWriter, WriterSettings
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.timer import Timer
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.errors import SettingError

SWEEP = 10_000_000  # nanoseconds between two looks at who waits for too long
# Connections to be made at the same time before the first slot: more than a server's backlog would
# be dropped by the system, which tries again after a second, then after three, then seven.
STORM = 100


class FastLoad(Engine):
    """Concurrent writers in one event loop; a context manager. See `threads.Load`.

    Args:
        workload: an insert of ours: nothing else can be written without a driver.
        journal: where they note it; has one column set per writer.
        rate: writes per second that they intend together; 0 for as many as the answers allow.
        policy: how they get a connection back.
        share: (k, n) for every n-th of the writers, from the k-th on; others do the rest.

    Raises:
        SettingError: for a workload of the user's own, an endpoint that wants encryption or has no
            numeric address, or a system without `epoll`.
    """

    def __init__(
        self,
        workload: Workload,
        journal: Journal,
        *,
        rate: float,
        policy: ReconnectPolicy | None = None,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        order = _order(workload, policy or ReconnectPolicy())
        super().__init__()
        first, self._stride = share
        mine, everybody = journal.writers[first :: self._stride], len(journal.writers)
        self._count = len(mine)
        self._paced = rate > 0
        self._lines = [
            FastWriter(order, each, Schedule(writer=each.writer, writers=everybody, rate=rate))
            for each in mine
        ]
        self._by_fd: dict[int, FastWriter] = {}
        self._due: list[tuple[int, int]] = []  # (nanosecond, place of the line), a heap
        self._ready = threading.Event()
        self._bug: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="rds-fast-load", daemon=True)

    def connect(self, timeout: float, check: Check | None = None) -> None:
        """Connect all writers at once."""
        self._thread.start()
        try:
            there = happens(self._ready, time.monotonic() + timeout, check)
        except BaseException:
            self._gate.close()
            raise
        if not there or self._bug is not None:
            self._gate.close()
            self._thread.join(timeout)
            raise self._not_started(timeout)

    def _not_started(self, timeout: float) -> LoadError:
        if self._bug is not None:
            return LoadError(f"the fast engine broke: {self._bug!r}")
        missing = [line for line in self._lines if line.state != READY]
        why = next((line.problem for line in missing if line.problem), "no answer")
        return LoadError(
            f"{len(missing)} of {self._count} writers got no connection within {timeout:g} s: {why}"
        )

    def acked_since(self, moment: float) -> int:
        """Return how many writers had a write acknowledged that they sent after *moment*."""
        return sum(line.last_acked * NANO > moment for line in self._lines)

    def stop(self, timeout: float = 10.0) -> None:
        """End all writers."""
        self._gate.close()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._thread.is_alive():
            raise LoadError(f"the fast engine still runs after {timeout:g} s")
        if self._bug is not None:
            raise LoadError(f"the fast engine broke: {self._bug!r}") from self._bug

    def _run(self) -> None:
        try:
            with select.epoll() as poll, Timer() as timer:
                poll.register(timer.fd, select.EPOLLIN)
                self._turn(poll, timer)
        except BaseException as error:  # noqa: BLE001 - the top of a thread; shown by stop()
            self._bug = error
        finally:
            self._ready.set()
            for line in self._lines:
                line.close()

    def _turn(self, poll: select.epoll, timer: Timer) -> None:
        """Serve all writers until the load has ended and the last answer is there."""
        begun = False
        swept = armed = 0
        while not self._over():
            now = time.monotonic_ns()
            if now >= swept + SWEEP:
                self._sweep(poll, now, begun=begun)
                swept = now
                if not begun and self._gate.begun.is_set() and not self._gate.ended.is_set():
                    begun = True
                    for line in self._lines:
                        self._plan(line, now)
            self._serve(poll, now)
            moment = min(self._due[0][0], swept + SWEEP) if self._due else swept + SWEEP
            if moment != armed:
                timer.arm(moment)
                armed = moment
            for fd, events in poll.poll():
                if fd != timer.fd:
                    self._hear(poll, fd, events, begun=begun)
        if begun:
            self._account()

    def _over(self) -> bool:
        return self._gate.ended.is_set() and not any(line.working for line in self._lines)

    def _sweep(self, poll: select.epoll, now: int, *, begun: bool) -> None:
        """Give up what waits for too long; before the first slot, connect whoever is away."""
        for line in self._lines:
            if line.deadline and now >= line.deadline:
                line.expire()
                self._follow(poll, line, begun=begun)
        if not begun:
            self._connect(poll, now)

    def _connect(self, poll: select.epoll, now: int) -> None:
        """Connect whoever is away, not all at once; say so when everybody is there."""
        away = [line for line in self._lines if line.state == AWAY]
        free = STORM - sum(line.state not in (AWAY, READY) for line in self._lines)
        for line in away:
            if free > 0 and now >= line.next_try:
                line.connect()
                self._follow(poll, line, begun=False)
                free -= 1
        if all(line.state == READY for line in self._lines):
            self._ready.set()

    def _serve(self, poll: select.epoll, now: int) -> None:
        """Do every write whose time has come."""
        while self._due and self._due[0][0] <= now:
            intended, number = heapq.heappop(self._due)
            if self._gate.ended.is_set():
                continue
            line = self._lines[number]
            line.planned = False
            if self._paced:
                self._skip(line, line.slot)
                line.accounted = line.slot + 1
            line.use(intended)
            self._follow(poll, line, begun=True)

    def _hear(self, poll: select.epoll, fd: int, events: int, *, begun: bool) -> None:
        line = self._by_fd.get(fd)
        if line is None or line.sock is None or line.sock.fileno() != fd:
            return  # closed meanwhile
        if line.state == CONNECTING:
            line.connected()
            if line.state != CONNECTING and line.sock is not None:
                poll.modify(fd, select.EPOLLIN)
        elif events:
            line.receive()
            if line.state == READY and begun and not self._paced and not self._gate.ended.is_set():
                line.use(time.monotonic_ns())  # without a detour over the heap
        self._follow(poll, line, begun=begun)

    def _follow(self, poll: select.epoll, line: FastWriter, *, begun: bool) -> None:
        """Watch a connection that is new, and plan the next write of a writer that is free."""
        if line.state == CONNECTING and line.sock is not None:
            fd = line.sock.fileno()
            if self._by_fd.get(fd) is not line or line.fresh:
                line.fresh = False
                self._by_fd[fd] = line
                poll.register(fd, select.EPOLLOUT)
        if begun and not line.working and not line.planned:
            self._plan(line, time.monotonic_ns())

    def _plan(self, line: FastWriter, now: int) -> None:
        """Put a writer's next slot on the heap; without a schedule, the first moment it may write."""
        if not self._paced:
            moment = max(self._gate.start, now, line.next_try if line.state == AWAY else 0)
        else:
            if line.slots.start != self._gate.start:
                line.slots = line.slots.starting(self._gate.start)
            elif line.accounted:
                line.slot = max(
                    line.slots.next_slot(line.slot, now),
                    line.slots.first_after(line.next_try, line.accounted),
                )
            moment = line.slots.intended(line.slot)
        line.planned = True
        heapq.heappush(self._due, (moment, line.journal.writer // self._stride))

    def _skip(self, line: FastWriter, stop: int) -> None:
        first = line.accounted
        if stop > first:
            slots = line.slots
            line.journal.skip(slots.intended(first), slots.intended(stop - 1), stop - first)

    def _account(self) -> None:
        """Note the slots up to the end that nobody used."""
        if self._paced:
            for line in self._lines:
                self._skip(line, line.slots.first_after(self._gate.end, line.accounted))


def _order(workload: Workload, policy: ReconnectPolicy) -> WriterSettings:
    """Return what the lines need to know, or raise SettingError if they cannot do it."""
    if not isinstance(workload, InsertWorkload):
        raise SettingError("the fast engine writes our own insert only; leave out the workload")
    if sys.platform != "linux":
        raise SettingError("the fast engine needs Linux; leave out engine='fast'")
    endpoint = workload.endpoint
    if endpoint.tls.ca is not None and endpoint.tls.wanted:
        raise SettingError("the fast engine cannot encrypt; leave out engine='fast'")
    try:
        ipaddress.ip_address(endpoint.host)
    except ValueError:
        raise SettingError(
            f"the fast engine cannot wait for DNS to resolve {endpoint.host!r}; leave out"
            " engine='fast'"
        ) from None
    return WriterSettings(endpoint, workload.insert_head, policy)
