"""Operations that waited long for an error, because no time-out bounded them."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.journal.complaints import HANGS
from pytest_rdsfailover.model.clock import SECOND, to_seconds
from pytest_rdsfailover.model.durations import format_duration

LONG = 5 * SECOND  # longer than time-outs that fit a failover of 10 s


def long_waits(case: Case) -> Finding | None:
    """Tell failed operations that took long, but not those that hang in the workload."""
    took = sorted(
        series.taken.values[row]
        for series in case.series
        for row in series.taken.above(LONG - 1)
        if not series.acked[row]
    )
    hanging = sum(complaint.error == HANGS for complaint in case.course.complaints)
    if len(took) <= hanging:
        return None
    return Finding(
        name="long_waits",
        severity="risky",
        evidence=(
            f"{len(took)} operations waited {format_duration(to_seconds(took[0]))} to"
            f" {format_duration(to_seconds(took[-1]))} before they failed"
        ),
        cure="bound connecting and reading with time-outs of one to three seconds",
        expectation='writer_outage="< 5s"',
    )
