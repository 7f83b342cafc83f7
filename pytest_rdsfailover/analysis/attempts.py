"""The tries inside operations: what the database did to a client that tries again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Self

from pytest_rdsfailover.analysis.absence import Absence, absences
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.phases import Phase, failures, totals
from pytest_rdsfailover.analysis.series import IS_ACKED, Series, attempts_of
from pytest_rdsfailover.analysis.weighing import Weighed
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.journal import Journal, WriterJournal
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What the tries of a trial's operations were.

    Attributes:
        series: those of each writer.
        absence: when none of them was served; None if none were reported.
        alone: whether operations are served by tries alone: each that was has one that was.
        swallowed: the keys of acknowledged operations of which each reported try was refused.
    """

    series: Sequence[Series]
    absence: Absence | None
    alone: bool
    swallowed: Sequence[str]

    @classmethod
    def of(cls, journal: Journal, course: Course) -> Self:
        """Return those of a journal."""
        found = attempts_of(journal)
        reported = any(map(len, found))
        unserved = [(writer, _unserved(writer)) for writer in journal.writers if reported]
        return cls(
            series=found,
            absence=absences(found, course, database=True) if reported else None,
            alone=reported and not any(rows for _, rows in unserved),
            swallowed=[
                journal.key(writer.writer, row)
                for writer, rows in unserved
                for row in sorted(rows & _refused(writer))
            ],
        )

    @property
    def proofs(self) -> Sequence[Weighed]:
        """Return the gaps between them that prove what was the case for operations as well."""
        return self.absence.gaps.candidates if self.absence is not None and self.alone else ()


def _unserved(writer: WriterJournal) -> set[int]:
    """Return the acknowledged operations that have no acknowledged try."""
    tries = writer.attempts
    acked = writer.outcome.tobytes().translate(IS_ACKED)
    served = compress(tries.detail, tries.outcome.tobytes().translate(IS_ACKED))
    return {*compress(range(len(acked)), acked)}.difference(served)


def _refused(writer: WriterJournal) -> set[int]:
    """Return the operations of which each try was refused."""
    tries = writer.attempts
    outcomes = tries.outcome.tobytes()
    others = (outcome != Outcome.REFUSED for outcome in outcomes)
    return {*tries.detail}.difference(compress(tries.detail, others))


def attempts(journal: Journal, course: Course, tried: Tries) -> Attempts | None:
    """Return what the tries say; None if none were reported."""
    if tried.absence is None:
        return None
    outcomes = [sum(series.outcome.count(kind) for series in tried.series) for kind in Outcome]
    tries = (Counter(writer.attempts.detail) for writer in journal.writers)
    return Attempts(
        count=sum(map(len, tried.series)),
        acked=outcomes[Outcome.ACKED],
        refused=outcomes[Outcome.REFUSED],
        unknown=outcomes[Outcome.UNKNOWN],
        retried=sum(number > 1 for counts in tries for number in counts.values()),
        downtime=tried.absence.downtime,
        errors=totals(failures(tried.series), to_nanoseconds(course.stop)),
    )
