"""Errors before anything was triggered."""

from collections import Counter
from itertools import takewhile

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.journal.complaints import TEARDOWN


def calm_errors(case: Case) -> Finding | None:
    """Tell errors that no failover explains."""
    zero = case.trigger
    if zero is None:
        return None
    early = [fault for _, fault, _ in takewhile(lambda error: error[0] <= zero, case.errors)]
    if not early:
        return None
    fault, count = Counter(early).most_common(1)[0]
    said = next((told for told in case.course.complaints if told.error != TEARDOWN), None)
    return Finding(
        name="calm_errors",
        severity="note",
        evidence=(
            f"the load failed before the failover: {len(early)} operations ({count} x"
            f" {fault.code or fault.kind})" + (f"; {said}" if said else "")
        ),
        cure="find out why before you blame the failover",
    )
