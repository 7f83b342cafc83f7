"""The fast engine: one thread, one event loop and our own protocol code for all writers.

It writes what the default engine writes, on the same schedule and into the same journal, and holds
thousands of connections. It speaks MySQL's protocol only, without encryption.
"""

import heapq
import ipaddress
import select
import sys
import threading
import time

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.closed_loop import SendWindow, crowded, least_window, run_in_batches
from pytest_rdsfailover.load.engine import Check, Engine, LoadError, happens
from pytest_rdsfailover.load.fast_writer import AWAY, CONNECTING, READY, FastWriter, WriterSettings
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.timer import Timer
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.errors import SettingError

SWEEP = 10_000_000  # nanoseconds between two looks for writers that wait for too long
# How many connections are made at the same time before the first slot. Of more than a server's
# backlog the system drops some, and tries again only after one second, then three, then seven.
STORM = 100


class FastLoad(Engine):
    """Concurrent writers in one event loop; a context manager. See `threads.ThreadLoad`.

    Args:
        workload: our own insert; nothing else can be written without a driver.
        journal: where the writers note what they did; has one column set per writer.
        rate: writes per second that all intend together; 0 for as many as the answers allow.
        policy: how a writer gets a connection back.
        share: (k, n) for every n-th writer from the k-th on; other processes run the others.

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
        settings = _settings(workload, policy or ReconnectPolicy())
        super().__init__()
        first, self._stride = share
        journals, count = journal.writers[first :: self._stride], len(journal.writers)
        self._journals = journals
        self._count = len(journals)
        self._paced = rate > 0
        self._window: SendWindow[FastWriter] = SendWindow(least_window(self._stride))
        self._writers = [
            FastWriter(settings, columns, Schedule(writer=columns.writer, writers=count, rate=rate))
            for columns in journals
        ]
        self._by_fd: dict[int, FastWriter] = {}
        self._due: list[tuple[int, int]] = []  # a heap of (nanosecond, place of the writer)
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
        missing = [writer for writer in self._writers if writer.state != READY]
        why = next((writer.problem for writer in missing if writer.problem), "no answer")
        return LoadError(
            f"{len(missing)} of {self._count} writers got no connection within {timeout:g} s: {why}"
        )

    def acked_since(self, moment: float) -> int:
        """Return how many writers had a write acknowledged that they sent after *moment*."""
        since = to_nanoseconds(moment)
        return sum(writer.last_acked > since for writer in self._writers)

    def progress(self) -> Progress:
        """Return what the writers have done so far; our own insert has nothing to complain of."""
        return Progress.of(self._journals, ())

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
            if not self._paced:
                run_in_batches()
            with select.epoll() as poll, Timer() as timer:
                poll.register(timer.fd, select.EPOLLIN)
                self._turn(poll, timer)
        except BaseException as error:  # noqa: BLE001 - the thread's top: `stop` raises it
            self._bug = error
        finally:
            self._ready.set()
            for writer in self._writers:
                writer.close()

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
                    for writer in self._writers:
                        self._plan(writer, now)
            self._serve(poll, now)
            moment = min(self._due[0][0], swept + SWEEP) if self._due else swept + SWEEP
            if moment != armed:
                timer.arm(moment)
                armed = moment
            self._answer(poll, timer, begun=begun)
        if begun:
            self._account()

    def _answer(self, poll: select.epoll, timer: Timer, *, begun: bool) -> None:
        """Wait until something happens, and let those go on whom it concerns."""
        ready = poll.poll(self._window.patience)
        if not ready:
            self._window.widen()
        for fd, events in ready:
            if fd != timer.fd:
                self._handle(poll, fd, events, begun=begun)
        if not self._gate.ended.is_set():
            for writer in self._window.take():
                writer.planned = False
                writer.use(time.monotonic_ns())
                self._follow(poll, writer, begun=True)

    def _over(self) -> bool:
        return self._gate.ended.is_set() and not any(writer.working for writer in self._writers)

    def _sweep(self, poll: select.epoll, now: int, *, begun: bool) -> None:
        """Give up what waits for too long; before the first slot, connect writers that are away.

        Later, see how many writes a closed loop may have under way.
        """
        for writer in self._writers:
            if writer.deadline and now >= writer.deadline:
                writer.expire()
                self._follow(poll, writer, begun=begun)
        if not begun:
            self._connect(poll, now)
        elif not self._paced:
            self._window.adapt(crowded=crowded())

    def _connect(self, poll: select.epoll, now: int) -> None:
        """Connect writers that are away, not all at once; set `_ready` when all are connected."""
        away = [writer for writer in self._writers if writer.state == AWAY]
        free = STORM - sum(writer.state not in (AWAY, READY) for writer in self._writers)
        for writer in away:
            if free > 0 and now >= writer.next_try:
                writer.connect()
                self._follow(poll, writer, begun=False)
                free -= 1
        if all(writer.state == READY for writer in self._writers):
            self._ready.set()

    def _serve(self, poll: select.epoll, now: int) -> None:
        """Do every write whose time has come."""
        while self._due and self._due[0][0] <= now:
            intended, number = heapq.heappop(self._due)
            if self._gate.ended.is_set():
                continue
            writer = self._writers[number]
            writer.planned = False
            if self._paced:
                self._skip(writer, writer.slot)
                writer.accounted = writer.slot + 1
            else:
                self._window.sent()
            writer.use(intended)
            self._follow(poll, writer, begun=True)

    def _handle(self, poll: select.epoll, fd: int, events: int, *, begun: bool) -> None:
        """Let a writer go on whose socket is ready."""
        writer = self._by_fd.get(fd)
        if writer is None or writer.sock is None or writer.sock.fileno() != fd:
            return  # closed meanwhile
        if writer.state == CONNECTING:
            writer.connected()
            if writer.state != CONNECTING and writer.sock is not None:
                poll.modify(fd, select.EPOLLIN)
        elif events:
            writer.receive()
        self._follow(poll, writer, begun=begun)

    def _follow(self, poll: select.epoll, writer: FastWriter, *, begun: bool) -> None:
        """Watch a connection that is new, and plan the next write of a writer that is free."""
        if writer.state == CONNECTING and writer.sock is not None:
            fd = writer.sock.fileno()
            if self._by_fd.get(fd) is not writer or writer.fresh:
                writer.fresh = False
                self._by_fd[fd] = writer
                poll.register(fd, select.EPOLLOUT)
        if begun and not writer.working and not writer.planned:
            if not self._paced:
                self._window.ended()
            self._plan(writer, time.monotonic_ns())

    def _plan(self, writer: FastWriter, now: int) -> None:
        """Put a writer's next slot on the heap; without a schedule, let it write as soon as it may."""
        writer.planned = True
        if self._paced:
            moment = self._next_slot(writer, now)
        elif writer.state == READY and now >= self._gate.start:
            self._window.keep(writer)
            return
        else:
            moment = max(self._gate.start, now, writer.next_try if writer.state == AWAY else 0)
        heapq.heappush(self._due, (moment, writer.journal.writer // self._stride))

    def _next_slot(self, writer: FastWriter, now: int) -> int:
        if writer.slots.start != self._gate.start:
            writer.slots = writer.slots.starting(self._gate.start)
        elif writer.accounted:
            writer.slot = max(
                writer.slots.next_slot(writer.slot, now),
                writer.slots.first_after(writer.next_try, writer.accounted),
            )
        return writer.slots.intended(writer.slot)

    def _skip(self, writer: FastWriter, stop: int) -> None:
        first = writer.accounted
        if stop > first:
            writer.journal.skip(*writer.slots.span(first, stop))

    def _account(self) -> None:
        """Note the slots up to the end that no writer used."""
        if self._paced:
            for writer in self._writers:
                self._skip(writer, writer.slots.first_after(self._gate.end, writer.accounted))


def _settings(workload: Workload, policy: ReconnectPolicy) -> WriterSettings:
    """Return what all writers need to know; raise SettingError if the engine cannot do it."""
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
