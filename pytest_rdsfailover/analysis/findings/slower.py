"""An application that stays slower than it was before the failover."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.level import FEWEST, Level, taken_within
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds, to_seconds
from pytest_rdsfailover.model.durations import format_duration

LAST = SECOND // 2  # what counts as the end of observation


def slower(case: Case) -> Finding | None:
    """Tell operations that still take longer than in the calm when observation ends."""
    if case.trouble is None:
        return None
    begun, settled = case.trouble
    level = Level.of(case.series, (to_nanoseconds(case.course.start), begun))
    stop = to_nanoseconds(case.course.stop)
    taken = taken_within(case.series, (max(settled, stop - LAST), stop))
    if level is None or len(taken) < FEWEST:
        return None
    half = percentile(taken, 0.5)
    if half <= level.limit:
        return None
    return Finding(
        name="slower",
        severity="risky",
        evidence=(
            f"half of the last {len(taken)} operations took {format_duration(to_seconds(half))} or"
            f" more from their intended time, and"
            f" {format_duration(to_seconds(level.half))} before the failover"
        ),
        cure=(
            "see what they wait for: new connections for each of them, a pool that stays small, or"
            " caches and statements that are not made again"
        ),
        expectation='recovery="< 30s"',
    )
