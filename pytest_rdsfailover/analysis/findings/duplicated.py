"""Writes that are stored more than once."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some


def duplicated(case: Case) -> Finding | None:
    """Tell writes that were applied twice."""
    keys = [] if case.audit is None else case.audit.duplicated
    if not keys:
        return None
    return Finding(
        name="duplicated",
        severity="broken",
        evidence=f"a retry applied {len(keys)} writes more than once ({some(keys)})",
        cure=(
            "give each write a unique key in the database, and take error 1062 of a retry for its"
            " success"
        ),
        expectation="duplicated=0",
    )
