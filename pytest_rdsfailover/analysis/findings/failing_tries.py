"""Tries that go on failing behind retries although the cluster has settled."""

from dataclasses import replace

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.findings.late_errors import late_errors
from pytest_rdsfailover.analysis.phases import failures


def failing_tries(case: Case) -> Finding | None:
    """Tell an application that needs retries for ever, whose operations do not show it."""
    found = late_errors(replace(case, series=case.attempts, errors=failures(case.attempts)))
    if found is None or late_errors(case) is not None:
        return None
    return replace(
        found,
        name="failing_tries",
        severity="risky",
        evidence=f"behind retries, {found.evidence.replace('operations', 'tries')}",
        expectation="",
    )
