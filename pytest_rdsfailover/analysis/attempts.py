"""The tries inside operations: what the database did to a client that tries again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.phases import Phase, failures, totals
from pytest_rdsfailover.analysis.series import attempts_of
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.records import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What the tries of a trial's operations say, where they were reported.

    Attributes:
        count: how many there were.
        acked: acknowledged ones.
        refused: refused ones.
        unknown: ones of unknown outcome.
        retried: operations that took more than one.
        downtime: the database's, by the rule of a trial's own, from the attempts.
        errors: one entry for each code and kind; its times are seconds in a `Trial`.
    """

    count: int
    acked: int
    refused: int
    unknown: int
    retried: int
    downtime: Figure
    errors: Sequence[Phase]


def attempts(journal: Journal, course: Course) -> Attempts | None:
    """Return what the tries say; None if none were reported."""
    found = attempts_of(journal)
    count = sum(map(len, found))
    if not count:
        return None
    outcomes = [sum(series.outcome.count(kind) for series in found) for kind in Outcome]
    tries = (Counter(writer.attempts.detail) for writer in journal.writers)
    return Attempts(
        count=count,
        acked=outcomes[Outcome.ACKED],
        refused=outcomes[Outcome.REFUSED],
        unknown=outcomes[Outcome.UNKNOWN],
        retried=sum(number > 1 for counts in tries for number in counts.values()),
        downtime=absences(found, course, database=True).downtime,
        errors=totals(failures(found), to_nanoseconds(course.stop)),
    )
