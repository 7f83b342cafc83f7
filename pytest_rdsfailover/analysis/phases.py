"""Which errors there were, and when: one line for what a log shows a thousand times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
    """

    code: int
    kind: str
    instance: str | None
    count: int
    first: float
    last: float


def failures(all_series: Sequence[Series]) -> list[tuple[int, Fault, str | None]]:
    """Return every failed attempt's end, fault and instance, in order of time."""
    found = [
        (
            series.finished[row],
            series.faults[series.fault[row]] or Fault(0, "client"),
            series.instances[series.instance[row]],
        )
        for series in all_series
        for row in series.failures()
    ]
    return sorted(found, key=itemgetter(0))


def phases(errors: Iterable[tuple[int, Fault, str | None]], *, pause: int = PAUSE) -> list[Phase]:
    """Return errors in order with those of one code, kind and instance merged.

    A pause longer than *pause* without an error of that sort begins a new phase.
    """
    done: list[Phase] = []
    running: dict[tuple[Fault, str | None], Phase] = {}
    for at, fault, instance in errors:
        phase = running.get((fault, instance))
        if phase is None or at - phase.last > pause:
            done += [phase] if phase else []
            phase = _one(at, fault, instance)
        else:
            phase = replace(phase, count=phase.count + 1, last=at)
        running[fault, instance] = phase
    return sorted([*done, *running.values()], key=lambda phase: (phase.first, phase.last))


def totals(errors: Iterable[tuple[int, Fault, str | None]]) -> list[Phase]:
    """Return one entry for each code and kind over the whole trial, in order of appearance."""
    anywhere = ((at, fault, None) for at, fault, _ in errors)
    return phases(anywhere, pause=2**63)


def _one(at: int, fault: Fault, instance: str | None) -> Phase:
    return Phase(code=fault.code, kind=fault.kind, instance=instance, count=1, first=at, last=at)
