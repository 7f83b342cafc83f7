"""Writes that were acknowledged while the cluster had no writer, though their keys came later, or never."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.writerless import SEEN, acked_without_writer, only_writes


def without_writer(case: Case) -> Finding | None:
    """Tell a load whose calls do not wait for the database, as a buffer's do not."""
    if case.course.mode == "live":
        return _of_a_real_cluster(case)
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


def _of_a_real_cluster(case: Case) -> Finding | None:
    """Tell it where the writes were not read back: nobody sees single statements of a real cluster."""
    count = acked_without_writer(case.series, case.course) if case.audit is None else 0
    if not count:
        return None
    return Finding(
        name="without_writer",
        severity="risky",
        evidence=f"{count} {SEEN}, as far as was seen: the workload may swallow its errors, or only read",
        cure="give stored= to know what is lost",
        expectation="lost=0",
    )
