"""One writer's columns, ready to be searched: all in order of time, because a writer waits.

Times are integer nanoseconds of the monotonic clock here, as in the journal: a million of them
are sorted and subtracted without making a million floats.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, repeat
from operator import sub

from pytest_rdsfailover.analysis.sieve import Sieve
from pytest_rdsfailover.journal.events import Events
from pytest_rdsfailover.journal.journal import Journal, Skip
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.records import Fault, Outcome

ACKED = int(Outcome.ACKED)
# Outcomes to 1 for acknowledged and 0 for anything else, as `bytes.translate` wants it.
IS_ACKED = bytes(1 if outcome == ACKED else 0 for outcome in range(256))
NOT = bytes([1, 0])  # of a byte that is 0 or 1, as `bytes.translate` wants it
NOT += bytes(256 - len(NOT))


@dataclass(frozen=True, kw_only=True)  # without slots, so that it keeps what it has worked out
class Series:
    """What one writer did.

    Attributes:
        writer: its number.
        intended: when each attempt was wanted.
        started: when it was sent.
        finished: when its answer or error had arrived.
        acked: one byte an attempt: 1 if it was acknowledged.
        acks: the `finished` of the acknowledged ones.
        skips: slots not issued as (first intended, last intended, count).
        fault: per attempt, the place of its fault in `faults`.
        faults: the faults; None in place 0.
        instance: per attempt, the place of its instance in `instances`.
        instances: the instances; None in place 0.
        outcome: one byte an attempt, an `Outcome`.
    """

    writer: int
    intended: Sequence[int]
    started: Sequence[int]
    finished: Sequence[int]
    acked: bytes
    acks: Sequence[int]
    skips: list[tuple[int, int, int]]
    fault: Sequence[int]
    faults: list[Fault | None]
    instance: Sequence[int]
    instances: list[str | None]
    outcome: bytes

    def __len__(self) -> int:
        return len(self.acked)

    @cached_property
    def failures(self) -> Sequence[int]:
        """Return the rows that were not acknowledged, in order."""
        if 0 not in self.acked:
            return ()
        return list(compress(range(len(self)), self.acked.translate(NOT)))

    def acked_between(self, first: int, last: int) -> bool:
        """Tell whether any attempt was acknowledged from *first* to *last*."""
        place = bisect_left(self.acks, first)
        return place < len(self.acks) and self.acks[place] <= last

    @cached_property
    def latency(self) -> Sieve:
        """Return how long each attempt took from its intended time."""
        return Sieve(array("q", map(sub, self.finished, self.intended)))

    @cached_property
    def taken(self) -> Sieve:
        """Return how long each attempt took from when it was sent."""
        return Sieve(array("q", map(sub, self.finished, self.started)))

    def unserved(self, first: int, last: int, stop: int) -> Iterator[tuple[int, int | None]]:
        """Return the slots from *first* up to *last* at which no write succeeded, and what became of them.

        That is when this writer was served next, after the write of that slot had failed; None if it
        was not by *stop*. Slots of writes that failed come first, then those that were not issued.
        """
        rows, skipped = self.failures_within(first, last), list(self.skipped(first, last))
        if not rows and not skipped:
            return iter(())
        slots = [*map(self.intended.__getitem__, rows), *skipped]
        over = [*map(self.finished.__getitem__, rows), *skipped]
        begin, end = bisect_right(self.acks, min(over)), bisect_right(self.acks, stop)
        near = list(self.acks[begin:end])  # is searched faster than a column
        places = map(bisect_right, repeat(near), over)
        return zip(slots, map([*near, None].__getitem__, places), strict=True)

    def failures_from(self, row: int) -> Sequence[int]:
        """Return the rows that were not acknowledged, from a row on."""
        return self.failures[bisect_left(self.failures, row) :]

    def failures_within(self, first: int, last: int) -> Sequence[int]:
        """Return the rows that were not acknowledged and were intended from *first* up to *last*."""
        edges = (bisect_left(self.intended, edge) for edge in (first, last))
        return self.failures[slice(*(bisect_left(self.failures, edge) for edge in edges))]

    def skipped(self, first: int, last: int) -> Iterator[int]:
        """Yield the slots from *first* up to *last* that were not issued."""
        for skip in self.skips:
            yield from (slot for slot in slots_of(skip) if first <= slot < last)

    def not_issued(self, first: int, last: int) -> int:
        """Return how many slots from *first* up to *last* were not issued."""
        return sum(_before(skip, last) - _before(skip, first) for skip in self.skips)


def slots_of(skip: tuple[int, int, int]) -> Iterator[int]:
    """Yield evenly spaced slots, given the first, the last and how many they are."""
    first, last, count = skip
    step = (last - first) / max(1, count - 1)
    return (first + round(number * step) for number in range(count))


def _before(skip: tuple[int, int, int], edge: int) -> int:
    """Return how many of evenly spaced slots lie before an edge."""
    first, last, count = skip
    if last <= first:
        return count if first < edge else 0
    places = -((first - edge) * (count - 1) // (last - first))  # rounded up
    return min(max(0, places), count)


def first_ack(all_series: Sequence[Series], after: int) -> int | None:
    """Return when any writer's write was first acknowledged after a moment; None if none was."""
    places = ((series.acks, bisect_right(series.acks, after)) for series in all_series)
    return min((acks[place] for acks, place in places if place < len(acks)), default=None)


def series_of(journal: Journal) -> list[Series]:
    """Return what each writer of a journal did."""
    return [_columns(writer, writer.skips) for writer in journal.writers]


def attempts_of(journal: Journal) -> list[Series]:
    """Return the tries that each writer reported; they are in order of their ends."""
    return [_columns(writer.attempts) for writer in journal.writers]


def _columns(writer: Events, skips: Sequence[Skip] = ()) -> Series:
    outcome, finished = writer.outcome.tobytes(), writer.finished
    acked = outcome.translate(IS_ACKED)
    everything = acked.count(1) == len(acked)
    return Series(
        writer=writer.writer,
        intended=writer.intended,
        started=writer.started,
        finished=finished,
        acked=acked,
        acks=finished if everything else array("q", compress(finished, acked)),
        skips=[(to_nanoseconds(s.first), to_nanoseconds(s.last), s.count) for s in skips],
        fault=writer.fault,
        faults=writer.faults,
        instance=writer.instance,
        instances=writer.instances,
        outcome=outcome,
    )
