"""What can be expected of a trial: every figure by its name, with the ends that the evidence allows."""

import math
from collections.abc import Iterator, Mapping

from pytest_rdsfailover.analysis.absence import Absence
from pytest_rdsfailover.analysis.attempts import Attempts
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.latency import Latency
from pytest_rdsfailover.analysis.staleness import Reads
from pytest_rdsfailover.analysis.writes import Audit
from pytest_rdsfailover.model.clock import to_seconds

QUANTILES = ("p50", "p99", "max")
# How the name of a figure of a part of the trial ends.
PARTS = {"": "during", "_before": "before", "_during": "during", "_after": "after"}
AUDITED = ("lost", "duplicated", "recovered", "unexpected", "torn")
BACK = ("first_writer_back", "last_writer_back", "recovery")
# Why a trial has no such figure.
UNMEASURED = {
    **dict.fromkeys(
        AUDITED,
        "nothing was read back after the trial; give stored=... (where it was given, a note says why)",
    ),
    "stuck_sessions": "nobody could see which connections lead to which instance: not in live mode, nor"
    " in a journal from before this was kept",
    "attempts_downtime": "the workload reported no attempts",
    "staleness": "no read of a replica could be compared with a write of its own writer",
    "unseen": "no read of a writer's own session could be compared with a write of it",
    "stuck_readers": "no read began after the cluster had settled",
    **{
        f"{name}{end}": f"there was nothing to measure: no write was intended {part} the failover"
        for name in (*QUANTILES, "success")
        for end, part in PARTS.items()
    },
    "success": "there was nothing to measure: no write was intended",
    **dict.fromkeys(
        BACK, "nothing was triggered or disturbed, so there was nothing to come back from"
    ),
    "late_error_share": "no operation began after the cluster had settled",
}


def absence_figures(absence: Absence, problem: str) -> Mapping[str, Figure]:
    """Return for how long, and how many times, nobody or a single writer was served.

    Args:
        absence: when that was.
        problem: why the downtime is no figure: then none of these proves a lower end either.
    """
    ends, writers = absence.ends, absence.writers
    longest = max((stop - start for start, stop in writers.spans), default=0)
    found = {
        "downtime": absence.downtime,
        "outages": Figure(
            ends.outages.lower, ends.outages.upper, unit="", best=len(absence.outages)
        ),
        "writer_outage": _seconds(ends.writer_outage, longest),
        "availability_area": _seconds(ends.area, writers.seen_area),
    }
    if absence.disturbed:
        found["first_writer_back"] = _seconds(ends.first_back, ends.first_back.lower)
        found["last_writer_back"] = _seconds(ends.last_back, ends.last_back.lower)
    return {name: figure.doubted(problem) for name, figure in found.items()}


def latency_figures(latency: Latency) -> Iterator[tuple[str, Figure]]:
    """Yield how long the operations of each part of the trial took; nothing of a part without any."""
    for part, end in ((latency.during, ""), (latency.before, "_before"), (latency.after, "_after")):
        if part is not None:
            yield from ((name + end, getattr(part, name)) for name in QUANTILES)


def audit_figures(audit: Audit | None) -> Iterator[tuple[str, Figure]]:
    """Yield how many keys are not as their writers believe; nothing if nobody read them back."""
    if audit is not None:
        yield from ((name, Figure.exact(len(getattr(audit, name)))) for name in AUDITED)


def attempt_figures(attempts: Attempts | None, problem: str) -> Iterator[tuple[str, Figure]]:
    """Yield the database's downtime by the tries; nothing if none were reported."""
    if attempts is not None:
        yield "attempts_downtime", attempts.downtime.doubted(problem)


def read_figures(reads: Reads | None) -> Iterator[tuple[str, Figure]]:
    """Yield how old the data was that reads saw, as far as they can be compared with writes."""
    if reads is not None and reads.compared:
        yield "staleness", reads.staleness
    if reads is not None and reads.own:
        yield "unseen", Figure.exact(reads.unseen)


def _seconds(ends: Interval, seen: int) -> Figure:
    most = to_seconds(ends.upper) if ends.ended else math.inf
    lower, value = to_seconds(ends.lower), to_seconds(seen)
    return Figure(lower, most, best=min(max(value, lower), most))
