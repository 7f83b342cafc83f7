"""Writers that kept talking to the instance that is no longer the writer."""

from pytest_rdsfailover.analysis.findings.cures import CURES
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.late import is_read_only, late_failures
from pytest_rdsfailover.model.clock import SECOND, to_seconds
from pytest_rdsfailover.model.durations import format_duration

LONG = SECOND  # after DNS had moved; a client that asks again for each connection is away by then


def demoted_writer(case: Case) -> Finding | None:
    """Tell read-only errors long after the cluster had settled, from writers that came back later."""
    if case.settled is None:
        return None
    late = [
        series.finished[row]
        for series in case.series
        for row in late_failures(series, case.settled)
        if is_read_only(series, row)
    ]
    if not late or max(late) - case.settled < LONG:
        return None
    span = format_duration(to_seconds(max(late) - case.settled))
    return Finding(
        name="demoted_writer",
        severity="risky",
        evidence=(
            f"{len(late)} writes met a read-only instance up to {span} after the cluster had settled:"
            " connections stayed on the demoted writer, or new ones went there"
        ),
        cure=f"{CURES['read-only']}; and keep no address of the cluster's name beyond its 5 s in DNS",
        expectation="demoted_writer=0",
    )
