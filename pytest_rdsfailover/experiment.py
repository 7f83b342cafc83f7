"""One trial: load, failover, watch until settled, audit, judge. Knows only the `Target` protocol."""

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from types import TracebackType
from typing import Any, Self

from pytest_rdsfailover import checks
from pytest_rdsfailover.analysis.course import Course
from pytest_rdsfailover.analysis.evidence import Evidence
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.analysis.writes import Stored
from pytest_rdsfailover.clock import Clock, MonotonicClock, wait_until
from pytest_rdsfailover.endpoints import Endpoint
from pytest_rdsfailover.errors import AuditError, SettingError
from pytest_rdsfailover.journal import Journal
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.threads import Load
from pytest_rdsfailover.load.vitals import Watchdog
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.writer import Classify, ReconnectPolicy
from pytest_rdsfailover.records import Milestone
from pytest_rdsfailover.target import Failover, Target

WATCH_EVERY = 0.02  # seconds between two looks at the writers
OBITUARY = 0.1  # seconds for the news of a process' end, which its clients may notice first
AUDIT_PATIENCE = 10.0  # seconds for which a failing audit is tried again

ENGINES: dict[str, type[Load] | type[FastLoad]] = {"threads": Load, "fast": FastLoad}

MakeWorkload = Callable[[Journal], Workload]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a trial is run; durations in seconds.

    Attributes:
        writers: how many write at the same time.
        rate: writes per second that they intend together; 0 for as many as the answers allow.
        seed: decides every sampled duration.
        warmup: load before the trigger.
        cooldown: load after all writers are back.
        bound: after the trigger, when the trial stops waiting for writers.
        policy: how a writer gets its connection back.
        engine: `threads`, a thread with PyMySQL for each writer, or `fast`, one event loop with our
            own protocol code, for many more writes and writers.
    """

    writers: int
    rate: float
    seed: int = 0
    warmup: float = 1.0
    cooldown: float = 0.5
    bound: float = 60.0
    policy: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    engine: str = "threads"

    def __post_init__(self) -> None:
        """Refuse an engine that there is not."""
        if self.engine not in ENGINES:
            raise SettingError(f"no engine is called {self.engine!r} (known: {', '.join(ENGINES)})")


class Trial(Summary):
    """A `Summary` that can be asked to hold to something, and that has its evidence with it.

    Attributes:
        evidence: what it was judged by; None if it was made of a summary alone.
    """

    evidence: Evidence | None = None

    @classmethod
    def of(cls, summary: Summary, evidence: Evidence | None = None) -> Self:
        """Return the same results as a trial."""
        trial = cls(**{entry.name: getattr(summary, entry.name) for entry in fields(Summary)})
        object.__setattr__(trial, "evidence", evidence)  # frozen for everybody else
        return trial

    def expect(self, **bounds: Any) -> None:
        """Assert several bounds at once, for example `downtime="< 2s", lost=0`.

        Raises:
            AssertionError: naming every broken or undecided bound, with the evidence.
            SettingError: if a bound makes no sense.
        """
        __tracebackhide__ = True
        checks.expect(self, **bounds)


class InvalidTrialError(AssertionError):
    """The failover did not happen as meant, so that the trial proves nothing: it never passes."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial)
        self.trial = trial

    def __str__(self) -> str:
        return f"this trial proves nothing: {self.trial.reason}"


class Observation:
    """A load on a target, from its first write to the verdict; a context manager.

    Args:
        target: what may fail over.
        endpoint: where the writers connect.
        make_workload: returns what they do, given the journal that names the keys.
        plan: how much, and for how long.
        others: faults that are none of the target's own failovers; looked at when judging.
        classify: tells outcome and fault of a failed write; None for the usual.

    Attributes:
        journal: what the writers did so far.
    """

    def __init__(
        self,
        target: Target,
        endpoint: Endpoint,
        make_workload: MakeWorkload,
        plan: Plan,
        *,
        others: Sequence[Failover] = (),
        classify: Classify | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._others = others
        self._target, self._endpoint, self._plan = target, endpoint, plan
        self._clock = clock or MonotonicClock()
        self.journal = Journal(uuid.uuid4().hex[:8], plan.writers)
        self._trial: Trial | None = None
        self._workload = make_workload(self.journal)
        self._load = self._engine(classify)
        self._watchdog = Watchdog()
        self._writer_before = ""
        self._begun = 0.0

    def _engine(self, classify: Classify | None) -> Load | FastLoad:
        """Return the load; only the threads run code that can raise what a project classifies."""
        options: dict[str, Any] = {"rate": self._plan.rate, "policy": self._plan.policy}
        if ENGINES[self._plan.engine] is Load:
            options["classify"] = classify
        return ENGINES[self._plan.engine](self._workload, self.journal, **options)

    def __enter__(self) -> Self:
        with self._blaming_the_dead():
            self._workload.create(self._target.audit_endpoint())
            try:
                self._target.prepare()
                self._watchdog.start()
                self._load.start()
                # The writers write already, but what arms the trigger would blur what they see.
                self._target.arm()
                self._writer_before = self._target.writer
                self._begun = max(self._load.started, self._clock.now())
            except BaseException:
                self._clean_up()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._blaming_the_dead():
            try:
                if kind is None:
                    self._trial = self._conclude()
            finally:
                self._clean_up()

    @contextmanager
    def _blaming_the_dead(self) -> Iterator[None]:
        """Let a server of ours that has ended be the error, whatever its end made fail first."""
        try:
            yield
        except Exception:
            self._clock.sleep(OBITUARY)
            self._target.check()
            raise

    @property
    def trial(self) -> Trial:
        """Return the verdict, once the block is left without an error."""
        if self._trial is None:
            raise RuntimeError("a load is judged when its block ends; ask for the trial after it")
        return self._trial

    def warm_up(self) -> None:
        """Let the load run undisturbed, as long as the plan says."""
        self._clock.sleep(self._plan.warmup)
        self._target.check()

    def _clean_up(self) -> None:
        self._watchdog.stop()
        self._load.stop()
        self._workload.drop(self._target.audit_endpoint())

    def _conclude(self) -> Trial:
        failovers = self._failovers()
        self._watch(failovers)
        self._clock.sleep(self._plan.cooldown)
        stop = self._clock.now()
        self._load.stop()
        self._watchdog.stop()
        self._target.check()
        evidence = Evidence(
            journal=self.journal, course=self._course(failovers, stop), stored=self._audit()
        )
        return Trial.of(evidence.judge(), evidence)

    def _failovers(self) -> Sequence[Failover]:
        own = self._target.failovers
        found = [*own, *(each for each in self._others if each not in own)]
        return [each for each in found if each.triggered >= self._load.started]

    def _watch(self, failovers: Sequence[Failover]) -> None:
        """Wait until all failovers are over and all writers are back, or the bound is reached."""
        if not failovers:
            return
        deadline = failovers[-1].triggered + self._plan.bound
        wait_until(
            lambda: self._all_back(failovers),
            timeout=deadline - self._clock.now(),
            clock=self._clock,
            every=WATCH_EVERY,
        )

    def _all_back(self, failovers: Sequence[Failover]) -> bool:
        self._target.check()
        settled = settled_at(failovers)
        return settled is not None and self._load.acked_since(settled) == self._plan.writers

    def _course(self, failovers: Sequence[Failover], stop: float) -> Course:
        return Course(
            start=self._begun,
            stop=stop,
            trigger=failovers[0].triggered if failovers else None,
            settled=settled_at(failovers) if failovers else None,
            moves_writer=moves_writer(failovers),
            milestones=milestones(failovers),
            writer_before=self._writer_before,
            writer_after=self._target.writer,
            mode=self._target.mode,
            endpoint=self._endpoint.kind,
            profile=failovers[-1].profile if failovers else "",
            seed=self._plan.seed,
            rate=self._plan.rate,
            pauses=self._watchdog.pauses,
            strangers=self._watchdog.strangers,
            cpus=os.cpu_count() or 0,
        )

    def _audit(self) -> Stored | None:
        """Read back what is stored; try again for a while, because the audit proves everything.

        Raises:
            AuditError: with the last reason.
        """
        deadline = self._clock.now() + AUDIT_PATIENCE
        while True:
            try:
                positions = self._workload.stored(self._target.audit_endpoint())
                return None if positions is None else Stored(positions=list(positions))
            except Exception as error:
                if self._clock.now() >= deadline:
                    raise AuditError(f"the stored writes cannot be read back: {error}") from error
                self._clock.sleep(WATCH_EVERY)


def settled_at(failovers: Sequence[Failover]) -> float | None:
    """Return when the last of them had done all that its profile says; None if it has not."""
    if not all(failover.settled() for failover in failovers):
        return None
    return milestones(failovers)[-1].at


def milestones(failovers: Sequence[Failover]) -> list[Milestone]:
    """Return the milestones of all failovers in order of time."""
    found = [milestone for failover in failovers for milestone in failover.milestones()]
    return sorted(found, key=lambda milestone: milestone.at)


def moves_writer(failovers: Sequence[Failover]) -> bool | None:
    """Tell whether another instance should be the writer after all of them; None without any.

    With two instances an even number of failovers leads back to where it began, so only a single
    one can be told by its writer; of several, each is told by its own milestones.
    """
    return failovers[0].moves_writer if len(failovers) == 1 else None
