"""Reads back what a trial's load has stored; says in the trial's course why that could not be done."""

from contextlib import suppress
from dataclasses import dataclass, replace

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.load.audit import read_back
from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.errors import AuditError, NotReadyError
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.trial.resting import check_late, rest_awhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What came of reading back.

    Attributes:
        course: the trial's course, with what is to be said of the audit.
        stored: what is stored; None if that could not be read back, or nobody can tell.
        problem: why it could not be read back; None if it was.
    """

    course: Course
    stored: Stored | None
    problem: AuditError | None = None


def audited(
    course: Course, workload: Workload, target: Target, clock: Clock, *, secret: str
) -> Audited:
    """Read back what is stored. Without it, what was measured is a trial all the same.

    Args:
        course: the trial's course so far.
        workload: what wrote.
        target: where it wrote.
        clock: measures how long the audit may wait.
        secret: a text that no complaint may show.

    Raises:
        DiedError: if the audit failed because a server of ours has ended.
    """
    with suppress(NotReadyError):  # then the audit says what it could not do
        rest_awhile(target, clock)
    try:
        stored = read_back(workload, target.audit_endpoint, clock)
    except AuditError as error:
        check_late(target, clock)
        hangs = Complaints((secret,))
        hangs.unaudited(error)
        told = replace(
            course,
            notes=[*course.notes, f"not audited: {error}"],
            complaints=[*course.complaints, *hangs.found()],
        )
        return Audited(course=told, stored=None, problem=error)
    return Audited(course=course, stored=stored)
