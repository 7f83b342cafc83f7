"""Reads of a replica are held against their own writer's acknowledged writes."""

import pytest
from builders import ack, acks, course, journal

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.verdicts import expectations, support
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.reads import seen
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.report import document, terminal

SECOND = 10**9


def world(*looks, outcome=Outcome.ACKED):
    """A write every 100 ms, each taking 1 ms, and reads as (sent, newest seen, own)."""
    made = journal(acks(1.0, 19.0, 0.1))
    for sent, newest, own in looks:
        times = tuple(round(at * SECOND) for at in (sent, sent, sent + 0.002))
        fault = None if outcome is Outcome.ACKED else Fault(2013, "reset")
        made.writers[0].reads.record(times, outcome, fault, None, seen(newest, own=own))
    return Evidence(
        journal=made,
        course=course(),
        stored=Stored(positions=[(0, each.sequence) for each in made]),
    )


def test_a_load_without_reads_says_nothing_of_them():
    assert judge(world()).reads is None


def test_a_replica_that_lags_is_stale_by_the_age_of_the_oldest_write_it_missed():
    # At 5.05 s the writes of 1.0, 1.1 ... 5.0 are acknowledged: numbers 0 to 40.
    reads = judge(world((5.05, 40, False), (6.05, 50 - 7, False))).reads

    assert (reads.count, reads.compared, reads.stale, reads.unseen) == (2, 2, 1, 0)
    # Number 44 was acknowledged at 5.4 s, 0.65 s before the read was sent, and sent at 5.399 s.
    assert reads.staleness.lower == pytest.approx(0.65)
    assert reads.staleness.upper == pytest.approx(0.653)


def test_a_replica_that_saw_nothing_missed_the_first_write():
    reads = judge(world((2.05, None, False))).reads

    assert reads.staleness.lower == pytest.approx(1.05)


def test_no_stale_read_is_no_staleness_up_to_the_age_of_the_newest_write():
    reads = judge(world((5.05, 40, False), (6.02, 50, False))).reads

    assert (reads.stale, reads.staleness.value) == (0, 0.0)
    assert reads.staleness.upper == pytest.approx(0.053)


def test_a_write_under_way_is_not_missed():
    reads = judge(world((5.0995, 40, False))).reads

    assert reads.stale == 0


def test_a_read_of_one_s_own_session_that_misses_a_write_is_unseen_and_not_stale():
    reads = judge(world((5.05, 39, True), (6.05, 50, True))).reads

    assert (reads.count, reads.compared, reads.stale, reads.unseen) == (2, 0, 0, 1)
    assert (reads.own, reads.staleness.lower, reads.staleness.upper) == (2, 0, 0)


def test_a_write_that_was_acknowledged_a_nanosecond_before_is_missed():
    reads = judge(world((5.000000001, 39, False), (6.000000001, 49, True))).reads

    assert (reads.stale, reads.unseen) == (1, 1)


def test_reads_are_compared_from_the_first_acknowledged_write_on():
    reads = judge(world((0.5, None, False), (1.05, 0, False), (5.05, 40, False))).reads

    assert (reads.count, reads.failed, reads.compared) == (3, 0, 2)


def test_reads_count_for_no_write_and_no_outage_and_survive_the_file(tmp_path):
    evidence = world(*((10.3 + n / 100, 93, False) for n in range(100)))
    made = journal([*acks(1.0, 10.3, 0.1), ack(12.0), *acks(12.1, 19.0, 0.1)])
    for n in range(160):
        at = round((10.3 + n / 100) * SECOND)
        made.writers[0].reads.record((at, at, at + 10**6), Outcome.ACKED, None, None, 0)
    quiet = Evidence(journal=made, course=course(), stored=None)

    assert max(each.seconds for each in judge(quiet).outage_windows) > 1.5
    assert judge(quiet).acked == len(made)
    assert judge(quiet).reads.count == 160
    label = archive.Label(test="t", scenario="s", seed=1, rerun="", versions={})
    again, _ = archive.read(archive.write(tmp_path, evidence, label))
    assert judge(again) == judge(evidence)


def test_failed_reads_are_counted_and_compared_with_nothing():
    reads = judge(world((5.05, 3, False), outcome=Outcome.UNKNOWN)).reads

    assert (reads.count, reads.failed, reads.compared, reads.stale) == (0, 1, 0, 0)


def test_document_and_timeline_tell_of_reads_and_torn_writes():
    evidence = world((6.05, 43, False), (6.06, 3, True))
    torn = Stored(positions=evidence.stored.positions, torn=[(0, 7)])
    trial = judge(Evidence(journal=evidence.journal, course=evidence.course, stored=torn))

    assert trial.torn == ["run-0-7"]
    plain = document.trial_document(trial, test="t", scenario="s")
    assert plain["torn"] == ["run-0-7"]
    assert (plain["reads"]["stale"], plain["reads"]["unseen"]) == (1, 1)
    shown = "\n".join(terminal.timeline(trial))
    assert "torn: 1 writes" in shown
    assert "1 of 1 on the replica were stale, by 0.65" in shown
    with pytest.raises(AssertionError, match="run-0-7"):
        expectations.expect(trial, torn=0)


def state(trial, **bounds):
    (verdict,) = expectations.verdicts(trial, parse_expectations(**bounds))
    return verdict.state


def test_a_bound_on_the_staleness_is_met_by_the_upper_end_and_broken_by_the_lower():
    # It lags by 0.65 s to 0.653 s, as above.
    trial = judge(world((5.05, 40, False), (6.05, 50 - 7, False)))

    expectations.expect(trial, staleness="< 700ms")
    assert state(trial, staleness="<= 652ms") == expectations.INCONCLUSIVE
    with pytest.raises(AssertionError, match=r"FAIL: staleness < 500 ms: was 0\.65"):
        expectations.expect(trial, staleness="< 500ms")


def test_no_stale_read_proves_no_bound_finer_than_the_age_of_the_newest_write():
    trial = judge(world((5.05, 40, False), (6.02, 50, False)))

    expectations.expect(trial, staleness="< 60ms")
    with pytest.raises(AssertionError, match=r"INCONCLUSIVE: staleness < 50\.0 ms") as caught:
        expectations.expect(trial, staleness="< 50ms")
    assert "more writes per second" in str(caught.value)


@pytest.mark.parametrize("looks", [[], [(5.05, 39, True)]])
def test_without_reads_of_a_replica_a_bound_on_the_staleness_is_undecided(looks):
    trial = judge(world(*looks))

    assert state(trial, staleness="< 1h") == expectations.INCONCLUSIVE
    assert expectations.sample_of(trial).figures["staleness"] is None


def test_a_population_s_claims_on_the_staleness_go_by_the_ends_of_each_trial():
    fresh = expectations.sample_of(judge(world((5.05, 40, False))))
    stale = expectations.sample_of(judge(world((6.05, 50 - 7, False))))

    support.expect([fresh, stale], staleness="max < 700ms")
    with pytest.raises(AssertionError, match="INCONCLUSIVE: max of staleness"):
        support.expect([fresh, stale], staleness="max < 652ms")
    with pytest.raises(AssertionError, match="FAIL: max of staleness < 500 ms"):
        support.expect([fresh, stale], staleness="max < 500ms")


def test_a_session_that_misses_its_own_write_breaks_unseen_and_one_that_sees_all_keeps_it():
    expectations.expect(judge(world((6.05, 50, True))), unseen=0)
    with pytest.raises(AssertionError, match="FAIL: unseen == 0: was 1"):
        expectations.expect(judge(world((5.05, 39, True), (6.05, 50, True))), unseen=0)


@pytest.mark.parametrize("looks", [[], [(5.05, 39, False)]])
def test_without_reads_of_an_own_session_unseen_is_undecided(looks):
    trial = judge(world(*looks))

    assert state(trial, unseen=0) == expectations.INCONCLUSIVE
    assert expectations.sample_of(trial).figures["unseen"] is None
