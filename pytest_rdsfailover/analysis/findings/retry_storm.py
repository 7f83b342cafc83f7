"""Retries that multiply the load on a cluster that is just failing over."""

from collections import Counter

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.model.clock import SECOND

TIMES = 5  # times the busiest second of the calm; a client that only catches up stays below
FEWEST = 50  # attempts in a second; fewer are no storm, however quiet the calm was


def retry_storm(case: Case) -> Finding | None:
    """Tell many times more attempts in a second of the failover than in any second of the calm."""
    if case.trigger is None:
        return None
    seconds = Counter(
        (started - case.trigger) // SECOND for series in case.attempts for started in series.started
    )
    calm = max((count for second, count in seconds.items() if second < 0), default=0)
    worst = max((count for second, count in seconds.items() if second >= 0), default=0)
    if not calm or worst < max(FEWEST, TIMES * calm):
        return None
    return Finding(
        name="retry_storm",
        severity="risky",
        evidence=(
            f"{worst} attempts in the worst second of the failover, {worst / calm:.0f} times the"
            f" {calm} of the busiest second before it"
        ),
        cure="wait before each retry, longer each time and with jitter, and bound how many there are",
    )
