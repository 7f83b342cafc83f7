"""One writer's columns, ready to be searched: all in order of time, because a writer waits.

Times are integer nanoseconds of the monotonic clock here, as in the journal: a million of them
are sorted and subtracted without making a million floats.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from pytest_rdsfailover.journal.events import Events
from pytest_rdsfailover.journal.journal import Journal, Skip
from pytest_rdsfailover.model.records import Fault, Outcome

SECOND = 1_000_000_000
ACKED = int(Outcome.ACKED)
# Outcomes to 1 for acknowledged and 0 for anything else, as `bytes.translate` wants it.
IS_ACKED = bytes(1 if outcome == ACKED else 0 for outcome in range(256))


def nanoseconds(seconds: float) -> int:
    """Return seconds as the journal counts them."""
    return round(seconds * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
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


def lanes(journal: Journal) -> list[Lane]:
    """Return what each writer of a journal did."""
    return [_lane(writer, writer.skips) for writer in journal.writers]


def attempt_lanes(journal: Journal) -> list[Lane]:
    """Return the tries that each writer reported; they are in order of their ends."""
    return [_lane(writer.attempts) for writer in journal.writers]


def _lane(writer: Events, skips: Sequence[Skip] = ()) -> Lane:
    outcome, finished = writer.outcome.tobytes(), writer.finished
    acked = outcome.translate(IS_ACKED)
    everything = acked.count(1) == len(acked)
    return Lane(
        writer=writer.writer,
        intended=writer.intended,
        started=writer.started,
        finished=finished,
        acked=acked,
        acks=finished if everything else array("q", compress(finished, acked)),
        skips=[(nanoseconds(s.first), nanoseconds(s.last), s.count) for s in skips],
        fault=writer.fault,
        faults=writer.faults,
        instance=writer.instance,
        instances=writer.instances,
        outcome=outcome,
    )
