"""Errors that go on although the cluster has settled and writers are served again."""

from bisect import bisect_right
from collections import Counter

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds

LAST = SECOND // 2  # of the observation: an application that is well again has no errors there
FEWEST = 2  # a single error is no share


def late_errors(case: Case) -> Finding | None:
    """Tell an application that still fails when observation ends, more than it did in the calm."""
    if case.settled is None or case.trigger is None:
        return None
    stop = to_nanoseconds(case.course.stop)
    since = max(case.settled, stop - LAST)
    stuck = set(case.stuck)
    ends = [
        finished
        for series in case.series
        if series.writer not in stuck
        for finished in series.finished[bisect_right(series.finished, since) :]
    ]
    at_last = [
        series.faults[series.fault[row]]
        for series in case.series
        if series.writer not in stuck
        for row in range(bisect_right(series.finished, since), len(series))
        if not series.acked[row]
    ]
    allowed = max(
        case.course.calm_errors if case.course.calm_errors < 1 else 0.0, _calm_share(case)
    )
    if len(at_last) < FEWEST or len(at_last) <= 2 * allowed * len(ends):
        return None
    fault, count = Counter(filter(None, at_last)).most_common(1)[0]
    late = sum(at > case.settled for at, _, _ in case.errors)
    return Finding(
        name="late_errors",
        severity="broken",
        evidence=(
            f"{len(at_last)} of the last {len(ends)} operations failed ({count} x"
            f" {fault.code or fault.kind}), and {late} in all after the cluster had settled"
        ),
        cure=cure_of(fault),
    )


def _calm_share(case: Case) -> float:
    """Return the share of operations that failed before the trigger."""
    trigger = case.trigger or 0
    done = sum(bisect_right(series.finished, trigger) for series in case.series)
    failed = sum(at <= trigger for at, _, _ in case.errors)
    return failed / done if done else 0.0
