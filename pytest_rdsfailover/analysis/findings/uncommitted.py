"""Writes that were acknowledged before their transaction was committed."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.reached_commits import REMEDY
from pytest_rdsfailover.analysis.reached_keys import SLACK, least, missing, named
from pytest_rdsfailover.model.traffic import Traffic


def uncommitted(case: Case) -> Finding | None:
    """Tell uncommitted writes: an application that commits every so many writes can lose so many."""
    witnessed = case.course.witnessed
    if witnessed is None or not witnessed.whole:
        return None
    whole, acked = Traffic.total(list(witnessed.whole.values())), case.acked
    left = least(missing(whole, acked), whole.uncommitted_keys)
    total = sum(acked.values())
    if left:
        return Finding(
            name="uncommitted",
            severity="broken",
            evidence=(
                f"{sum(left.values())} of {total} acknowledged writes ({named(list(left))}) were in"
                " transactions that nobody had committed when the load ended"
            ),
            cure=REMEDY,
            expectation="lost=0",
        )
    every = bool(whole.keys) and not missing(whole, acked)
    if witnessed.ahead <= SLACK or not every:
        return None
    return Finding(
        name="uncommitted",
        severity="risky",
        evidence=(
            f"up to {witnessed.ahead} of {total} writes were acknowledged at one time before they were"
            " committed: those a failover takes"
        ),
        cure=REMEDY,
        expectation="lost=0",
    )
