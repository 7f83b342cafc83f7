"""What a drawing of a trial shows: writes and latencies per slice of time, a lane per writer.

Bounded in size, however long the trial was: a drawing has so many columns and no more. Times are
milliseconds from the trigger, which is what a drawing can resolve.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import NamedTuple

from pytest_rdsfailover.analysis.series import Series, series_of
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds, to_seconds

SLICES = 360  # of the whole trial, and as many again of the time around the failover
MILLISECOND = SECOND // 1000
STEPS = 8  # buckets of latency in each power of ten
LEAST = 0.0001  # seconds: the lower edge of the first bucket
MOST_SPELLS = 2400  # of all lanes together; beyond, lanes are drawn in columns
FEWEST_COLUMNS = 12  # of a lane, however many lanes there are
SLOW = "slow"  # acknowledged, but later than the schedule and the machine explain


class Spell(NamedTuple):
    """A time in which one writer was not served.

    Attributes:
        start: when its first write was sent.
        stop: when the next one was sent, or the answer came.
        state: the place of what happened in `Picture.states`.
        writes: how many they were.
    """

    start: int
    stop: int
    state: int
    writes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What happened in slices of equal length; one entry for each slice.

    Attributes:
        start: where the first slice begins.
        stop: where the last one ends.
        acked: writes acknowledged in it.
        failed: writes that failed in it, by state.
        served: latency of the acknowledged writes intended in it: (bucket, count) pairs, flat.
        waited: the same for those that failed or were not issued, up to their writer's next
            success.
    """

    start: int
    stop: int
    acked: list[int]
    failed: dict[int, list[int]]
    served: list[list[int]]
    waited: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A trial as it is drawn.

    Attributes:
        states: what can happen to a write beside success: `2013 reset`, `slow` ...
        instances: ids of the instances that served.
        strips: the whole trial, and the time around its failover in finer slices.
        spells: for each writer, when it was not served.
        homes: for each writer, (from, place in `instances`) whenever another one served it.
    """

    states: list[str]
    instances: list[str]
    strips: list[Strip]
    spells: list[list[Spell]]
    homes: list[list[tuple[int, int]]]


class _TimeAxis:
    """Turns nanoseconds of the journal into milliseconds from the trigger."""

    def __init__(self, evidence: Evidence) -> None:
        self.zero = to_nanoseconds(evidence.zero)
        self.end = to_nanoseconds(evidence.course.stop)

    def at(self, time: float) -> int:
        return round((time - self.zero) / MILLISECOND)


class _Names:
    """Numbers names as they come."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, name: str) -> int:
        return self._places.setdefault(name, len(self._places))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)


def picture(evidence: Evidence, summary: Summary) -> Picture:
    """Return what a drawing of a judged trial shows."""
    found, clock = series_of(evidence.journal), _TimeAxis(evidence)
    states, instances = _Names(), _Names()
    spells = [
        list(_spells(series, clock, states, to_nanoseconds(summary.threshold))) for series in found
    ]
    homes = [list(_homes(series, clock, instances)) for series in found]
    window = summary.window.start, summary.window.stop
    focus = summary.pulse.start, summary.pulse.stop
    strips = [_strip(found, clock, states, *span) for span in dict.fromkeys((window, focus))]
    return Picture(
        strips=strips,
        states=list(states),
        instances=list(instances),
        spells=_bounded(spells, strips[0].stop - strips[0].start),
        homes=homes,
    )


def bucket(seconds: float) -> int:
    """Return the bucket of a latency, from 0; each is 33 % wider than the one before."""
    return int(STEPS * log10(max(seconds, LEAST) / LEAST))


def _state(series: Series, row: int) -> str:
    fault = series.faults[series.fault[row]]
    if fault is None:
        return "client"
    return f"{fault.code} {fault.kind}" if fault.code else fault.kind


def _spells(series: Series, clock: _TimeAxis, states: _Names, longer_than: int) -> Iterator[Spell]:
    """Yield when a writer was not served; failures of one sort that follow each other are one."""
    open_: Spell | None = None
    for row in _troubles(series, longer_than):
        acked = bool(series.acked[row])
        late = acked and (row == 0 or series.acked[row - 1])
        start = clock.at(series.intended[row] if late else series.started[row])
        stop = clock.at(series.finished[row] if acked else _next_start(series, row, clock.end))
        state = states.place(SLOW if acked else _state(series, row))
        if open_ and open_.state == state and not acked and start <= open_.stop:
            open_ = open_._replace(stop=stop, writes=open_.writes + 1)
            continue
        if open_:
            yield open_
        open_ = Spell(start, stop, state, 1)
    if open_:
        yield open_


def _troubles(series: Series, longer_than: int) -> Iterator[int]:
    """Yield the rows that failed or took too long."""
    for row, acked in enumerate(series.acked):
        if not acked or series.finished[row] - series.intended[row] > longer_than:
            yield row


def _next_start(series: Series, row: int, end: int) -> int:
    return series.started[row + 1] if row + 1 < len(series) else max(end, series.finished[row])


def _homes(series: Series, clock: _TimeAxis, instances: _Names) -> Iterator[tuple[int, int]]:
    last = 0
    for row, place in enumerate(series.instance):
        if place and place != last and series.acked[row]:
            yield clock.at(series.started[row]), instances.place(series.instances[place] or "")
            last = place


def _strip(
    found: Sequence[Series], clock: _TimeAxis, states: _Names, start: float, stop: float
) -> Strip:
    first, last = (clock.zero + to_nanoseconds(edge) for edge in (start, stop))
    edges = [first + (last - first) * number // SLICES for number in range(SLICES + 1)]
    acks = sorted(time for series in found for time in _between(series.acks, first, last))
    failed: dict[int, list[int]] = {}
    for series in found:
        for row in series.failures:
            if first <= series.finished[row] < last:
                counts = failed.setdefault(states.place(_state(series, row)), [0] * SLICES)
                counts[_slice(series.finished[row], first, last)] += 1
    served: list[dict[int, int]] = [{} for _ in range(SLICES)]
    waited: list[dict[int, int]] = [{} for _ in range(SLICES)]
    for series in found:
        acked, others = _served(series, first, last), _waited(series, first, last, clock.end)
        for heap, points in ((served, acked), (waited, others)):
            for intended, seconds in points:
                cell, place = heap[_slice(intended, first, last)], bucket(seconds)
                cell[place] = cell.get(place, 0) + 1
    return Strip(
        start=clock.at(first),
        stop=clock.at(last),
        acked=_counts(acks, edges),
        failed=failed,
        served=[_flat(cell) for cell in served],
        waited=[_flat(cell) for cell in waited],
    )


def _between(times: Sequence[int], first: int, last: int) -> Sequence[int]:
    return times[bisect_left(times, first) : bisect_left(times, last)]


def _slice(time: int, first: int, last: int) -> int:
    return min(SLICES - 1, (time - first) * SLICES // (last - first))


def _counts(times: Sequence[int], edges: Sequence[int]) -> list[int]:
    """Return how many of the ordered *times* lie between each edge and the next."""
    places = [bisect_left(times, edge) for edge in edges]
    return [b - a for a, b in pairwise(places)]


def _served(series: Series, first: int, last: int) -> Iterator[tuple[int, float]]:
    """Yield the slots from *first* up to *last* of acknowledged writes, and how long these took."""
    for row in range(bisect_left(series.intended, first), bisect_left(series.intended, last)):
        if series.acked[row]:
            yield series.intended[row], to_seconds(series.finished[row] - series.intended[row])


def _waited(series: Series, first: int, last: int, end: int) -> Iterator[tuple[int, float]]:
    """Yield the slots at which no write succeeded, and how long their writer then waited."""
    for slot, back in series.unserved(first, last, end):
        yield slot, to_seconds((max(end, slot) if back is None else back) - slot)


def _flat(cell: dict[int, int]) -> list[int]:
    return [number for pair in sorted(cell.items()) for number in pair]


def _bounded(found: list[list[Spell]], length: int) -> list[list[Spell]]:
    """Return the spells of all lanes, in columns where there are too many of them to be drawn."""
    if sum(map(len, found)) <= MOST_SPELLS:
        return found
    columns = max(FEWEST_COLUMNS, MOST_SPELLS // len(found))
    return [list(_in_columns(lane, max(1, length // columns))) for lane in found]


def _in_columns(lane: Iterable[Spell], width: int) -> Iterator[Spell]:
    """Yield one spell for all of one state that begin in the same column."""
    open_: dict[int, Spell] = {}
    for spell in lane:
        last = open_.get(spell.state)
        if last and spell.start < last.start + width:
            writes = last.writes + spell.writes
            open_[spell.state] = last._replace(stop=spell.stop, writes=writes)
            continue
        if last:
            yield last
        open_[spell.state] = spell
    yield from open_.values()
