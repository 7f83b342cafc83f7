"""Errors that go on although the cluster has settled and writers are served again."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.late import late_failures
from pytest_rdsfailover.analysis.series import Series
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
    failed, of = _last(case, case.settled)
    allowed = max(case.course.calm_errors if case.course.calm_errors < 1 else 0, _calm_share(case))
    if len(failed) < FEWEST or len(failed) <= WORSE * allowed * of:
        return None
    fault, count = Counter(failed).most_common(1)[0]
    late = sum(1 for series in case.series for _ in late_failures(series, case.settled))
    return Finding(
        name="late_errors",
        severity="broken",
        evidence=(
            f"{len(failed)} of the last {of} operations failed ({count} x"
            f" {fault.code or fault.kind}), and {late} in all after the cluster had settled"
        ),
        cure=cure_of(fault),
        expectation="late_errors=0",
    )


def _last(case: Case, settled: int) -> tuple[list[Fault], int]:
    """Return the faults of the last operations of writers that came back, and how many these are.

    They are those of the last half second, or the last few if it has fewer.
    """
    since = to_nanoseconds(case.course.stop) - LAST
    back = [
        (series, row)
        for series in case.series
        if series.writer not in case.stuck
        and (row := series.acked.find(1, bisect_right(series.finished, settled))) >= 0
    ]  # before its first success a writer is still on its way back
    late = [(series, max(row, bisect_right(series.finished, since))) for series, row in back]
    within = sum(len(series) - first for series, first in late)
    if within >= FEWEST_OPERATIONS:
        failed = _operations(late, only_failed=True)
        return [fault for _, fault in failed if fault is not None], within
    few = [(series, max(row, len(series) - FEWEST_OPERATIONS)) for series, row in back]
    last = _operations(few, only_failed=False)[-FEWEST_OPERATIONS:]
    return [fault for _, fault in last if fault is not None], len(last)


def _operations(
    rows: Sequence[tuple[Series, int]], *, only_failed: bool
) -> list[tuple[int, Fault | None]]:
    """Return each operation's end and fault from some rows on, in order of time."""
    found = [
        (series.finished[row], _fault(series.acked[row], series.faults[series.fault[row]]))
        for series, first in rows
        for row in (_failed(series, first) if only_failed else range(first, len(series)))
    ]
    return sorted(found, key=itemgetter(0))


def _failed(series: Series, row: int) -> Iterator[int]:
    while (row := series.acked.find(0, row)) >= 0:
        yield row
        row += 1


def _fault(acked: int, fault: Fault | None) -> Fault | None:
    return None if acked else fault or CLIENT


def _calm_share(case: Case) -> float:
    """Return the share of operations that failed before the trigger."""
    trigger = case.trigger or 0
    done = sum(bisect_right(series.finished, trigger) for series in case.series)
    failed = sum(at <= trigger for at, _, _ in case.errors)
    return failed / done if done else 0.0
