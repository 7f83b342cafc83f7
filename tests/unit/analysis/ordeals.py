"""Loads that meet a fault whose truth is known, played fast: what the intervals are held against.

An ordeal says what happens to whom and when; `play` returns what the writers would have noted, and
`Truth` what was the case. Times are seconds here and nanoseconds in the columns.
"""

import math
import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.records import Fault, Outcome

RESET, REFUSED, NO_CONNECTION = Fault(2013, "reset"), Fault(2003, "refused"), Fault(2003, "timeout")
SILENT, READ_ONLY, DEADLOCK = (
    Fault(2013, "timeout"),
    Fault(1290, "read-only"),
    Fault(1213, "server"),
)
RTO, TICK = 0.2, 0.004  # seconds: TCP's first wait before it sends again, and its timers' steps
BACKOFF = 0.05
WAKING = 0.003  # seconds until all threads have run again after a pause of our own
BEAT = 0.005  # of the load generator's watchdog


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong from *start* to *stop*, for all writers or for some.

    `kind` is one of: stall (the server stands still), drop (the path loses what is sent), refuse
    (connections are cut and refused), hang (nothing is ever answered on them), error (each write
    fails with `fault`, or only `share` of them), late (answers take up to `late` longer).
    """

    kind: str
    start: float
    stop: float
    whom: frozenset[int] | None = None
    fault: Fault = REFUSED
    share: float = 1.0
    late: tuple[float, float] = (0.0, 0.0)

    def meets(self, writer: int) -> bool:
        return self.whom is None or writer in self.whom


@dataclass(frozen=True, kw_only=True)
class Ordeal:
    """A load, its network, and what happens to it."""

    writers: int
    rate: float
    latency: float
    troubles: tuple[Trouble, ...] = ()
    stop: float = 2.5
    trigger: float | None = None
    settled: float | None = None
    jitter: float = 0.0  # seconds by which the network may hold up a request, and an answer
    connecting: float = 0.0  # seconds that some writes take longer, because a pool had to connect
    filling: float = 0.0  # the share of these
    deadlocks: float = 0.0
    hiccups: float = 0.0  # the share of writes that take up to 20 ms longer
    resume: float = 0.0
    patience: float = 0.5
    pauses: tuple[tuple[float, float], ...] = ()
    paused: frozenset[int] | None = None  # whose process stands still; None for all
    away: tuple[tuple[float, float], ...] = ()  # when nobody could be served


@dataclass(kw_only=True)
class Truth:
    """What was the case; seconds, counted from the trigger, or from the start without one.

    Attributes:
        away: for how long nobody could be served, each time.
        waits: the longest time from a write's slot to its writer's next answer, at the least and at
            the most: what the load generator slept through of it nobody knows.
        spells: how long trouble kept a writer from being served, and when that was over.
        slow: when writes were over that were slow for a reason of their own.
    """

    away: list[float]
    waits: tuple[float, float] = (0.0, 0.0)
    spells: list[tuple[float, float]] = field(default_factory=list)
    slow: list[float] = field(default_factory=list)
    _began: dict[int, float] = field(default_factory=dict)

    def suffers(self, writer: int, intended: float) -> None:
        self._began.setdefault(writer, intended)

    def served(
        self, writer: int, intended: float, finished: float, since: float, *, slept: float = 0.0
    ) -> None:
        begun = self._began.pop(writer, None)
        if finished < since:
            return
        wait = finished - (intended if begun is None else begun)
        most = wait if begun is not None else wait - slept
        self.waits = max(self.waits[0], wait - slept), max(self.waits[1], most)
        self.slow += [finished - since] if finished - intended > 0.01 else []
        if begun is not None:
            self.spells.append((finished - begun, finished - since))

    def over(self) -> None:
        if self._began:
            self.waits = math.inf, math.inf
            self.spells.append((math.inf, math.inf))

    def downtime(self) -> tuple[float, float]:
        """Return the longest time in which nobody could be served, as both ends of an interval."""
        longest = max(self.away, default=0.0)
        return longest, longest

    def outages(self, explained: float) -> tuple[int, int]:
        """Return how many there were that schedule and machine do not explain, and how many in all."""
        return sum(each > explained for each in self.away), len(self.away)

    def writer_outage(self) -> tuple[float, float]:
        return self.waits

    def last_back(self, explained: float) -> tuple[float, float]:
        """Return when the last writer was back that was away for longer than is explained, and any."""
        ends = [end for length, end in self.spells if length > explained]
        return max(ends, default=0.0), max([*self.slow, *(e for _, e in self.spells)], default=0.0)


def play(ordeal: Ordeal, chance: random.Random) -> tuple[list[Series], Course, Truth]:
    """Return what the writers of an ordeal noted, what else is known, and the truth."""
    since = 0.0 if ordeal.trigger is None else ordeal.trigger
    seen = [(a, b) for a, b in ordeal.away if b > since]
    lengths = [math.inf if b > ordeal.stop else b - a for a, b in seen]
    truth = Truth(away=lengths)
    series = [_series(n, _play(ordeal, n, chance, truth, since)) for n in range(ordeal.writers)]
    truth.over()
    return series, _course(ordeal, chance), truth


def _course(ordeal: Ordeal, chance: random.Random) -> Course:
    late = [(a + chance.random() * BEAT, b + chance.random() * 0.001) for a, b in ordeal.pauses]
    return Course(
        start=0.0,
        stop=ordeal.stop,
        trigger=ordeal.trigger,
        settled=ordeal.settled,
        moves_writer=None,
        milestones=(),
        writer_before=None,
        writer_after=None,
        rate=ordeal.rate,
        pauses=[(a, b) for a, b in late if b - a > BEAT],
    )


Row = tuple[float, float, float, Outcome, Fault | None]


def _play(
    ordeal: Ordeal, writer: int, chance: random.Random, truth: Truth, since: float
) -> Iterator[Row]:
    troubles = [each for each in ordeal.troubles if each.meets(writer)]
    pauses = ordeal.pauses if ordeal.paused is None or writer in ordeal.paused else ()
    period = ordeal.writers / ordeal.rate
    slot, free, opened, broken, at_once = writer / ordeal.rate, 0.0, 0.0, False, False
    while slot < ordeal.stop:
        if slot < free and not at_once:
            slot += period * max(1, math.floor((free - slot) / period))
            continue
        intended = free if at_once else slot
        at_once = False
        sent = _seen(intended + 0.0001 + chance.random() * 0.0002, pauses, chance)
        found = _answer(ordeal, troubles, sent, opened, chance, broken=broken)
        finished, outcome, fault, fated = found
        finished = _seen(finished, pauses, chance)
        if fated and finished > since:
            truth.suffers(writer, intended)
        if fault is None or fault is DEADLOCK:
            if finished > ordeal.stop and fated:
                pass  # nobody saw it come back
            else:
                slept = sum(
                    max(0.0, min(b + WAKING, finished) - max(a, intended)) for a, b in pauses
                )
                truth.served(writer, intended, finished, since, slept=slept)
        yield intended, sent, finished, outcome, fault
        free = finished
        if fault is not None and fault.kind in {"reset", "refused", "timeout", "read-only"}:
            at_once = outcome is Outcome.UNKNOWN and fault.kind == "reset"
            free += 0.0 if at_once else BACKOFF * (0.5 + chance.random())
            opened, broken = finished, True
        else:
            broken = False
        if not at_once:
            slot += period


def _seen(moment: float, pauses: Sequence[tuple[float, float]], chance: random.Random) -> float:
    """Return when a writer does what it would at a moment, if its process stands still then."""
    for first, last in pauses:
        if first <= moment < last:
            return last + chance.random() * WAKING
    return moment


Answer = tuple[float, Outcome, Fault | None, bool]  # the last: whether trouble had a hand in it


def _answer(
    ordeal: Ordeal,
    troubles: Sequence[Trouble],
    sent: float,
    opened: float,
    chance: random.Random,
    *,
    broken: bool,
) -> Answer:
    """Return how a write that was sent ends."""
    takes = ordeal.latency * (1 + chance.random())
    if ordeal.jitter:
        takes += ordeal.jitter * chance.random() ** 3 + ordeal.jitter * chance.random() ** 3
    if ordeal.hiccups and chance.random() < ordeal.hiccups:
        takes += 0.02 * chance.random()
    if broken:
        takes += 4 * ordeal.latency
    if ordeal.filling and chance.random() < ordeal.filling:
        takes += ordeal.connecting * (0.5 + chance.random())
    at = sent + takes / 2
    for each in troubles:
        dead = opened < each.start
        if each.kind in {"refuse", "hang"} and dead and at >= each.start:
            return _dead(ordeal, each, sent, takes)
        if each.start <= at < each.stop:
            return _meets(ordeal, each, sent, takes, chance)
    if ordeal.deadlocks and chance.random() < ordeal.deadlocks:
        return sent + takes, Outcome.REFUSED, DEADLOCK, False
    return sent + takes, Outcome.ACKED, None, False


def _dead(ordeal: Ordeal, each: Trouble, sent: float, takes: float) -> Answer:
    """Return what a connection tells that is older than the trouble."""
    if each.kind == "hang":
        return sent + ordeal.patience, Outcome.UNKNOWN, SILENT, True
    return max(sent, each.start) + takes / 4, Outcome.UNKNOWN, RESET, True


def _meets(
    ordeal: Ordeal, each: Trouble, sent: float, takes: float, chance: random.Random
) -> Answer:
    """Return how a write ends that meets trouble."""
    if each.kind == "stall":
        released = each.stop + ordeal.resume + 0.0005 * chance.random()
        return max(sent, released) + takes / 2, Outcome.ACKED, None, True
    if each.kind == "drop":
        again, wait = sent, RTO + takes
        while again < each.stop:
            again, wait = again + wait + TICK * chance.random(), wait * 2
        return again + takes, Outcome.ACKED, None, True
    if each.kind == "late":
        return sent + takes + chance.uniform(*each.late), Outcome.ACKED, None, True
    if each.kind == "hang":
        return sent + ordeal.patience, Outcome.REFUSED, NO_CONNECTION, True
    if chance.random() >= each.share:
        return sent + takes, Outcome.ACKED, None, False
    return sent + takes / 2, Outcome.REFUSED, each.fault, True


def _series(writer: int, rows: Iterator[Row]) -> Series:
    intended, started, finished = array("q"), array("q"), array("q")
    outcomes, faults, fault = bytearray(), [None], array("H")
    places: dict[Fault | None, int] = {None: 0}
    for each in rows:
        intended.append(round(each[0] * 1e9))
        started.append(round(each[1] * 1e9))
        finished.append(round(each[2] * 1e9))
        outcomes.append(int(each[3]))
        if each[4] not in places:
            places[each[4]] = len(faults)
            faults.append(each[4])
        fault.append(places[each[4]])
    acked = bytes(outcome == Outcome.ACKED for outcome in outcomes)
    acks = array("q", (end for end, was in zip(finished, acked, strict=True) if was))
    return Series(
        writer=writer,
        intended=intended,
        started=started,
        finished=finished,
        acked=acked,
        acks=acks,
        skips=[],
        fault=fault,
        faults=faults,
        instance=array("B", bytes(len(acked))),
        instances=[None],
        outcome=bytes(outcomes),
    )
