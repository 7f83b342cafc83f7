"""All findings of a trial, the worst first."""

from collections.abc import Callable

from pytest_rdsfailover.analysis.findings.brownout import brownout
from pytest_rdsfailover.analysis.findings.calm_errors import calm_errors
from pytest_rdsfailover.analysis.findings.demoted_writer import demoted_writer
from pytest_rdsfailover.analysis.findings.duplicated import duplicated
from pytest_rdsfailover.analysis.findings.failed_teardown import failed_teardown
from pytest_rdsfailover.analysis.findings.failing_tries import failing_tries
from pytest_rdsfailover.analysis.findings.finding import SEVERITIES, Case, Finding
from pytest_rdsfailover.analysis.findings.in_memory import in_memory
from pytest_rdsfailover.analysis.findings.late_errors import late_errors
from pytest_rdsfailover.analysis.findings.long_waits import long_waits
from pytest_rdsfailover.analysis.findings.lost import lost
from pytest_rdsfailover.analysis.findings.not_issued import not_issued
from pytest_rdsfailover.analysis.findings.old_address import old_address
from pytest_rdsfailover.analysis.findings.only_reads import only_reads
from pytest_rdsfailover.analysis.findings.retry_storm import retry_storm
from pytest_rdsfailover.analysis.findings.rolled_back import rolled_back
from pytest_rdsfailover.analysis.findings.shared_client import shared_client
from pytest_rdsfailover.analysis.findings.slower import slower
from pytest_rdsfailover.analysis.findings.stale_writes import stale_writes
from pytest_rdsfailover.analysis.findings.stuck_readers import stuck_readers
from pytest_rdsfailover.analysis.findings.stuck_sessions import stuck_sessions
from pytest_rdsfailover.analysis.findings.stuck_writers import stuck_writers
from pytest_rdsfailover.analysis.findings.swallowed import swallowed
from pytest_rdsfailover.analysis.findings.torn import torn
from pytest_rdsfailover.analysis.findings.unanswered import unanswered
from pytest_rdsfailover.analysis.findings.unbounded_connects import unbounded_connects
from pytest_rdsfailover.analysis.findings.uncommitted import uncommitted
from pytest_rdsfailover.analysis.findings.unexpected import unexpected
from pytest_rdsfailover.analysis.findings.without_writer import without_writer

# In the order in which findings of one severity are told.
CHECKS: tuple[Callable[[Case], Finding | None], ...] = (
    lost, uncommitted, without_writer, unanswered, rolled_back, torn, duplicated, stale_writes, stuck_writers, stuck_readers, stuck_sessions,
    late_errors,
    brownout, slower, swallowed, failing_tries, shared_client, demoted_writer, old_address, unbounded_connects,
    long_waits, not_issued, only_reads, retry_storm, in_memory, unexpected, calm_errors, failed_teardown,
)  # fmt: skip


def diagnose(case: Case) -> list[Finding]:
    """Return what is wrong with the application, the worst first; nothing of a load cut short."""
    if case.course.cut_short:
        return []
    found = [finding for check in CHECKS if (finding := check(case)) is not None]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
