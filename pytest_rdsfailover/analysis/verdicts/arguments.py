"""The arguments of `expect(...)`, for type checkers: what can be expected, and how it is written."""

from collections.abc import Mapping
from typing import TypedDict


class Expectations(TypedDict, total=False):
    """Bounds on the figures of a trial, as `Trial.expect` takes them.

    A bound on a duration is a text such as `"< 2s"` or `"<= 500ms"`; a bound on a count is a number,
    or a text such as `"<= 3"`; a bound on a share is a text such as `">= 99.9%"`.

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
        p50_before: latency that half of the writes intended before the trigger did not exceed.
        p99_before: latency that 99 % of them did not exceed.
        max_before: their longest latency.
        p50_after: latency that half of the writes did not exceed that were intended after all writers
            were back.
        p99_after: latency that 99 % of them did not exceed.
        max_after: their longest latency.
        recovery: from the trigger until operations were served as in the calm.
        incident_sum: the most that the outages of one incident add up to.
        incident_span: the longest time from the start of an incident to its end.
        success: which share of all operations that were due was acknowledged.
        success_during: the same from the trigger until all writers were back.
        success_after: the same from then on.
        served_within: which share was acknowledged within a latency from the intended time, by latency:
            `{"500ms": ">= 99.9%"}`.
        worst_second: the smallest success of any one second.
        late_error_share: which share of the operations failed that began after the cluster had settled.
        lost: keys acknowledged, yet absent.
        duplicated: keys present more than once.
        recovered: keys of unknown outcome, yet present.
        unexpected: keys present, yet refused or never attempted.
        torn: keys of writes of several rows that are there in part.
        unseen: reads of a writer's own session that missed its acknowledged write.
        stale_writes: writes that a former writer acknowledged.
        stuck_writers: how many writers never came back.
        stuck_readers: how many writers' reads never worked again.
        stuck_sessions: how many connections stayed open where no writer is, and were refused there.
        outages: how many there were.
        refused: refused writes.
        unknown: writes of unknown outcome.
        not_issued: slots of the schedule for which no writer was free.
        late_errors: operations that began after the cluster had settled, and failed.
        demoted_writer: how many of these met a read-only instance.
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
    p50_before: str
    p99_before: str
    max_before: str
    p50_after: str
    p99_after: str
    max_after: str
    recovery: str
    incident_sum: str
    incident_span: str
    success: str
    success_during: str
    success_after: str
    served_within: Mapping[str, str]
    worst_second: str
    late_error_share: str
    lost: int | str
    duplicated: int | str
    recovered: int | str
    unexpected: int | str
    torn: int | str
    unseen: int | str
    stale_writes: int | str
    stuck_writers: int | str
    stuck_readers: int | str
    stuck_sessions: int | str
    outages: int | str
    refused: int | str
    unknown: int | str
    not_issued: int | str
    late_errors: int | str
    demoted_writer: int | str


class Claims(Expectations, total=False):
    """Claims about all failovers, as `Trials.expect` and `rds_trials(..., claims=...)` take them.

    A bound may say for which share of them, as `"p95 < 2s"` or `"median < 2s"`.

    Attributes:
        no_downtime: at least which share has no downtime at all, as `">= 60%"`.
    """

    no_downtime: str
