"""Writers whose reads never worked again, which no figure of writes shows."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.records import Fault, Outcome

ACKED = int(Outcome.ACKED)
FEWEST = 3  # a connection that the failover cut is noticed at its next use, maybe long after it


def dead_reads(
    journal: Journal, course: Course, outages: Sequence[Gap]
) -> Mapping[int, Fault | None] | None:
    """Return what the reads met at last of each writer of which none worked after the cluster had settled.

    None if no reads began then, or it had not settled.

    Args:
        journal: has the reads.
        course: when the cluster had settled; without a trigger the last outage settles it.
        outages: when nobody was served.
    """
    if course.trigger is not None and course.settled is None:
        return None
    settled = to_nanoseconds(course.start if course.settled is None else course.settled)
    if course.trigger is None and outages:
        settled = outages[-1][1]
    found: dict[int, Fault | None] = {}
    looked = 0
    for number, writer in enumerate(journal.writers):
        reads = writer.reads
        outcomes = reads.outcome[bisect_right(reads.started, settled) :]
        looked += len(outcomes)
        if len(outcomes) >= FEWEST and ACKED not in outcomes:
            found[number] = reads.faults[reads.fault[-1]]
    return found if looked else None
