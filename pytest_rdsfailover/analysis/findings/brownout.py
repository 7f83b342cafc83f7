"""A stretch in which the cluster serves some operations and fails others: half a service, no outage."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter, sub

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds, to_seconds
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.records import Fault

SLICE = SECOND // 4
FEWEST = 8  # operations in a slice of a slower load: of fewer, luck makes all or none fail
LONG = SECOND  # writers that come back one after the other take less
SHARE = 0.1  # of a slice's operations
WORSE = 2  # times the share of errors of the calm
STILL = ", and it was not over when observation ended"


@dataclass(frozen=True, slots=True)
class _Slice:
    """Operations that ended within one slice of time."""

    number: int
    faults: Sequence[Fault]
    acked: int

    @property
    def failed(self) -> int:
        return len(self.faults)

    def partly(self, share: float) -> bool:
        """Tell whether some operations failed, more than a share, and others were served."""
        return self.acked > 0 and self.failed > share * (self.acked + self.failed)


def brownout(case: Case) -> Finding | None:
    """Tell the longest stretch in which operations fail beside others that are served."""
    zero = to_nanoseconds(case.course.start) if case.trigger is None else case.trigger
    length = max(SLICE, round(FEWEST * SECOND / case.course.rate)) if case.course.rate else SLICE
    share = _most_allowed(case, zero)
    runs = _runs([part for part in _slices(case, zero, length) if part.partly(share)])
    runs = [run for run in runs if len(run) * length >= LONG]
    if not runs:
        return None
    # What is left of a slice is too little to tell.
    over = zero + (runs[-1][-1].number + 2) * length
    # With a trigger, `late_errors` tells whether it was over.
    goes_on = case.trigger is None and over >= to_nanoseconds(case.course.stop)
    longest = runs[-1] if goes_on else max(runs, key=len)
    faults = Counter(fault for part in longest for fault in part.faults)
    failed, acked = faults.total(), sum(part.acked for part in longest)
    fault, count = faults.most_common(1)[0]
    first = to_seconds(longest[0].number * length)
    return Finding(
        name="brownout",
        severity="broken" if goes_on else "risky",
        evidence=(
            f"{failed} of {failed + acked} operations failed ({count} x {fault.code or fault.kind})"
            f" for {format_duration(to_seconds(len(longest) * length))}"
            f" from {format_duration(first)} on, while the others were served{STILL * goes_on}"
        ),
        cure=cure_of(fault),
        expectation='worst_second=">= 90%"',
    )


def _slices(case: Case, zero: int, length: int) -> Iterator[_Slice]:
    """Yield the slices after a moment in which operations failed, in order of time."""
    faults: dict[int, list[Fault]] = {}
    for at, fault, _ in case.errors:
        if at >= zero:
            faults.setdefault((at - zero) // length, []).append(fault)
    begins = [zero + number * length for number in faults]
    ends = [begin + length for begin in begins]
    served = zip(
        *(
            map(sub, *(map(bisect_left, repeat(series.acks), edges) for edges in (ends, begins)))
            for series in case.series
        ),
        strict=True,
    )
    for (number, failed), acked in zip(faults.items(), map(sum, served), strict=True):
        yield _Slice(number, failed, acked)


def _runs(slices: Sequence[_Slice]) -> list[list[_Slice]]:
    """Return slices in order, those next to each other together."""
    runs: list[list[_Slice]] = []
    for part in slices:
        if runs and runs[-1][-1].number + 1 == part.number:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def _most_allowed(case: Case, zero: int) -> float:
    """Return which share of a slice's operations may fail: more than the calm and its bound have."""
    done = sum(bisect_left(series.finished, zero) for series in case.series)
    calm = bisect_left(case.errors, zero, key=itemgetter(0)) / done if done else 0.0
    bound = case.course.calm_errors if case.course.calm_errors < 1 else 0.0
    return max(SHARE, WORSE * calm, WORSE * bound)
