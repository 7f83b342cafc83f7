"""A client that kept connecting to where nobody listens any more."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.series import first_ack
from pytest_rdsfailover.model.clock import SECOND, to_seconds
from pytest_rdsfailover.model.durations import format_duration

LONG = SECOND  # after DNS had moved; a client that asks again for each connection is away by then


def old_address(case: Case) -> Finding | None:
    """Tell refused connects long after the cluster had settled, while other connects succeeded."""
    settled = case.settled
    served = None if settled is None else first_ack(case.series, settled)
    if settled is None or served is None:
        return None
    late = [at for at, fault, _ in case.errors if fault.kind == "refused" and at >= served]
    if not late or late[-1] - settled < LONG:
        return None
    return Finding(
        name="old_address",
        severity="risky",
        evidence=(
            f"{len(late)} connects were refused up to"
            f" {format_duration(to_seconds(late[-1] - settled))} after the cluster had settled,"
            " while others were served: they went to an address from before the failover"
        ),
        cure=(
            "ask DNS again for each new connection (JVM: networkaddress.cache.ttl of 5 s or less; no"
            " resolver or pool that keeps addresses)"
        ),
        expectation='last_writer_back="< 5s"',
    )
