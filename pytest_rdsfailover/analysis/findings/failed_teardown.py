"""A teardown of the user's that raised."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.journal.complaints import TEARDOWN


def failed_teardown(case: Case) -> Finding | None:
    """Tell what the user's teardown raised: it harmed no write, but nobody else would hear of it."""
    found = [complaint for complaint in case.course.complaints if complaint.error == TEARDOWN]
    if not found:
        return None
    return Finding(
        name="failed_teardown",
        severity="note",
        evidence=f"teardown raised {sum(told.count for told in found)}x ({found[0].text})",
        cure="let it close what a failover has cut as well; what it leaves open stays open",
    )
