"""Connections that stay where no writer is, though most writes get through by others."""

from pytest_rdsfailover.analysis.findings.cures import CURES
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.sessions import stayed, stuck


def stuck_sessions(case: Case) -> Finding | None:
    """Tell connections that were refused a write where no writer is, and are open all the same."""
    course = case.course
    if course.trigger is None or course.settled is None:
        return None
    sessions = stuck(course.sessions, course.trigger)
    if sessions is None or not sessions.left:
        return None
    return Finding(
        name="stuck_sessions",
        severity="broken",
        evidence=stayed(sessions),
        cure=CURES["read-only"],
        expectation="stuck_sessions=0",
    )
