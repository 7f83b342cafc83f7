"""Acknowledged writes that are not in the database."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some

NOT_KEPT = "acknowledge a write only when its COMMIT was answered, and pass on what it raises"
NOT_THERE = "is the key stored as it was given, in what stored= reads, and is each write committed?"


def lost(case: Case) -> Finding | None:
    """Tell acknowledged writes that are gone."""
    keys = [] if case.audit is None else case.audit.lost
    if not keys:
        return None
    acked = sum(sum(series.acked) for series in case.series)
    every = len(keys) == acked
    of = f"of {acked} " if every else ""
    return Finding(
        name="lost",
        severity="broken",
        evidence=f"{len(keys)} {of}acknowledged writes are not in the database ({some(keys)})",
        cure=NOT_THERE if every else NOT_KEPT,
        expectation="lost=0",
    )
