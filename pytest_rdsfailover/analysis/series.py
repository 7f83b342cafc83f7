"""One writer's columns, ready to be searched: all in order of time, because a writer waits.

Times are integer nanoseconds of the monotonic clock here, as in the journal: a million of them
are sorted and subtracted without making a million floats.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from pytest_rdsfailover.journal.events import Events
from pytest_rdsfailover.journal.journal import Journal, Skip
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.records import Fault, Outcome

ACKED = int(Outcome.ACKED)
# Outcomes to 1 for acknowledged and 0 for anything else, as `bytes.translate` wants it.
IS_ACKED = bytes(1 if outcome == ACKED else 0 for outcome in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
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

    def failures(self) -> Iterator[int]:
        """Return the rows that were not acknowledged, in order."""
        row = self.acked.find(0)
        while row >= 0:
            yield row
            row = self.acked.find(0, row + 1)

    def unserved(self, first: int, last: int, stop: int) -> Iterator[tuple[int, int | None]]:
        """Yield the slots from *first* up to *last* at which no write succeeded, and what became of them.

        That is when this writer was served next, after the write of that slot had failed; None if it
        was not by *stop*. Slots of writes that failed come first, then those that were not issued.
        """
        row, end = bisect_left(self.intended, first), bisect_left(self.intended, last)
        while (row := self.acked.find(0, row, end)) >= 0:
            yield self.intended[row], self._next_success(self.finished[row], stop)
            row += 1
        for slot in self.skipped(first, last):
            yield slot, self._next_success(slot, stop)

    def skipped(self, first: int, last: int) -> Iterator[int]:
        """Yield the slots from *first* up to *last* that were not issued."""
        for skip in self.skips:
            yield from (slot for slot in slots_of(skip) if first <= slot < last)

    def not_issued(self, first: int, last: int) -> int:
        """Return how many slots from *first* up to *last* were not issued."""
        return sum(_before(skip, last) - _before(skip, first) for skip in self.skips)

    def _next_success(self, moment: int, stop: int) -> int | None:
        place = bisect_right(self.acks, moment)
        return self.acks[place] if place < len(self.acks) and self.acks[place] <= stop else None


def slots_of(skip: tuple[int, int, int]) -> Iterator[int]:
    """Yield evenly spaced slots, given the first, the last and how many they are."""
    first, last, count = skip
    step = (last - first) / (count - 1) if count > 1 else 0
    return (first + round(number * step) for number in range(count))


def _before(skip: tuple[int, int, int], edge: int) -> int:
    """Return how many of evenly spaced slots lie before an edge."""
    first, last, count = skip
    if count == 1 or last <= first:
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
