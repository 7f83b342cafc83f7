"""Errors that go on although the cluster has settled and writers are served again."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter, sub

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.late import late_failures
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds
from pytest_rdsfailover.model.records import Fault

# What counts as the end of observation: so long, and so many operations if there were fewer in it.
LAST, FEWEST_OPERATIONS = SECOND // 2, 10
FEWEST = 2  # a single error is no share
PARTS = 4  # of a longer time; errors that come in all of them go on
WORSE = 2  # times the share of errors of the calm
CLIENT = Fault(0, "client")
Failure = tuple[int, Fault]  # the end of an operation, and how it failed


def late_errors(case: Case) -> Finding | None:
    """Tell an application that still fails when observation ends, more than it did in the calm."""
    trouble = case.trouble
    if trouble is None or len(case.errors) < FEWEST or case.errors[-FEWEST][0] <= trouble[1]:
        return None  # mostly; a busy load has many operations in its last half second
    begun, settled = trouble
    calm = _calm_share(case, begun)
    allowed = max(case.course.calm_errors if case.course.calm_errors < 1 else 0, calm)
    going_on = _going_on(case, settled, WORSE * allowed)
    if going_on is None:
        return None
    failed, of = going_on
    fault, count = Counter(fault for _, fault in failed).most_common(1)[0]
    late = sum(len(late_failures(series, settled)) for series in case.series)
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


def _going_on(case: Case, settled: int, share: float) -> tuple[list[Failure], int] | None:
    """Return the failures of the last operations, if they are more than a share, and of how many.

    None if it was over. A small share does not show in half a second. So ever longer times are looked
    at, in which errors came all along.
    """
    stop = to_nanoseconds(case.course.stop)
    length = LAST
    while True:
        failed, of = _last(case, settled, stop - length)
        enough = len(failed) >= FEWEST and len(failed) > share * of
        if enough and (length == LAST or _all_along([at for at, _ in failed], stop, length)):
            return failed, of
        if stop - length <= settled:
            return None
        length *= 2


def _all_along(failed: Sequence[int], stop: int, length: int) -> bool:
    """Tell whether errors came in all of a time, and none has been missing for longer than before."""
    parts = {max(0, (stop - at) * PARTS // length) for at in failed}
    apart = max(map(sub, failed[1:], failed))
    return len(parts) == PARTS and stop - failed[-1] <= apart


def _last(case: Case, settled: int, since: int) -> tuple[list[Failure], int]:
    """Return how the last operations of writers that came back failed, and how many these are.

    They are those since a moment, or the last few if these are fewer.
    """
    back = [
        (series, row)
        for series in case.series
        if series.writer not in case.stuck
        and (row := series.acked.find(1, bisect_right(series.finished, settled))) >= 0
    ]  # before its first success a writer is still on its way back
    late = [(series, max(row, bisect_right(series.finished, since))) for series, row in back]
    within = sum(len(series) - first for series, first in late)
    if within >= FEWEST_OPERATIONS:
        return _failures(_operations(late, only_failed=True)), within
    few = [(series, max(row, len(series) - FEWEST_OPERATIONS)) for series, row in back]
    last = _operations(few, only_failed=False)[-FEWEST_OPERATIONS:]
    return _failures(last), len(last)


def _failures(operations: Sequence[tuple[int, Fault | None]]) -> list[Failure]:
    return [(at, fault) for at, fault in operations if fault is not None]


def _operations(
    rows: Sequence[tuple[Series, int]], *, only_failed: bool
) -> list[tuple[int, Fault | None]]:
    """Return each operation's end and fault from some rows on, in order of time."""
    found = [
        (series.finished[row], _fault(series.acked[row], series.faults[series.fault[row]]))
        for series, first in rows
        for row in (series.failures_from(first) if only_failed else range(first, len(series)))
    ]
    return sorted(found, key=itemgetter(0))


def _fault(acked: int, fault: Fault | None) -> Fault | None:
    return None if acked else fault or CLIENT


def _calm_share(case: Case, until: int) -> float:
    """Return the share of operations that failed before a moment."""
    done = sum(bisect_right(series.finished, until) for series in case.series)
    failed = sum(at <= until for at, _, _ in case.errors)
    return failed / done if done else 0.0
