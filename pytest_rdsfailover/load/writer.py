"""One writer: a thread that works through its slots, and replaces a connection that it lost."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

from pytest_rdsfailover.journal.complaints import CONTRADICTS, HANGING, TEARDOWN
from pytest_rdsfailover.journal.journal import WriterJournal
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.load.engine import Gate
from pytest_rdsfailover.load.mix import WRITE, MixStep
from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.load.stacks import stack_of
from pytest_rdsfailover.load.workload import Session, Waiting, Workload
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.errors import ContradictionError
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql import driver

NAP = 0.1  # seconds; the longest sleep, so that a writer soon notices the end
CUT = frozenset({"reset", "read-only"})  # faults of a cut, which leave no client waiting
COUNTS = nullcontext(True)  # noqa: FBT003 - what the block is told
CONNECTION_LOST = frozenset({"refused", "reset", "timeout", "dns"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectPolicy:
    """How a writer gets its connection back.

    A connection that had served and is cut is replaced at once, with an extra write beside the
    schedule: a cut does not mean that the server is away. From then on the writer tries at its
    slots, so that all writers together try as evenly as they write.

    Attributes:
        bounds: how long a writer waits for a connection, an answer, a send.
        backoff: the least number of seconds between two tries, except before that first one.
        jitter: the share by which that varies at random, so that writers do not return in step.
        on_read_only: whether a writer drops its connection when the server says "read only", as
            drivers with `rejectReadOnly` do. If not, a writer that is connected to the demoted
            instance stays there: the stuck pool.
    """

    bounds: Bounds = field(default_factory=Bounds)
    backoff: float = 0.05
    jitter: float = 0.5
    on_read_only: bool = True

    def wait(self, chance: random.Random) -> float:
        """Return for how many seconds to wait before another try."""
        return max(0.0, self.backoff * (1 + self.jitter * chance.uniform(-1, 1)))

    def leaves(self, outcome: Outcome, fault: Fault) -> bool:
        """Tell whether a connection with this outcome and fault is of no more use."""
        if fault.code in driver.READ_ONLY:
            return self.on_read_only
        return outcome is Outcome.UNKNOWN or fault.kind in CONNECTION_LOST


class Writer:
    """One writer of a load.

    Attributes:
        number: its number among all writers of the load.
        thread: its thread; a daemon, because the user's code may hang in it.
        begins: what its thread does first.
        ready: set once it has its first connection.
        problem: why it has no connection so far.
        bug: what broke it, if that was not the workload.
        last_acked: the nanosecond at which its latest acknowledged write was sent.
    """

    def __init__(
        self,
        workload: Workload,
        journal: WriterJournal,
        schedule: Schedule,
        gate: Gate,
        policy: ReconnectPolicy,
        classify: Classify = driver.classify,
        complaints: Complaints | None = None,
        *,
        think: float = 0.0,
    ) -> None:
        self.number, self._think = journal.writer, think
        self._workload, self._journal, self._gate, self._policy = workload, journal, gate, policy
        self._schedule, self._classify = schedule, classify
        self._complaints = complaints or Complaints()
        self._abandoning = threading.Lock()
        self._abandoned = False  # it was given up: what it still does counts nowhere
        self._busy: tuple[int, int] | None = None  # when its work was intended and begun
        self._session: Session | None = None
        self._steps, self._turn = workload.steps, journal.writer
        self._renews = workload.renews
        self._next_try = 0
        self._served = self._at_once = False  # the connection has served; it is to be replaced now
        self._chance = random.Random()  # noqa: S311 - jitter, no secret
        self.begins: Callable[[], None] | None = None
        self.ready = threading.Event()
        self.problem: Exception | None = None
        self.bug: BaseException | None = None
        self.last_acked = 0
        name = f"rds-writer-{self.number}"
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        try:
            if self.begins is not None:
                self.begins()
            self._first_connection()
            self._gate.begun.wait()
            if not self._gate.ended.is_set():
                self._work() if self._schedule.rate else self._work_unpaced()
        except BaseException as error:  # noqa: BLE001 - the thread's top: `ThreadLoad.stop` raises it
            self.bug = error
        finally:
            self._drop()

    def _first_connection(self) -> None:
        while self._session is None and not self._gate.ended.is_set():
            try:
                self._session = self._workload.open(self._journal.writer, self._policy.bounds)
            except Exception as error:  # noqa: BLE001 - any driver's, and the user's own
                self.problem = error
                self._gate.ended.wait(self._policy.wait(self._chance))
        if self._session is not None:
            self.ready.set()

    def _work(self) -> None:
        slots = self._schedule.starting(self._gate.start)
        slot = accounted = 0
        while self._reaches(slots.intended(slot)):
            self._skip(slots, accounted, slot)
            self._use(slots.intended(slot))
            accounted = slot + 1
            extra = self._use_at_once()
            slot = max(
                slots.next_slot(slot, time.monotonic_ns()),
                slots.first_after(max(extra, self._next_try), accounted),
            )
        # Up to the end of the load, even if a stall let this writer go only later.
        self._skip(slots, accounted, slots.first_after(self._gate.end, accounted))

    def _use_at_once(self) -> int:
        """Write beside the schedule if a connection that had served was cut; return when, or 0."""
        if not self._at_once or self._gate.ended.is_set():
            return 0
        now = time.monotonic_ns()
        self._use(now)
        return now

    def _work_unpaced(self) -> None:
        """Write again after every answer; wait to think, and to get a connection back."""
        moment = self._gate.start + self._think_time()
        while self._reaches(max(moment, self._next_try)):
            self._use(time.monotonic_ns())
            moment = time.monotonic_ns() + self._think_time()

    def _think_time(self) -> int:
        """Return how long to think now: half to one and a half times the average."""
        return to_nanoseconds(self._think * self._chance.uniform(0.5, 1.5)) if self._think else 0

    def _reaches(self, moment: int) -> bool:
        """Sleep until a moment; return whether the load still goes on then."""
        while not self._gate.ended.is_set():
            left = to_seconds(moment - time.monotonic_ns())
            if left <= 0:
                return True
            time.sleep(min(left, NAP))
        return False

    def _skip(self, slots: Schedule, first: int, stop: int) -> None:
        if stop > first:
            self._journal.skip(*slots.span(first, stop))

    def _use(self, intended: int) -> None:
        self._at_once = False
        started = time.monotonic_ns()
        if self._session is None:
            try:
                self._session = self._workload.open(self._journal.writer, self._policy.bounds)
            except Exception as error:  # noqa: BLE001 - any driver's, and the user's own
                self._fail(error, intended, started, sent=False)
                return
            started = time.monotonic_ns()
        self._write(self._session, intended, started)

    def abandon(self) -> bool:
        """Give up a writer that hangs in the user's code; return whether it does.

        The write that it hangs in has an unknown outcome. What it does from now on is noted
        nowhere.
        """
        with self._abandoning:
            if not self.thread.is_alive() or self._abandoned:
                return self._abandoned
            self._abandoned = True
            if self._busy is not None:
                intended, started = self._busy
                times = (intended, started, max(started, self._gate.end))
                self._journal.record(times, Outcome.UNKNOWN, HANGING, None)
            return True

    def cut(self) -> None:
        """End what an abandoned writer waits for, if that is outside of this process."""
        session: object = self._session
        if isinstance(session, Waiting):
            session.cut()

    def stack(self) -> list[str]:
        """Return where the writer is now, without our own frames around the user's code."""
        session = self._session
        tasks: list[str] = session.stack() if isinstance(session, Waiting) else []
        return tasks or stack_of(self.thread)

    def _write(self, session: Session, intended: int, started: int) -> None:
        self._busy = intended, started
        self._perform(session, intended, started)
        self._busy = None

    def _perform(self, session: Session, intended: int, started: int) -> None:
        step = self._next_step()
        sequence = len(self._journal)
        if session.attempts is not None:
            session.attempts.begin(sequence)
        try:
            seen = session.perform(step, sequence)
        except Exception as error:  # noqa: BLE001 - any driver's, and the user's own
            self._fail(error, intended, started, sent=True, step=step)
            return
        times = (intended, started, time.monotonic_ns())
        with self._counting() as counts:
            if counts and step.reads:
                self._journal.reads.record(times, Outcome.ACKED, None, session.instance, seen or 0)
            elif counts:
                self._journal.record(times, Outcome.ACKED, None, session.instance)
                self.last_acked, self._served = started, True

    def _counting(self) -> AbstractContextManager[bool]:
        """Tell whether what the writer did counts; nobody abandons it within the block."""
        # Only after the end is a writer abandoned: until then no lock is needed.
        return self._unless_abandoned() if self._gate.ended.is_set() else COUNTS

    @contextmanager
    def _unless_abandoned(self) -> Iterator[bool]:
        with self._abandoning:
            yield not self._abandoned

    def _next_step(self) -> MixStep:
        """Return what to do now; neighbouring writers begin at neighbouring places of the mix."""
        step = self._steps[self._turn % len(self._steps)]
        self._turn += 1
        return step

    def _fail(
        self, error: Exception, intended: int, started: int, *, sent: bool, step: MixStep = WRITE
    ) -> None:
        times = (intended, started, time.monotonic_ns())
        outcome, fault = self._classify(error, sent)
        session = self._session
        tried = session is not None and session.attempts is not None and session.attempts.undecided
        if tried and outcome is Outcome.REFUSED:
            outcome = Outcome.UNKNOWN  # the last try was refused, but one before it may be stored
        events = self._journal.reads if step.reads else self._journal
        self._complaints.note(error, times[2])
        with self._counting() as counts:
            if not counts:
                return
            events.record(times, outcome, fault, None if session is None else session.instance)
        if step.aside:
            return
        if self._session is None or self._policy.leaves(outcome, fault):
            self._lose_connection(fault, times[2])

    def _lose_connection(self, fault: Fault, at: int) -> None:
        """Replace the connection now or later; what the user's code made is the user's to heal."""
        self._at_once = self._renews and self._served and fault.kind in CUT
        if self._renews:
            self._drop()
        elif self._schedule.rate and self._session is not None:
            return  # the next slot comes soon enough
        wait = 0.0 if self._at_once else self._policy.wait(self._chance)
        self._next_try = at + to_nanoseconds(wait)

    def _drop(self) -> None:
        session, self._served = self._session, False
        if session is not None:
            try:
                session.close()
            except ContradictionError as error:
                self._complaints.note(error, time.monotonic_ns(), within=CONTRADICTS)
            except Exception as error:  # noqa: BLE001 - the user's teardown, which harms no write
                self._complaints.note(error, time.monotonic_ns(), within=TEARDOWN)
            finally:
                self._session = None
