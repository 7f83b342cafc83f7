"""Loads that meet a fault whose truth is known, played fast: what the intervals are held against.

An ordeal says what happens to whom and when; `play` returns what the writers would have noted, and
`Truth` (in `truth.py`) what was the case. Times are seconds here and nanoseconds in the columns.
"""

import math
import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from truth import Slot, Truth

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
    paused: frozenset[int] | None = None  # writers of one of two; None for all
    away: tuple[tuple[float, float], ...] = ()  # when nobody could be served


def play(ordeal: Ordeal, chance: random.Random) -> tuple[list[Series], Course, Truth]:
    """Return what the writers of an ordeal noted, what else is known, and the truth."""
    since = 0.0 if ordeal.trigger is None else ordeal.trigger
    seen = [(a, b) for a, b in ordeal.away if b > since]
    lengths = [math.inf if b > ordeal.stop else b - a for a, b in seen]
    over = max((each.stop for each in ordeal.troubles), default=0.0)
    truth = Truth(
        away=lengths,
        spans=seen,
        over=math.inf if over > ordeal.stop else over,
        usual=ordeal.deadlocks + ordeal.filling,
    )
    series = [
        _series(n, _play(ordeal, n, chance, truth, since, skips := []), skips)
        for n in range(ordeal.writers)
    ]
    truth.end()
    return series, _course(ordeal, chance), truth


def _course(ordeal: Ordeal, chance: random.Random) -> Course:
    late = [(a + chance.random() * BEAT, b + chance.random() * 0.001) for a, b in ordeal.pauses]
    pauses = [(a, b) for a, b in late if b - a > BEAT]
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
        pauses=pauses,
        asleep=() if ordeal.paused is None else [pauses, []],
    )


Row = tuple[float, float, float, Outcome, Fault | None]


def _play(
    ordeal: Ordeal,
    writer: int,
    chance: random.Random,
    truth: Truth,
    since: float,
    skips: list[tuple[float, float, int]],
) -> Iterator[Row]:
    troubles = [each for each in ordeal.troubles if each.meets(writer)]
    pauses = ordeal.pauses if ordeal.paused is None or writer in ordeal.paused else ()
    period = ordeal.writers / ordeal.rate
    slot, free, opened, broken, at_once = writer / ordeal.rate, 0.0, 0.0, False, False
    fated = False
    while slot < ordeal.stop:
        if slot < free and not at_once:
            count = max(1, math.floor((free - slot) / period))
            kept = [at for n in range(count) if (at := slot + n * period) < ordeal.stop]
            skips.append((kept[0], kept[-1], len(kept)))
            truth.slots += (
                Slot(
                    at, at, at, acked=False, fated=fated, slept=_slept(at, at, pauses), issued=False
                )
                for at in kept
            )
            slot += period * count
            continue
        intended = free if at_once else slot
        at_once = False
        sent = _seen(intended + 0.0001 + chance.random() * 0.0002, pauses, chance)
        found = _answer(ordeal, troubles, sent, opened, chance, broken=broken)
        finished, outcome, fault, fated = found
        finished = _seen(finished, pauses, chance)
        if fated and finished > since:
            truth.suffers(writer, intended)
        slept = _slept(intended, finished, pauses)
        if fault is None or fault is DEADLOCK:
            if finished > ordeal.stop and fated:
                pass  # nobody saw it come back
            else:
                truth.served(writer, intended, finished, since, slept=slept)
        acked = outcome is Outcome.ACKED
        truth.slots.append(
            Slot(
                finished,
                intended,
                sent,
                acked,
                fated or broken,
                slept,
                writer=writer,
            )
        )
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


def _slept(begin: float, end: float, pauses: Sequence[tuple[float, float]]) -> float:
    """Return for how much of a span its process may have stood still; of a moment, whether it may."""
    if not pauses:
        return 0.0
    if begin == end:
        return float(any(a <= begin <= b + WAKING for a, b in pauses))
    return sum(
        min(b + WAKING, end) - max(a, begin) for a, b in pauses if a < end and begin < b + WAKING
    )


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


def _series(writer: int, rows: Iterator[Row], skips: Sequence[tuple[float, float, int]]) -> Series:
    *times, outcomes, met = zip(*rows, strict=True)
    intended, started, finished = (
        array("q", [round(time * 1e9) for time in column]) for column in times
    )
    faults = list(dict.fromkeys([None, *met]))
    places = {fault: place for place, fault in enumerate(faults)}
    acked = bytes(outcome is Outcome.ACKED for outcome in outcomes)
    acks = array("q", compress(finished, acked))
    return Series(
        writer=writer,
        intended=intended,
        started=started,
        finished=finished,
        acked=acked,
        acks=acks,
        skips=[(round(first * 1e9), round(last * 1e9), count) for first, last, count in skips],
        fault=array("H", map(places.__getitem__, met)),
        faults=faults,
        instance=array("B", bytes(len(acked))),
        instances=[None],
        outcome=bytes(outcomes),
    )
