"""How far a load has come, as its journals show it."""

import pytest

from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.model.records import Fault, Outcome

REFUSED = Fault(2003, "refused")


def complaint(count, text="no"):
    return Complaint(error="E", text=text, count=count, first=1.0, trace="")


@pytest.mark.parametrize(
    ("writes", "reads", "acked", "failed"),
    [
        ("", "", 0, 0),
        ("AAR", "", 2, 1),
        ("A", "AARRR", 1, 3),
        ("RU", "R", 0, 3),
        ("AAA", "AA", 3, 0),
    ],
)
def test_writes_and_reads_that_failed_are_counted_and_only_writes_are_acknowledged(
    writes, reads, acked, failed
):
    journal = Journal("run", 2)
    told = {"A": Outcome.ACKED, "R": Outcome.REFUSED, "U": Outcome.UNKNOWN}
    for events, outcomes in ((journal.writers[1], writes), (journal.writers[1].reads, reads)):
        for outcome in outcomes:
            events.record((1, 2, 3), told[outcome], None if outcome == "A" else REFUSED)
    found = Progress.of(journal.writers, [complaint(2)])

    assert found.acked_by == {"0": 0, "1": acked}
    assert (found.acked, found.failed, len(found.complaints)) == (acked, failed, 1)


def test_what_processes_have_done_adds_up():
    parts = [
        Progress(acked_by={"0": 3, "2": 4}, failed=1, complaints=[complaint(2)]),
        Progress(acked_by={"1": 5}, failed=2, complaints=[complaint(3), complaint(9, "else")]),
    ]
    found = Progress.total(parts)

    assert (found.acked_by, found.failed) == ({"0": 3, "1": 5, "2": 4}, 3)
    assert [(each.text, each.count) for each in found.complaints] == [("else", 9), ("no", 5)]
