"""Writes that are stored although they were refused, or never attempted."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some


def unexpected(case: Case) -> Finding | None:
    """Tell writes that are there although their errors say that they are not."""
    keys = [] if case.audit is None else case.audit.unexpected
    if not keys:
        return None
    return Finding(
        name="unexpected",
        severity="risky",
        evidence=f"{len(keys)} writes are stored although they were refused ({some(keys)})",
        cure="an error that leaves the outcome open is taken for a refusal; check before a retry",
        expectation="unexpected=0",
    )
