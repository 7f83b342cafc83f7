from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.records import Fault, Outcome

SECOND = 1_000_000_000


def test_an_attempt_comes_back_as_it_was_recorded():
    journal = Journal("ab12", writers=2)
    lost = Fault(2013, "reset")

    journal.writers[1].record((SECOND, 2 * SECOND, 3 * SECOND), Outcome.UNKNOWN, lost, "instance-1")

    (attempt,) = journal
    assert (attempt.writer, attempt.sequence) == (1, 0)
    assert (attempt.intended, attempt.started, attempt.finished) == (1.0, 2.0, 3.0)
    assert (attempt.outcome, attempt.fault, attempt.instance) == (
        Outcome.UNKNOWN,
        lost,
        "instance-1",
    )


def test_an_acknowledged_attempt_on_an_unknown_instance_has_neither():
    journal = Journal("ab12", writers=1)

    journal.writers[0].record((1, 2, 3), Outcome.ACKED)

    (attempt,) = journal
    assert attempt.fault is None
    assert attempt.instance is None


def test_a_key_leads_back_to_its_attempt_and_a_stranger_s_key_does_not():
    journal = Journal("ab12", writers=12)

    assert journal.position(journal.key(11, 345)) == (11, 345)
    assert [journal.position(key) for key in ("order-7", "xab12-1-2", "ab12-1", "ab12-1-x")] == [
        None
    ] * 4


def test_slots_that_were_not_issued_are_kept_in_seconds():
    journal = Journal("ab12", writers=1)

    journal.writers[0].skip(SECOND, 3 * SECOND, 3)

    (skip,) = journal.skips
    assert (skip.first, skip.last, skip.count) == (1.0, 3.0, 3)
