"""Acknowledged writes that are not in the database."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some


def lost(case: Case) -> Finding | None:
    """Tell acknowledged writes that are gone."""
    keys = [] if case.audit is None else case.audit.lost
    if not keys:
        return None
    return Finding(
        name="lost",
        severity="broken",
        evidence=f"{len(keys)} acknowledged writes are not in the database ({some(keys)})",
        cure="acknowledge a write only when its COMMIT was answered, and pass on what it raises",
        expectation="lost=0",
    )
