"""A client that is shared as it must not be: across event loops, or by writers at the same time."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding


def shared_client(case: Case) -> Finding | None:
    """Tell errors by which a shared client is known; a complaint has the remedy for that."""
    found = [complaint for complaint in case.course.complaints if complaint.remedy]
    if not found:
        return None
    first = found[0]
    return Finding(
        name="shared_client",
        severity="risky",
        evidence=(
            f"{sum(complaint.count for complaint in found)} operations met a client that is shared as it must"
            f" not be ({first.error}: {first.text})"
        ),
        cure=first.remedy,
    )
