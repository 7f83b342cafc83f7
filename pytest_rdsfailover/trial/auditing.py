"""Reads back what a trial's load has stored; says in the trial's course why that could not be done."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.load.audit import read_back
from pytest_rdsfailover.load.complaints import Complaints
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import AuditError
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.trial.resting import check_late, rest_or_go_on


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
    course: Course,
    workload: Workload,
    target: Target,
    clock: Clock,
    *,
    old: Callable[[], Endpoint] | None = None,
    secret: str,
) -> Audited:
    """Read back what is stored. Without it, what was measured is a trial all the same.

    Args:
        course: the trial's course so far.
        workload: what wrote.
        target: where it wrote.
        clock: measures how long the audit may wait.
        old: returns where the environment can be read that a switchover has left; None without one.
        secret: a text that no complaint may show.

    Raises:
        DiedError: if the audit failed because a server of ours has ended.
    """
    rest_or_go_on(target, clock)  # the audit says what it could not do
    try:
        stored = read_back(workload, target.audit_endpoint, clock)
        notes = [] if old is None else _compared(workload, stored, old, clock)
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
    return Audited(course=replace(course, notes=[*course.notes, *notes]), stored=stored)


def _compared(
    workload: Workload, new: Stored | None, old: Callable[[], Endpoint], clock: Clock
) -> list[str]:
    """Return what the old environment stores of a load that the new one lacks.

    Raises:
        AuditError: if that cannot be read back.
    """
    if new is None or not workload.needs_writer:
        return ["the old environment was not audited: only a table of the load's own is read there"]
    there = read_back(workload, old, clock)
    rows = [] if there is None else list(there.positions)
    lacking = len(set(rows) - set(new.positions))
    return [f"the old environment has {len(rows)} rows of this load, {lacking} of them alone"]
