"""The arguments of `expect(...)`, for type checkers: what can be expected, and how it is written."""

from typing import TypedDict


class Expectations(TypedDict, total=False):
    """Bounds on the figures of a trial, as `Trial.expect` takes them.

    A bound on a duration is a text such as `"< 2s"` or `"<= 500ms"`; a bound on a count is a number,
    or a text such as `"<= 3"`.

    Attributes:
        downtime: the longest outage that overlaps the failover.
        attempts_downtime: the same of the tries inside the operations.
        staleness: how far the read of a replica that lagged most was behind.
        writer_outage: the longest outage of a single writer.
        availability_area: the outages of all single writers added up, in writer-seconds.
        first_writer_back: when the first writer was served again, from the trigger.
        last_writer_back: when the last writer was served again, from the trigger.
        p50: latency that half of the writes intended during the failover did not exceed.
        p99: latency that 99 % of them did not exceed.
        max: their longest latency.
        lost: keys acknowledged, yet absent.
        duplicated: keys present more than once.
        recovered: keys of unknown outcome, yet present.
        unexpected: keys present, yet refused or never attempted.
        torn: keys of writes of several rows that are there in part.
        unseen: reads of a writer's own session that missed its acknowledged write.
        stale_writes: writes that a former writer acknowledged.
        stuck_writers: how many writers never came back.
        stuck_sessions: how many connections stayed open where no writer is, and were refused there.
        outages: how many there were.
        refused: refused writes.
        unknown: writes of unknown outcome.
        not_issued: slots of the schedule for which no writer was free.
    """

    downtime: str
    attempts_downtime: str
    staleness: str
    writer_outage: str
    availability_area: str
    first_writer_back: str
    last_writer_back: str
    p50: str
    p99: str
    max: str
    lost: int | str
    duplicated: int | str
    recovered: int | str
    unexpected: int | str
    torn: int | str
    unseen: int | str
    stale_writes: int | str
    stuck_writers: int | str
    stuck_sessions: int | str
    outages: int | str
    refused: int | str
    unknown: int | str
    not_issued: int | str


class Claims(Expectations, total=False):
    """Claims about all failovers, as `Trials.expect` and `rds_trials(..., claims=...)` take them.

    A bound may say for which share of them, as `"p95 < 2s"` or `"median < 2s"`.

    Attributes:
        no_downtime: at least which share has no downtime at all, as `">= 60%"`.
    """

    no_downtime: str
