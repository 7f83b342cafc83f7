"""Writers that kept talking to the instance that is no longer the writer."""

from pytest_rdsfailover.analysis.findings.cures import CURES
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.model.clock import SECOND, to_seconds
from pytest_rdsfailover.model.durations import format_duration

LONG = SECOND  # after DNS had moved; a client that asks again for each connection is away by then


def demoted_writer(case: Case) -> Finding | None:
    """Tell read-only errors long after the cluster had settled, from writers that came back later."""
    if case.settled is None:
        return None
    late = [at for at, fault, _ in case.errors if fault.kind == "read-only" and at > case.settled]
    if not late or late[-1] - case.settled < LONG:
        return None
    span = format_duration(to_seconds(late[-1] - case.settled))
    return Finding(
        name="demoted_writer",
        severity="risky",
        evidence=(
            f"{len(late)} writes met a read-only instance up to {span} after the cluster had settled:"
            " connections stayed on the demoted writer, or new ones went there"
        ),
        cure=f"{CURES['read-only']}; and keep no address of the cluster's name beyond its 5 s in DNS",
    )
