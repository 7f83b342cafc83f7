"""Writes of several rows that are stored in part."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some


def torn(case: Case) -> Finding | None:
    """Tell writes that are half there."""
    keys = [] if case.audit is None else case.audit.torn
    if not keys:
        return None
    return Finding(
        name="torn",
        severity="broken",
        evidence=f"{len(keys)} writes of several rows are stored in part ({some(keys)})",
        cure="put all rows of a write into one transaction, and repeat it as a whole",
        expectation="torn=0",
    )
