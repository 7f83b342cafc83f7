"""Writes that an instance acknowledged after another one had become the writer."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding


def stale_writes(case: Case) -> Finding | None:
    """Tell writes that a former writer acknowledged."""
    if not case.stale:
        return None
    return Finding(
        name="stale_writes",
        severity="broken",
        evidence=f"{case.stale} writes were acknowledged by an instance that was no longer the writer",
        cure="this is the cluster's doing: keep the journal and report it",
        expectation="stale_writes=0",
    )
