"""What retries hide from operations is told by their tries."""

import pytest
from builders import acks, course, everything_acked, journal, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.records import Fault, Outcome

READ_ONLY = Fault(1836, "read-only")
DOWN = [refused(10.4 + number / 10) for number in range(20)]
WELL = [*acks(1.0, 10.0, 0.1), *DOWN, *acks(12.5, 20.0, 0.1)]


def told(tries_of, *, stored=None, **changes):
    """Return the findings of a trial; `tries_of` returns the outcomes of an operation's tries."""
    made = journal(WELL)
    (writer,) = made.writers
    for write in made:
        for outcome in tries_of(write):
            fault = None if outcome is Outcome.ACKED else READ_ONLY
            times = tuple(round(t * 1e9) for t in (write.started, write.started, write.finished))
            writer.attempts.record(times, outcome, fault, None, write.sequence)
    positions = None if stored is None else Stored(positions=stored(everything_acked(made)))
    evidence = Evidence(journal=made, course=course(**changes), stored=positions)
    return {finding.name: finding for finding in judge(evidence).findings}


def its_own(write):
    return [write.outcome]


def refused_first(every, until=20.0):
    """Return tries of which every so many operation needs two after the failover."""

    def tries_of(write):
        fails = 12.5 <= write.finished < until and write.sequence % every == 0
        return [Outcome.REFUSED, write.outcome] if fails else [write.outcome]

    return tries_of


def only(outcome):
    """Return tries of which some operation's, acknowledged at 15 s and later, came to nothing else."""

    def tries_of(write):
        return [outcome] * 3 if write.finished >= 15.0 else [write.outcome]

    return tries_of


def test_tries_that_were_as_their_operations_have_nothing_to_be_told():
    assert told(its_own) == {}


def test_tries_that_fail_for_ever_are_told_although_each_operation_is_acknowledged():
    found = told(refused_first(4))

    assert list(found) == ["failing_tries"]
    assert found["failing_tries"].severity == "risky"
    assert "behind retries, 2 of the last 10 tries failed (2 x 1836)" in (
        found["failing_tries"].evidence
    )
    assert "is_disconnect" in found["failing_tries"].cure


def test_a_try_that_waits_for_a_connect_is_told_whether_or_not_all_writers_report_theirs():
    made = journal([*WELL, *acks(1.0, 20.0, 0.1, writer=1)], writers=2)
    times = tuple(round(t * 1e9) for t in (10.4, 10.4, 12.4))
    made.writers[0].attempts.record(times, Outcome.REFUSED, Fault(2003, "refused"), None, 90)
    found = judge(Evidence(journal=made, course=course(), stored=None)).findings

    assert "unbounded_connects" in {finding.name for finding in found}


def test_tries_that_failed_until_the_application_was_well_again_are_none():
    assert told(refused_first(4, until=16.0)) == {}


def test_what_the_operations_show_themselves_is_not_told_again():
    made = [*WELL[:-20], *(refused(18.0 + n / 10, 1836) for n in range(20))]
    writes = journal(made)
    for write in writes:
        times = tuple(round(t * 1e9) for t in (write.started, write.started, write.finished))
        writes.writers[0].attempts.record(times, write.outcome, write.fault, None, write.sequence)
    found = judge(Evidence(journal=writes, course=course(), stored=None)).findings

    assert "failing_tries" not in {finding.name for finding in found}


def test_operations_that_are_acknowledged_after_their_last_retry_was_refused_are_told():
    found = told(only(Outcome.REFUSED))["swallowed"]

    assert "50 operations were acknowledged although each of their tries had been refused" in (
        found.evidence
    )
    assert "run-0-" in found.evidence
    assert (found.severity, found.expectation) == ("risky", "lost=0")


def test_without_a_trigger_they_are_told_as_well():
    assert "swallowed" in told(only(Outcome.REFUSED), trigger=None, settled=None)


@pytest.mark.parametrize("stored", [lambda keys: keys, lambda keys: keys[:-50]])
def test_where_writes_are_read_back_the_audit_tells_which_are_lost(stored):
    found = told(only(Outcome.REFUSED), stored=stored)

    assert "swallowed" not in found
    assert ("lost" in found) == (stored([*range(60)]) != [*range(60)])


def test_an_operation_whose_try_had_no_answer_may_have_looked_for_its_row():
    assert "swallowed" not in told(only(Outcome.UNKNOWN))
