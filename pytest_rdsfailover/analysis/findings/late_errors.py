"""Errors that go on although the cluster has settled and writers are served again."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.late import late_failures
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds
from pytest_rdsfailover.model.records import Fault

# What counts as the end of observation: so long, and so many operations if there were fewer in it.
LAST, FEWEST_OPERATIONS = SECOND // 2, 10
FEWEST = 2  # a single error is no share
WORSE = 2  # times the share of errors of the calm
CLIENT = Fault(0, "client")


def late_errors(case: Case) -> Finding | None:
    """Tell an application that still fails when observation ends, more than it did in the calm."""
    if case.settled is None or case.trigger is None:
        return None
    if len(case.errors) < FEWEST or case.errors[-FEWEST][0] <= case.settled:
        return None  # mostly; a busy load has many operations in its last half second
    last = _last(case, case.settled)
    failed = [fault for _, fault in last if fault is not None]
    allowed = max(case.course.calm_errors if case.course.calm_errors < 1 else 0, _calm_share(case))
    if len(failed) < FEWEST or len(failed) <= WORSE * allowed * len(last):
        return None
    fault, count = Counter(failed).most_common(1)[0]
    late = sum(1 for series in case.series for _ in late_failures(series, case.settled))
    return Finding(
        name="late_errors",
        severity="broken",
        evidence=(
            f"{len(failed)} of the last {len(last)} operations failed ({count} x"
            f" {fault.code or fault.kind}), and {late} in all after the cluster had settled"
        ),
        cure=cure_of(fault),
        expectation="late_errors=0",
    )


def _last(case: Case, settled: int) -> Sequence[tuple[int, Fault | None]]:
    """Return the last operations of writers that came back: each one's end and fault."""
    stuck = set(case.stuck)
    since = to_nanoseconds(case.course.stop) - LAST
    late: list[tuple[int, Fault | None]] = []
    for series in case.series:
        if series.writer in stuck:
            continue
        # Of each writer only what may be among the last of all: a long run has many more.
        # Before its first success a writer is still on its way back.
        back = series.acked.find(1, bisect_right(series.finished, settled))
        first = min(bisect_right(series.finished, since), len(series) - FEWEST_OPERATIONS)
        rows = range(max(back, first), len(series)) if back >= 0 else range(0)
        late += (
            (series.finished[row], _fault(series.acked[row], series.faults[series.fault[row]]))
            for row in rows
        )
    late.sort(key=lambda operation: operation[0])
    within = sum(finished > since for finished, _ in late)
    return late[-max(within, FEWEST_OPERATIONS) :]


def _fault(acked: int, fault: Fault | None) -> Fault | None:
    return None if acked else fault or CLIENT


def _calm_share(case: Case) -> float:
    """Return the share of operations that failed before the trigger."""
    trigger = case.trigger or 0
    done = sum(bisect_right(series.finished, trigger) for series in case.series)
    failed = sum(at <= trigger for at, _, _ in case.errors)
    return failed / done if done else 0.0
