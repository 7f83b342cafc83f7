"""One trial: load, failover, watch until settled, audit, judge. Knows only the `Target` protocol."""

import os
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from types import TracebackType
from typing import Self

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.engines import load
from pytest_rdsfailover.load.gaps import GapTracker
from pytest_rdsfailover.load.mix import share_of_writes
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.watchdog import Pause, Watchdog
from pytest_rdsfailover.load.workloads import MakeWorkload
from pytest_rdsfailover.model.clock import Clock, MonotonicClock, to_nanoseconds
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import AuditError
from pytest_rdsfailover.model.spans import joined
from pytest_rdsfailover.model.target import Failover, Target, milestones, moves_writer, settled_by
from pytest_rdsfailover.trial.auditing import audited
from pytest_rdsfailover.trial.calm import CalmCheck, UnfitLoadError
from pytest_rdsfailover.trial.cleaning import CleanUp, Steps
from pytest_rdsfailover.trial.disturbances import Disturbances
from pytest_rdsfailover.trial.ending import Ending
from pytest_rdsfailover.trial.fleet import function_load
from pytest_rdsfailover.trial.keeping import Keeping, MakeRemains
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.provisioning import Provision
from pytest_rdsfailover.trial.recovery import Recovery
from pytest_rdsfailover.trial.resting import check_late
from pytest_rdsfailover.trial.trial import Trial
from pytest_rdsfailover.trial.witness import Witness

INTERRUPTED = 1.0  # seconds for the last operations if nobody counts them any more
LAST_CALL = (
    10.0  # seconds for which a writer at the end of its load is let finish, within the bound
)
SWITCHED = "switched"  # the milestone from which on there is an old environment
MISSED = (
    "a failover was on its way when the load was asked for, and over before its first write: nothing"
    " was disturbed; begin the load first"
)
UNTOLD = "no function has told what its writers did; the notes say why of each"


class Observation:
    """A load on a target, from its first write to the verdict; a context manager.

    Args:
        target: what may fail over.
        endpoint: where the writers connect.
        make_workload: returns what they do, given the journal that names the keys.
        plan: how much, and for how long.
        others: faults that are none of the target's own failovers; looked at when judging.
        classify: tells outcome and fault of a failed write; None for the usual.
        remains: makes what is left if this process is killed; None for nothing.
        old: returns where the environment can be read that a switchover leaves; None without one.

    Attributes:
        journal: what the writers did so far.
        unaudited: why nothing could be read back; None if it was, or nobody asked.
    """

    def __init__(  # noqa: PLR0913 - all that a trial is made of
        self,
        target: Target,
        endpoint: Endpoint,
        make_workload: MakeWorkload,
        plan: Plan,
        *,
        others: Sequence[Failover] = (),
        classify: Classify | None = None,
        remains: MakeRemains | None = None,
        old: Callable[[], Endpoint] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._old = old
        self._disturbances = Disturbances(target, others)
        self._target, self._endpoint, self._plan = target, endpoint, plan
        self._clock = clock or MonotonicClock()
        run = uuid.uuid4().hex[:8]
        self._keeping = Keeping(None if remains is None else remains(run, plan.all_writers))
        self._gaps: GapTracker | None = None
        self._trial: Trial | None = None
        self.unaudited: AuditError | None = None
        self._seeds: list[int | None] = []
        with self._keeping.discarding_on_error(), ExitStack() as unmade:
            self.journal = Journal(run, plan.all_writers, self._keeping.events)
            unmade.callback(self.journal.detach)
            self._workload = make_workload(self.journal)
            order = plan.order(
                make_workload,
                run=run,
                events=self._keeping.events,
                classify=classify,
                secrets=(endpoint.password,),
            )
            self._load = (
                function_load(target, plan, order, self._workload, self.journal)
                if plan.functions
                else load(order, self._workload, self.journal)
            )
            unmade.pop_all()
        own_code = isinstance(self._workload, CallWorkload)
        self._witness = Witness(target, endpoint, run, self._clock, may_call=own_code)
        self._calm = CalmCheck(self._load, self._witness, plan, self._clock, self._target.check)
        self._recovery = Recovery(self._load, plan.all_writers, plan.cooldown, self._clock)
        self._ending = Ending(self._load, self._recovery, target, endpoint, plan, self._clock)
        self._provision = Provision(target, endpoint, self._clock)
        self._watchdog = Watchdog()
        self._cleanup = CleanUp(
            self._last_steps, after_error=lambda: check_late(target, self._clock)
        )
        self._writer_before = ""
        self._begun = 0.0

    def __enter__(self) -> Self:
        with self._keeping.discarding_on_error(), self._cleanup.if_broken():
            self._provision.create(self._workload)
            self._disturbances.begin()
            self._target.prepare()
            self._witness.begin()
            self._watchdog.start()
            if self._plan.functions:  # their time is limited, and this disturbs no writer of theirs
                self._target.arm()
            self._load.start(check=self._target.check)
            # The writers write already, but are observed only after this: arming the trigger
            # disturbs them.
            self._target.arm()
            self._writer_before = self._target.writer
            self._begun = max(self._load.started, self._clock.now())
            self._calm.begin()
            self.keep()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        unfit = isinstance(error, UnfitLoadError)
        try:
            if error is None or unfit:
                with self._cleanup.if_broken():
                    self._trial = self._conclude(str(error) if unfit else "")
            self._cleanup.end(None if unfit else error)
        except BaseException as broken:
            self._keeping.leave(broken)
            raise
        if error is not None and not unfit:
            self._keeping.leave(error)
        return unfit  # the trial itself says why it is invalid

    @property
    def left_behind(self) -> Sequence[str]:
        """Return what could not be stopped or removed at the end, and why."""
        return self._cleanup.left_behind

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

    def check_calm(self) -> None:
        """Refuse to let a load be disturbed that does not work by itself; wait for its first answer.

        Raises:
            UnfitLoadError: if too many of its operations fail before anything was triggered.
        """
        if not self._disturbances.found():  # else it is disturbed already
            self._recovery.note_calm(self._calm.check())

    @property
    def silence(self) -> float:
        """Return for how many seconds no write of any writer has been acknowledged by now.

        Raises:
            RuntimeError: for a load in several processes, whose journal is read when it has ended.
        """
        if not self._plan.is_here:
            raise RuntimeError("writers in other processes are looked at when they have ended")
        start = to_nanoseconds(self._load.started)
        if self._gaps is None:
            self._gaps = GapTracker(self.journal, start)
        return self._gaps.look(to_nanoseconds(self._clock.now()))

    def sampled(self, seed: int | None) -> None:
        """Note the seed of a failover of this load; None if no seed decided its durations."""
        self._seeds.append(seed if self._target.mode == "local" else None)

    def keep(self) -> None:
        """Write down what is known by now, should this process be killed; if it is anything new."""
        self._keeping.keep(
            lambda: (milestones(self._disturbances.found()), len(self._pauses())),
            self._course_so_far,
        )

    def forget(self) -> None:
        """Remove what was kept should this process be killed: the trial is noted."""
        self._keeping.discard()

    def _last_steps(self, error: BaseException | None) -> Steps:
        """Return what stops and removes all, each by what is to be said if it fails."""
        interrupted = isinstance(error, KeyboardInterrupt)
        patience = INTERRUPTED if interrupted else LAST_CALL
        return {
            "the watchdog was not stopped": self._watchdog.stop,
            "the load was not stopped": partial(self._load.stop, patience),
            "the events were not taken out of their file": self.journal.detach,
            f"{self._workload.made} is left behind": partial(
                self._provision.drop, self._workload, interrupted=interrupted
            ),
        }

    def note_trigger(self, failover: Failover) -> None:
        """Note a failover that the test itself has triggered: it must be on record in the end."""
        self._disturbances.note_own(failover)
        self.keep()

    def _conclude(self, unfit: str) -> Trial:
        stop, sessions = self._ending.wait(self._disturbances, self._look, unfit=bool(unfit))
        self._load.stop(min(LAST_CALL, self._plan.bound))
        self._watchdog.stop()
        self._target.check()
        witnessed = self._witness.end()
        self.journal.detach()
        self._disturbances.end(stop)
        failovers = self._disturbances.found()
        course = self._course(failovers, stop=stop, writer_after=self._target.writer)
        untold = len(self._load.unreported) == self._plan.all_writers
        unfit = unfit or MISSED * self._disturbances.missed() or UNTOLD * untold
        course = replace(course, unfit=unfit, witnessed=witnessed, sessions=sessions)
        switched = any(milestone.name == SWITCHED for milestone in course.milestones)
        found = audited(
            course,
            self._workload,
            self._target,
            self._clock,
            old=self._old if switched else None,
            secret=self._endpoint.password,
        )
        self.unaudited = found.problem
        evidence = Evidence(journal=self.journal, course=found.course, stored=found.stored)
        return Trial.of(judge(evidence), evidence)

    def watch(self) -> None:
        """Look whether the cluster confirms what is acknowledged, while it fails over."""
        if self._load.ends is None:
            self._witness.watch(lambda: self._load.progress().acked_by)

    def _look(self) -> None:
        self._target.check()
        self.watch()
        self.keep()

    def _course_so_far(self) -> Course:
        """Return the course up to now, without asking the cluster, which may be busy, for its writer."""
        failovers = self._disturbances.found()
        promoted = [seen.instance for seen in milestones(failovers) if seen.name == "promoted"]
        writer = next(filter(None, reversed(promoted)), self._writer_before)
        return self._course(failovers, stop=self._clock.now(), writer_after=writer)

    def _course(self, failovers: Sequence[Failover], *, stop: float, writer_after: str) -> Course:
        return Course(
            start=self._begun,
            stop=stop,
            trigger=failovers[0].triggered if failovers else None,
            settled=settled_by(failovers, stop),
            moves_writer=moves_writer(failovers),
            milestones=milestones(failovers),
            writer_before=self._writer_before,
            writer_after=writer_after,
            mode=self._target.mode,
            endpoint=self._endpoint.kind,
            profile=failovers[-1].profile if failovers else "",
            seed=self._plan.seed,
            failover_seed=self._seeds[0] if len(self._seeds) == 1 else None,
            rate=self._plan.rate * share_of_writes(self._workload.steps),
            pauses=joined(self._pauses()),
            asleep=[] if self._plan.is_here else self._load.asleep,
            strangers=self._watchdog.strangers,
            cpus=os.cpu_count() or 0,
            own_trigger=self._disturbances.own_on_record(),
            calm_errors=self._plan.calm_errors,
            calm_not_issued=self._plan.calm_not_issued,
            complaints=self._load.complaints,
            notes=self._notes(),
            alignment=self._load.alignment,
            unreported=self._load.unreported,
        )

    def _notes(self) -> list[str]:
        """Return what is to be known about how the load was run."""
        if isinstance(self._workload, CallWorkload) and self._workload.renews:
            return ['what setup made was made anew after errors (renew="on_error")']
        return list(self._load.notes)

    def _pauses(self) -> Sequence[Pause]:
        """Return when processes that write stood still; this one writes nothing if others do."""
        if self._plan.is_here:
            return self._watchdog.pauses
        return list(chain.from_iterable(self._load.asleep))
