"""The audit: which writes are stored against which were acknowledged; and by whom."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.to_count import KeyList
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.errors import AuditError
from pytest_rdsfailover.model.records import Milestone, Outcome
from pytest_rdsfailover.model.target import OLD_ENVIRONMENT

FOREVER = 2**63 - 1
MANY = 255  # a count of copies fits a byte; more copies than this say nothing new


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Keys of writes that are not as their writers believe, and of the recovered ones.

    Attributes:
        lost: acknowledged, absent.
        duplicated: present more than once.
        recovered: of unknown outcome, present.
        unexpected: present, yet refused or never attempted.
        absent: how many of unknown outcome are absent: no promise was made, so none is broken.
        torn: stored in part.
    """

    lost: list[str]
    duplicated: list[str]
    recovered: list[str]
    unexpected: list[str]
    absent: int
    torn: list[str]


def _refuse(_: object, *__: object) -> Any:
    __tracebackhide__ = True
    raise AssertionError(
        "nothing was read back after the trial, so nothing can be said about lost, duplicated"
        " or recovered writes; give stored=..., a function that returns all stored keys"
    )


class NotAudited(list[str]):
    """Stands for the keys of a trial whose writes were never read back: undecided, never empty."""

    __hash__ = None  # as that of any list

    __eq__ = __ne__ = __bool__ = __contains__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __iter__ = __reversed__ = __getitem__ = _refuse
    __add__ = __radd__ = __iadd__ = __mul__ = __rmul__ = __imul__ = _refuse
    count = index = copy = pop = sort = reverse = _refuse  # type: ignore[assignment]

    def __len__(self) -> int:
        return int(_refuse(self))

    def __repr__(self) -> str:
        return "<not audited>"

    def __reduce__(self) -> tuple[type["NotAudited"], tuple[()]]:
        return NotAudited, ()


class NotAuditedCount(int):
    """Stands for a number of keys of a trial whose writes were never read back."""

    __hash__ = None  # type: ignore[assignment]  # it is equal to nothing

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = _refuse
    __int__ = __index__ = __float__ = __round__ = __truediv__ = __rtruediv__ = _refuse

    def __repr__(self) -> str:
        return "<not audited>"

    __str__ = __repr__

    def __reduce__(self) -> tuple[type["NotAuditedCount"], tuple[()]]:
        return NotAuditedCount, ()


NOT_AUDITED = NotAudited()
NO_KEYS = Audit(
    lost=NOT_AUDITED,
    duplicated=NOT_AUDITED,
    recovered=NOT_AUDITED,
    unexpected=NOT_AUDITED,
    absent=NotAuditedCount(),
    torn=NOT_AUDITED,
)


def audit(
    journal: Journal,
    all_series: Sequence[Series],
    stored: Stored,
    unreported: Collection[int] = (),
) -> Audit:
    """Return how the stored writes differ from the acknowledged ones.

    Args:
        journal: names the keys.
        all_series: what every writer did.
        stored: what was read back.
        unreported: the numbers of writers of whom nobody knows what they acknowledged.

    Raises:
        AuditError: if a stored position is no pair of numbers from 0.
    """
    copies = [bytearray(len(series)) for series in all_series]
    writers, sizes = len(all_series), [len(series) for series in all_series]
    strangers: dict[tuple[int, int], int] = {}
    unknown_writers = frozenset(unreported)
    for writer, sequence in stored.positions:
        if writer in unknown_writers and sequence >= 0:
            continue
        if 0 <= writer < writers and 0 <= sequence < sizes[writer]:
            seen = copies[writer]
            if seen[sequence] < MANY:
                seen[sequence] += 1
        elif writer < 0 or sequence < 0:
            raise AuditError(f"({writer}, {sequence}) is not the position of a write")
        else:
            strangers[writer, sequence] = strangers.get((writer, sequence), 0) + 1
    found = Audit(
        lost=KeyList(),
        duplicated=KeyList(),
        recovered=KeyList(),
        unexpected=KeyList(stored.foreign),
        absent=0,
        torn=KeyList(journal.key(*position) for position in stored.torn),
    )
    for series, seen in zip(all_series, copies, strict=True):
        if seen != series.acked:  # the usual case is every acknowledged write once and no other
            _compare(journal, series, seen, found)
    found.unexpected.extend(journal.key(*position) for position in sorted(strangers))
    found.duplicated.extend(
        journal.key(*position) for position, n in sorted(strangers.items()) if n > 1
    )
    unknown = sum(series.outcome.count(Outcome.UNKNOWN) for series in all_series)
    return replace(found, absent=unknown - len(found.recovered))


def _compare(journal: Journal, series: Series, seen: bytearray, found: Audit) -> None:
    """Sort one writer's differences into the lists of *found*."""
    for sequence, (outcome, copies) in enumerate(zip(series.outcome, seen, strict=True)):
        # As it should be: stored once if acknowledged, else not at all.
        if copies == (outcome == Outcome.ACKED):
            continue
        key = journal.key(series.writer, sequence)
        if copies > 1:
            found.duplicated.append(key)
        if outcome == Outcome.ACKED and not copies:
            found.lost.append(key)
        elif outcome == Outcome.UNKNOWN:
            found.recovered.append(key)
        elif outcome == Outcome.REFUSED:
            found.unexpected.append(key)


def ended_tenures(
    milestones: Sequence[Milestone], writer_before: str | None
) -> dict[str, list[tuple[int, int]]]:
    """Return when each former writer was no writer: from its cut to its next promotion.

    A cut ends a tenure only if another instance is promoted after it; a writer that restarts in
    place stays the writer. Without a cut on record the other's promotion ends it. A blue/green
    switchover ends that of the old environment's writer, which has another name from then on.
    """
    away: dict[str, list[tuple[int, int]]] = {}
    writer, cut = writer_before, None
    for milestone in sorted(milestones, key=lambda milestone: milestone.at):
        at = to_nanoseconds(milestone.at)
        if milestone.name == "writer_cut" and milestone.instance in {writer, None}:
            cut = at
        if milestone.name == "switched":
            away[f"{milestone.instance}{OLD_ENVIRONMENT}"] = [(at, FOREVER)]
        if milestone.name != "promoted" or milestone.instance is None:
            continue
        if writer is not None and milestone.instance != writer:
            away.setdefault(writer, []).append((at if cut is None else cut, FOREVER))
        periods = away.get(milestone.instance, [])
        if periods and periods[-1][1] == FOREVER:
            periods[-1] = periods[-1][0], at
        writer, cut = milestone.instance, None
    return away


def stale_writes(
    all_series: Sequence[Series], tenures: Mapping[str, Sequence[tuple[int, int]]]
) -> tuple[int, int]:
    """Return how many writes a former writer acknowledged, and how many could not be judged.

    Stale is a write that was started after the instance's tenure had ended and acknowledged
    before it was promoted again. Not judged are acknowledged writes of unknown instance that were
    started after the first tenure had ended.
    """
    ends = [first for periods in tenures.values() for first, _ in periods]
    if not ends:
        return 0, 0
    stale = unjudged = 0
    for series in all_series:
        away = [tenures.get(name or "", ()) for name in series.instances]
        for row in range(bisect_right(series.started, min(ends)), len(series)):
            if not series.acked[row]:
                continue
            place = series.instance[row]
            unjudged += place == 0
            stale += _within(series.started, series.finished, row, away[place])
    return stale, unjudged


def _within(
    started: Sequence[int], finished: Sequence[int], row: int, periods: Sequence[tuple[int, int]]
) -> bool:
    return any(first < started[row] and finished[row] < last for first, last in periods)
