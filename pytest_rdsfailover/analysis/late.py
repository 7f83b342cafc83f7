"""Operations that failed although the cluster had settled.

Times are integer nanoseconds. What the words mean: `docs/definitions.md`.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.model.clock import SECOND

GRACE = SECOND  # outages closer to each other than this are one incident


@dataclass(frozen=True, slots=True)
class Late:
    """What became of the operations that began after the cluster had settled.

    Attributes:
        begun: how many did.
        failed: how many of them failed.
        excused: how many of these failed while the load generator stood still.
        read_only: how many of these met a read-only instance.
    """

    begun: int
    failed: int
    excused: int
    read_only: int


def late(all_series: Sequence[Series], settled: int, still: Standstills) -> Late:
    """Return what became of the operations that began after a moment."""
    begun = failed = excused = read_only = 0
    for series in all_series:
        begun += len(series) - bisect_right(series.started, settled)
        pauses = still.of_writer(series.writer)
        for row in late_failures(series, settled):
            failed += 1
            excused += bool(pauses.touching((series.started[row], series.finished[row])))
            read_only += is_read_only(series, row)
    return Late(begun, failed, excused, read_only)


def late_failures(series: Series, settled: int) -> Sequence[int]:
    """Return the rows of the operations that began after a moment and failed, in order.

    A writer that is served again within `GRACE` was on its way back until then: a connection that
    the failover cut is noticed at its next use, whenever that is.
    """
    first = bisect_right(series.started, settled)
    back = series.acked.find(1, first, bisect_right(series.finished, settled + GRACE))
    return series.failures_from(max(first, back))


def is_read_only(series: Series, row: int) -> bool:
    """Tell whether an operation failed because it met a read-only instance."""
    fault = series.faults[series.fault[row]]
    return fault is not None and fault.kind == "read-only"
