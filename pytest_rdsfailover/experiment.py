"""One trial: load, failover, watch until settled, audit, judge. Knows only the `Target` protocol."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from types import TracebackType
from typing import Self

from pytest_rdsfailover import checks
from pytest_rdsfailover.analysis.summary import Summary, summarise
from pytest_rdsfailover.clock import Clock, MonotonicClock, wait_until
from pytest_rdsfailover.endpoints import Endpoint
from pytest_rdsfailover.errors import AuditError
from pytest_rdsfailover.load.threads import Load, ReconnectPolicy
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.records import Milestone
from pytest_rdsfailover.target import Failover, Target

WATCH_EVERY = 0.02  # seconds between two looks at the writers
AUDIT_PATIENCE = 10.0  # seconds for which a failing audit is tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a trial is run; durations in seconds.

    Attributes:
        writers: how many write at the same time.
        rate: writes per second that they intend together.
        warmup: load before the trigger.
        cooldown: load after all writers are back.
        bound: after the trigger, when the trial stops waiting for writers.
        policy: how a writer gets its connection back.
    """

    writers: int
    rate: float
    warmup: float = 1.0
    cooldown: float = 0.5
    bound: float = 60.0
    policy: ReconnectPolicy = field(default_factory=ReconnectPolicy)


class Trial(Summary):
    """A `Summary` that can be asked to hold to something."""

    __slots__ = ()

    @classmethod
    def of(cls, summary: Summary) -> Self:
        """Return the same figures as a trial."""
        return cls(**{entry.name: getattr(summary, entry.name) for entry in fields(Summary)})

    def expect(self, **bounds: object) -> None:
        """Assert several bounds at once, for example `downtime="< 2s", lost=0`.

        Raises:
            AssertionError: naming every broken or undecided bound, with the evidence.
            SettingError: if a bound makes no sense.
        """
        __tracebackhide__ = True
        checks.expect(self, **bounds)


class InvalidTrialError(AssertionError):
    """Nothing failed over, so that the trial proves nothing: it never passes."""


class Observation:
    """A load on a target, from its first write to the verdict; a context manager.

    Attributes:
        trial: the verdict, once the block is left.
    """

    def __init__(
        self,
        target: Target,
        endpoint: Endpoint,
        workload: Workload,
        plan: Plan,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.trial: Trial | None = None
        self.run = uuid.uuid4().hex[:8]
        self._target, self._endpoint, self._plan = target, endpoint, plan
        self._workload = workload
        self._clock = clock or MonotonicClock()
        self._load = Load(
            workload, writers=plan.writers, rate=plan.rate, run=self.run, policy=plan.policy
        )

    def __enter__(self) -> Self:
        self._workload.create()
        self._writer_before = self._target.writer
        self._load.start()
        self._started = self._clock.now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._conclude()
        finally:
            self._load.stop()
            self._workload.drop()

    def _conclude(self) -> None:
        settled = self._watch()
        self._clock.sleep(self._plan.cooldown)
        stop = self._clock.now()
        self._load.stop()
        self._target.check()
        failovers = self._failovers()
        self.trial = Trial.of(
            summarise(
                self._load.journal,
                start=self._started,
                stop=stop,
                settled=settled,
                milestones=milestones(failovers),
                stored=self._audit(),
                writer_before=self._writer_before,
                writer_after=self._target.writer,
            )
        )

    def _failovers(self) -> Sequence[Failover]:
        return [each for each in self._target.failovers if each.triggered >= self._started]

    def _watch(self) -> float | None:
        """Wait until all failovers are over and all writers back; return when they were over."""
        failovers = self._failovers()
        if not failovers:
            return None
        deadline = failovers[-1].triggered + self._plan.bound
        wait_until(
            lambda: self._all_back(failovers),
            timeout=deadline - self._clock.now(),
            clock=self._clock,
            every=WATCH_EVERY,
        )
        return settled_at(failovers)

    def _all_back(self, failovers: Sequence[Failover]) -> bool:
        self._target.check()
        settled = settled_at(failovers)
        return settled is not None and self._load.acked_since(settled) == self._plan.writers

    def _audit(self) -> Sequence[tuple[int, int]]:
        raise NotImplementedError


def settled_at(failovers: Sequence[Failover]) -> float | None:
    """Return when the last of them had done all that its profile says; None if it has not."""
    if not all(failover.settled() for failover in failovers):
        return None
    return milestones(failovers)[-1].at


def milestones(failovers: Sequence[Failover]) -> list[Milestone]:
    """Return the milestones of all failovers in order of time."""
    found = [milestone for failover in failovers for milestone in failover.milestones()]
    return sorted(found, key=lambda milestone: milestone.at)
