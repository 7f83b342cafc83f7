"""Writes that were acknowledged although the cluster's answer to them never came."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some
from pytest_rdsfailover.model.traffic import Traffic


def unanswered(case: Case) -> Finding | None:
    """Tell an application that takes a lost connection for success.

    Whoever asks again, or writes again, gets an answer. What was read back shows what became of these
    writes in this trial, and not what will the next time.
    """
    witnessed = case.course.witnessed
    if witnessed is None or not witnessed.whole:
        return None
    lost = Traffic.total(list(witnessed.whole.values())).lost_answers
    found = [
        f"{series.writer}-{row}"
        for series in case.series
        for row in lost.get(str(series.writer), ())
        if row < len(series) and series.acked[row]
    ]
    if not found:
        return None
    return Finding(
        name="unanswered",
        severity="broken" if case.audit is None else "risky",
        evidence=(
            f"{len(found)} writes were acknowledged although the connection was lost before the cluster"
            f" answered them, and nothing with their key was answered later ({some(found)})"
        ),
        cure=(
            "pass a lost connection on (2013, 2006), or look whether the row is there before the write"
            " counts as done"
        ),
        expectation="lost=0",
    )
