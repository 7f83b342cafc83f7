"""Writers whose reads were never answered again."""

from collections import Counter

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding, of_them, some


def stuck_readers(case: Case) -> Finding | None:
    """Tell writers whose reads all failed after the cluster had settled, with what they met at last."""
    if not case.dead_reads:
        return None
    faults = Counter(fault for fault in case.dead_reads.values() if fault is not None)
    fault, count = faults.most_common(1)[0] if faults else (None, 0)
    who = of_them(count, len(case.dead_reads))
    met = f"; at last {who} met {fault.code or fault.kind}" if fault else ""
    return Finding(
        name="stuck_readers",
        severity="broken",
        evidence=(
            f"the reads of {len(case.dead_reads)} of {len(case.series)} writers never worked again"
            f" after the cluster had settled ({some(list(case.dead_reads))}){met}"
        ),
        cure=cure_of(fault) if fault else "see what they wait for; every wait needs a bound",
        expectation="stuck_readers=0",
    )
