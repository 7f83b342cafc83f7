"""A client that kept connecting to where nobody listens any more."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.model.clock import SECOND, to_seconds
from pytest_rdsfailover.model.durations import format_duration

LONG = SECOND  # after DNS had moved; a client that asks again for each connection is away by then


def old_address(case: Case) -> Finding | None:
    """Tell refused connects long after the cluster had settled, while other connects succeeded."""
    if case.settled is None:
        return None
    late = [at for at, fault, _ in case.errors if fault.kind == "refused" and at > case.settled]
    served = min(
        (at for series in case.series for at in series.acks if at > case.settled), default=None
    )
    late = [] if served is None else [at for at in late if at >= served]
    if not late or late[-1] - case.settled < LONG:
        return None
    return Finding(
        name="old_address",
        severity="risky",
        evidence=(
            f"{len(late)} connects were refused up to"
            f" {format_duration(to_seconds(late[-1] - case.settled))} after the cluster had settled,"
            " while others were served: they went to an address from before the failover"
        ),
        cure=(
            "ask DNS again for each new connection (JVM: networkaddress.cache.ttl of 5 s or less; no"
            " resolver or pool that keeps addresses)"
        ),
        expectation='last_writer_back="< 5s"',
    )
