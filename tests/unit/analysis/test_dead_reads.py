"""Reads that never work again, beside writes that do."""

import pytest
from builders import acks, course, journal, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.verdicts import expectations
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.records import Fault, Outcome

SECOND = 10**9
UNTOUCHED = {"trigger": None, "settled": None, "moves_writer": None, "milestones": ()}


def judged(first, *, works=(), every=0.5, last=2006, away=(0.0, 0.0), **changes):
    """Judge a load of which a read failed each so often from a moment on, but for some."""
    writes = acks(1.0, 20.0, 0.1)
    made = journal(
        refused(each.finished) if away[0] < each.finished < away[1] else each for each in writes
    )
    for number in range(int((19.9 - 1.0) / every)):
        at = 1.0 + number * every
        times = tuple(round(moment * SECOND) for moment in (at, at, at + 0.002))
        if at < first or number in works:
            made.writers[0].reads.record(times, Outcome.ACKED, None, None, 0)
        else:
            code = 2006 if at < 19.0 else last
            made.writers[0].reads.record(times, Outcome.REFUSED, Fault(code, "reset"), None, 0)
    return judge(Evidence(journal=made, course=course(**changes), stored=None))


def found(summary):
    return {finding.name: finding for finding in summary.findings}.get("stuck_readers")


@pytest.mark.parametrize("circumstances", [{}, UNTOUCHED])
def test_reads_that_never_work_again_are_told_though_every_write_does(circumstances):
    trial = judged(1.0 if circumstances else 10.0, **circumstances)
    told = found(trial)
    assert told.severity == "broken"
    assert "the reads of 1 of 1 writers never worked again" in told.evidence
    assert "at last it met 2006" in told.evidence
    with pytest.raises(AssertionError, match="FAIL: stuck_readers == 0: was 1"):
        expectations.expect(trial, stuck_readers=0)


def test_what_the_last_of_them_met_is_told():
    assert "at last it met 2013" in found(judged(10.0, last=2013)).evidence


@pytest.mark.parametrize(("first", "told"), [(12.0, True), (14.7, False)])
def test_without_a_trigger_reads_count_from_the_end_of_the_last_outage_on(first, told):
    trial = judged(first, away=(12.0, 14.0), **UNTOUCHED)
    assert (found(trial) is not None) == told


def test_reads_that_work_again_are_none():
    late = judged(10.0, works=[36])  # at 19.0 s
    expectations.expect(late, stuck_readers=0)
    assert found(late) is None


def test_two_late_failures_are_those_of_a_connection_that_was_cut():
    expectations.expect(judged(10.0, every=3.0, works=[4]), stuck_readers=0)
    assert found(judged(10.0, every=4.0)) is None


def test_three_late_failures_are_none_of_a_single_connection():
    assert found(judged(10.0, every=2.0)) is not None  # at 13, 15 and 17 s


@pytest.mark.parametrize("changes", [{"settled": None}, {"settled": 19.95}])
def test_of_a_cluster_that_had_not_settled_before_the_last_read_it_is_undecided(changes):
    assert judged(10.0, **changes).figure("stuck_readers").problem
