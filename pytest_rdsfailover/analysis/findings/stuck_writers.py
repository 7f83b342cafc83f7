"""Writers that were never served again."""

from collections import Counter

from pytest_rdsfailover.analysis.findings.cures import cure_of
from pytest_rdsfailover.analysis.findings.finding import Case, Finding, of_them, some
from pytest_rdsfailover.journal.complaints import HANGS
from pytest_rdsfailover.model.records import Fault


def stuck_writers(case: Case) -> Finding | None:
    """Tell writers that never came back, with what they met at last."""
    if not case.stuck:
        return None
    last = _last_faults(case)
    hanging = [complaint for complaint in case.course.complaints if complaint.error == HANGS]
    if hanging and not last:
        met, cure = f"; {len(hanging)} hang in the workload", "give every wait a bound"
    elif last:
        fault, count = last.most_common(1)[0]
        who = of_them(count, len(case.stuck))
        met, cure = f"; at last {who} met {_named(fault)}", cure_of(fault)
    else:
        met, cure = "", "see what they wait for; every wait needs a bound"
    return Finding(
        name="stuck_writers",
        severity="broken",
        evidence=(
            f"{len(case.stuck)} of {len(case.series)} writers never came back ({some(case.stuck)}){met}"
        ),
        cure=cure,
        expectation="stuck_writers=0",
    )


def _last_faults(case: Case) -> Counter[Fault]:
    """Count what each stuck writer met last, apart from those that hang."""
    found: Counter[Fault] = Counter()
    hanging = {complaint.text for complaint in case.course.complaints if complaint.error == HANGS}
    by_writer = {series.writer: series for series in case.series}
    for number in case.stuck:
        series = by_writer[number]
        fault = series.faults[series.fault[-1]] if len(series) else None
        if fault is not None and not any(f"writer {number} " in text for text in hanging):
            found[fault] += 1
    return found


def _named(fault: Fault) -> str:
    return f"{fault.code} {fault.kind}" if fault.code else fault.kind
