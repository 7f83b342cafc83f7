"""Which errors there were, and when: one line for what a log shows a thousand times."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.records import Fault

PAUSE = SECOND // 2  # errors of a kind further apart than this are two phases


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Errors of one sort.

    Attributes:
        code: the MySQL error number; 0 if there is none.
        kind: its family in one word, as in `Fault`.
        instance: the instance that answered; None if unknown, or if several did.
        count: how many there were.
        first: when the first one arrived; seconds in a `Trial`.
        last: when the last one arrived.
        open: observation ended so soon after it that nobody saw whether they were over.
    """

    code: int
    kind: str
    instance: str | None
    count: int
    first: float
    last: float
    open: bool


def failures(all_series: Sequence[Series]) -> list[tuple[int, Fault, str | None]]:
    """Return every failed attempt's end, fault and instance, in order of time."""
    found: list[tuple[int, Fault, str | None]] = []
    for series in all_series:
        faults = [fault or Fault(0, "client") for fault in series.faults]
        finished, fault, instance = (
            map(column.__getitem__, series.failures)
            for column in (series.finished, series.fault, series.instance)
        )
        found += zip(
            finished,
            map(faults.__getitem__, fault),
            map(series.instances.__getitem__, instance),
            strict=True,
        )
    return sorted(found, key=itemgetter(0))


def phases(
    errors: Iterable[tuple[int, Fault, str | None]], stop: int, *, pause: float = PAUSE
) -> list[Phase]:
    """Return errors in order with those of one code, kind and instance merged.

    A pause longer than *pause* without an error of that sort begins a new phase. One that was not
    over by *stop*, when observation ended, is open.
    """
    done: list[Phase] = []
    running: dict[tuple[Fault, str | None], list[int]] = {}  # count, first and last
    for (fault, instance), alike in groupby(errors, key=itemgetter(1, 2)):
        seen = running.get((fault, instance))
        for at, _, _ in alike:
            if seen is not None and at - seen[2] <= pause:
                seen[0], seen[2] = seen[0] + 1, at
                continue
            if seen is not None:
                done.append(_phase(fault, instance, seen, stop))
            seen = running[fault, instance] = [1, at, at]
    done += [_phase(*sort, seen, stop) for sort, seen in running.items()]
    return sorted(done, key=lambda phase: (phase.first, phase.last))


def totals(errors: Iterable[tuple[int, Fault, str | None]], stop: int) -> list[Phase]:
    """Return one entry for each code and kind over the whole trial, in order of appearance."""
    anywhere = ((at, fault, None) for at, fault, _ in errors)
    return phases(anywhere, stop, pause=math.inf)


def _phase(fault: Fault, instance: str | None, seen: Sequence[int], stop: int) -> Phase:
    count, first, last = seen
    return Phase(
        code=fault.code, kind=fault.kind, instance=instance, count=count, first=first, last=last,
        open=stop - last < PAUSE,
    )  # fmt: skip
