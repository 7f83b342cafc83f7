"""Reads that never worked again, told with what they met at last and what helps against that."""

import pytest
from builders import acks, course, journal

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.records import Fault, Outcome

READ_ONLY, GONE = Fault(1836, "read-only"), Fault(2006, "reset")


@pytest.mark.parametrize(
    ("last", "met", "cure"),
    [
        ([READ_ONLY, READ_ONLY, GONE], "; at last 2 of them met 1836", "is_disconnect"),
        ([None, None, GONE], "; at last 1 of them met 2006", "connect anew"),
        ([None, None, None], "", "every wait needs a bound"),
    ],
)
def test_what_most_of_the_readers_met_at_last_is_told(last, met, cure):
    made = journal([each for n in range(3) for each in acks(1.0, 20.0, 0.1, writer=n)], writers=3)
    for writer, fault in zip(made.writers, last, strict=True):
        for at in (13.0, 14.0, 15.0):
            times = tuple(round(moment * 1e9) for moment in (at, at, at + 0.1))
            writer.reads.record(times, Outcome.UNKNOWN, fault, None, 0)
    findings = judge(Evidence(journal=made, course=course(), stored=None)).findings
    (told,) = (finding for finding in findings if finding.name == "stuck_readers")

    assert told.evidence == (
        "the reads of 3 of 3 writers never worked again after the cluster had settled"
        f" (0, 1, 2){met}"
    )
    assert cure in told.cure
