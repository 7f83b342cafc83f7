"""Findings about what a failover does to the load, each shown a planted fault and a near miss."""

from dataclasses import replace

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.records import Fault, Outcome

CALM = list(acks(1.0, 10.0, 0.1))
BACK = list(acks(12.5, 20.0, 0.1))


def diagnosed(made, **changes):
    found = judge(Evidence(journal=made, course=course(**changes), stored=None)).findings
    return {finding.name: finding for finding in found}


@pytest.mark.parametrize(
    ("skips", "told"),
    [
        ([(0, 13.0, 19.0, 30)], True),
        ([(0, 13.0, 19.0, 5)], False),  # 6 %
        ([(0, 10.1, 12.4, 400)], False),  # nobody was served
        ([(0, 10.1, 12.5, 400), (0, 2.0, 9.0, 30), (0, 13.0, 19.0, 30)], False),  # as in the calm
    ],
)
def test_slots_without_a_writer_after_the_writers_are_back(skips, told):
    found = diagnosed(journal(CALM + BACK, skips=skips))

    assert ("not_issued" in found) is told
    if told:
        assert "30 of 104 slots found no free writer" in found["not_issued"].evidence
        assert "(29%; 0% before the failover)" in found["not_issued"].evidence


def test_more_slots_than_twice_those_of_the_calm_are_told_with_both_shares():
    skips = [(0, 2.0, 9.0, 10), (0, 13.0, 19.0, 60)]
    found = diagnosed(journal(CALM + BACK, skips=skips))

    assert "60 of 134 slots" in found["not_issued"].evidence
    assert "(45%; 10% before the failover)" in found["not_issued"].evidence


def test_slots_that_reach_over_the_return_count_from_there():
    found = diagnosed(journal(CALM + BACK, skips=[(0, 10.5, 14.5, 401)]))
    assert "201 of" in found["not_issued"].evidence


def test_the_slots_of_a_stuck_writer_are_told_as_its_own():
    stuck = list(acks(1.0, 10.0, 0.1, writer=0))
    others = [replace(each, writer=1) for each in CALM + BACK]
    skips = [(0, 10.1, 19.9, 900)]
    found = diagnosed(journal(stuck + others, writers=2, skips=skips))

    assert found["stuck_writers"].evidence == "1 of 2 writers never came back (0)"
    assert "not_issued" not in found

    skips += [(1, 13.0, 19.0, 30)]
    found = diagnosed(journal(stuck + others, writers=2, skips=skips))
    assert found["not_issued"].evidence.startswith("30 of 104 slots")


def retried(calm, storm):
    """Return a load with attempts: so many a second in the calm, and in one second of the failover."""
    made = journal(CALM + BACK)
    for number in range(9 * calm):
        at = round((1 + number / calm) * 1e9)
        made.writers[0].attempts.record((at, at, at + 1000), Outcome.ACKED, None, None, 0)
    for number in range(storm + 1):  # the last one in a second of its own
        at = round((10.1 + 0.8 * number / storm if number < storm else 15.0) * 1e9)
        fault = Fault(2003, "refused")
        made.writers[0].attempts.record((at, at, at + 1000), Outcome.REFUSED, fault, None, 1)
    return made


@pytest.mark.parametrize(
    ("calm", "storm", "told"),
    [(20, 400, True), (20, 99, False), (2, 45, False), (20, 100, True), (0, 399, False)],
)
def test_retries_that_multiply_the_load_of_the_calm(calm, storm, told):
    found = diagnosed(retried(calm, storm))

    assert ("retry_storm" in found) is told
    if storm == 400:
        assert "400 attempts in the worst second of the failover, 20 times the 20" in (
            found["retry_storm"].evidence
        )


def test_the_busiest_second_of_the_calm_is_what_the_failover_is_held_against():
    made = retried(calm=20, storm=400)
    for number in range(100):
        at = round((5 + number / 100) * 1e9)
        made.writers[0].attempts.record((at, at, at + 1000), Outcome.ACKED, None, None, 0)

    assert "retry_storm" not in diagnosed(made)


def others(at, writer=1, code=2003):
    return [*acks(1.0, 10.0, 0.1, writer=writer), refused(at, code, writer=writer),
            *acks(at + 0.1, 20.0, 0.1, writer=writer)]  # fmt: skip


@pytest.mark.parametrize(("at", "told"), [(14.0, True), (13.4, True), (13.399999999, False)])
def test_connects_to_an_address_from_before_the_failover(at, told):
    found = diagnosed(journal(CALM + BACK + others(at), writers=2))
    assert ("old_address" in found) is told


def test_connects_are_counted_from_the_moment_at_which_others_are_served():
    found = diagnosed(journal([*CALM, *BACK, refused(12.5, writer=2), *others(14.0)], writers=3))
    assert found["old_address"].evidence.startswith("2 connects were refused up to 1.60 s after")


def test_a_cluster_that_serves_nobody_has_no_old_address():
    late = [refused(16.0), *acks(16.5, 20.0, 0.1)]
    assert "old_address" not in diagnosed(journal([*CALM, *late]))


def slowed(by, since=12.5, until=20.0):
    """Return two writers whose writes take 2 ms, and longer for a time after the failover."""
    return [
        ack(at, sent=at - (0.002 + by if since <= at < until else 0.002), writer=writer)
        for writer in (0, 1)
        for first, last in ((1.0, 10.0), (12.5, 20.0))
        for at in (first + 0.005 * writer + n / 100 for n in range(round((last - first) * 100)))
    ]


@pytest.mark.parametrize(
    ("by", "until", "told"),
    [(0.02, 20.0, True), (0.010, 20.0, False), (0.02, 18.0, False)],
    ids=["for ever", "as the machine may", "for a time"],
)
def test_an_application_that_stays_slower_than_before(by, until, told):
    found = diagnosed(journal(slowed(by, until=until), writers=2), rate=200.0)

    assert ("slower" in found) is told
    if told:
        assert found["slower"].severity == "risky"
        assert "took 22.0 ms or more" in found["slower"].evidence
        assert "2.00 ms before the failover" in found["slower"].evidence


@pytest.mark.parametrize(("last", "told"), [(10, True), (9, False)])
def test_of_fewer_than_ten_operations_nobody_knows_how_long_half_of_them_take(last, told):
    ends = [ack(19.51 + n / 100, sent=19.4 + n / 100) for n in range(last)]
    assert ("slower" in diagnosed(journal([*slowed(0.0, until=0.0)[:400], *ends]))) is told


def test_an_application_that_was_slow_in_the_calm_already_is_none():
    assert "slower" not in diagnosed(journal(slowed(0.05, since=0.0), writers=2), rate=200.0)
