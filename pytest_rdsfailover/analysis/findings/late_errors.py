"""Errors that go on although the cluster has settled and writers are served again."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from operator import sub

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.late import late_failures
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds
from pytest_rdsfailover.model.records import Fault

# What counts as the end of observation: so long, and so many operations if there were fewer in it.
LAST, FEWEST_OPERATIONS = SECOND // 2, 10
FEWEST = 2  # a single error is no share
PARTS = 4  # of a longer time; errors that come in all of them go on
WORSE = 2  # times the share of errors of the calm
CLIENT = Fault(0, "client")
Operation = tuple[int, Fault | None]  # its end, and how it failed


def late_errors(case: Case) -> Finding | None:
    """Tell an application that still fails when observation ends, more than it did in the calm."""
    trouble = case.trouble
    if trouble is None or len(case.errors) < FEWEST or case.errors[-FEWEST][0] <= trouble[1]:
        return None  # mostly; a busy load has many operations in its last half second
    begun, settled = trouble
    calm = _calm_share(case, begun)
    allowed = max(case.course.calm_errors if case.course.calm_errors < 1 else 0, calm)
    last = _going_on(case, settled, WORSE * allowed)
    if last is None:
        return None
    failed = [fault for _, fault in last if fault is not None]
    fault, count = Counter(failed).most_common(1)[0]
    late = sum(1 for series in case.series for _ in late_failures(series, settled))
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


def _going_on(case: Case, settled: int, share: float) -> Sequence[Operation] | None:
    """Return the last operations, if more than a share of them failed; None if it was over.

    A small share does not show in half a second. So ever longer times are looked at, in which errors
    came all along.
    """
    stop = to_nanoseconds(case.course.stop)
    length = LAST
    while True:
        last = _last(case, settled, stop - length)
        failed = [at for at, fault in last if fault is not None]
        enough = len(failed) >= FEWEST and len(failed) > share * len(last)
        if enough and (length == LAST or _all_along(failed, stop, length)):
            return last
        if stop - length <= settled:
            return None
        length *= 2


def _all_along(failed: Sequence[int], stop: int, length: int) -> bool:
    """Tell whether errors came in all of a time, and none has been missing for longer than before."""
    parts = {max(0, min(PARTS - 1, (stop - at) * PARTS // length)) for at in failed}
    apart = max(map(sub, failed[1:], failed))
    return len(parts) == PARTS and stop - failed[-1] <= apart


def _last(case: Case, settled: int, since: int) -> Sequence[Operation]:
    """Return the operations since a moment, of writers that came back, and at least so many."""
    stuck = set(case.stuck)
    late: list[Operation] = []
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


def _calm_share(case: Case, until: int) -> float:
    """Return the share of operations that failed before a moment."""
    done = sum(bisect_right(series.finished, until) for series in case.series)
    failed = sum(at <= until for at, _, _ in case.errors)
    return failed / done if done else 0.0
