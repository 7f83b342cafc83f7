"""Writes that were acknowledged while the cluster had no writer, though their keys came later, or never."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.writerless import SEEN, acked_without_writer, only_writes


def without_writer(case: Case) -> Finding | None:
    """Tell a load whose calls do not wait for the database, as a buffer's do not."""
    if not only_writes(case.course):
        return None
    count = acked_without_writer(case.series, case.course)
    if not count:
        return None
    return Finding(
        name="without_writer",
        severity="broken",
        evidence=f"{count} {SEEN}: the downtime is not the database's, and what was to be done may be lost",
        cure="let the workload return when its write is committed; raise when a flush of several fails",
        expectation="lost=0",
    )
