"""How old the data was that reads saw, judged by their own writer's acknowledged writes."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.journal import Journal, WriterJournal
from pytest_rdsfailover.journal.reads import OWN, SEEN
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.records import Outcome

ACKED = int(Outcome.ACKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What the reads of a trial saw.

    Attributes:
        count: reads that were answered.
        failed: reads that were not.
        compared: those of a replica that could be compared with a write of their own writer.
        stale: of these, the ones that missed a write acknowledged before they were sent.
        staleness: the most that one lagged behind; 0 up to a bound if none was stale.
        own: reads from the writer's own session that could be compared with a write of it.
        unseen: of these, the ones that missed a write acknowledged before.
    """

    count: int
    failed: int
    compared: int
    stale: int
    staleness: Figure
    own: int
    unseen: int


def reads(journal: Journal, all_series: Sequence[Series]) -> Reads | None:
    """Return what reads saw; None if there were none."""
    if not any(len(writer.reads) for writer in journal.writers):
        return None
    answered = failed = ours = unseen = 0
    lags: list[tuple[int, int]] = []
    for writer, series in zip(journal.writers, all_series, strict=True):
        outcomes = writer.reads.outcome
        answered += outcomes.count(ACKED)
        failed += len(outcomes) - outcomes.count(ACKED)
        for own, lag in _lags(writer, series):
            if own:
                ours += 1
                unseen += lag[0] > 0
            else:
                lags.append(lag)
    worst = max(lags, default=(0, 0))
    if worst[0]:
        staleness = Figure(to_seconds(worst[0]), to_seconds(worst[1]))
    else:
        staleness = Figure(0.0, to_seconds(max((b for _, b in lags), default=0)), best=0.0)
    return Reads(
        count=answered,
        failed=failed,
        compared=len(lags),
        stale=sum(lag[0] > 0 for lag in lags),
        staleness=staleness,
        own=ours,
        unseen=unseen,
    )


def _lags(writer: WriterJournal, series: Series) -> list[tuple[bool, tuple[int, int]]]:
    """Return for each answered read of ours whether it was the writer's own, and how far behind.

    Behind by at least the time from the acknowledgement of the oldest write that it missed to its
    sending, at most by that from the write's sending to the answer. If it missed none, by nothing
    up to the age of the newest write: whatever lags less than that could not be told.
    """
    found = []
    columns = (
        writer.reads.started,
        writer.reads.finished,
        writer.reads.outcome,
        writer.reads.detail,
    )
    for started, finished, outcome, detail in zip(*columns, strict=True):
        over = bisect_left(series.finished, started)  # a writer waits: all before this are over
        newest = series.acked.rfind(1, 0, over)
        if outcome != ACKED or not detail or newest < 0:
            continue
        missed = series.acked.find(1, detail & SEEN, over)
        row = newest if missed < 0 else missed
        least = 0 if missed < 0 else started - series.finished[row]
        found.append((bool(detail & OWN), (least, finished - series.started[row])))
    return found
