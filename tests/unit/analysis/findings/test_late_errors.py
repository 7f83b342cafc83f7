"""Errors that go on when observation ends, shown planted ones and near misses."""

import pytest
from builders import acks, course, everything_acked, journal, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored

CALM = list(acks(1.0, 10.0, 0.1))
BACK = list(acks(12.5, 20.0, 0.1))
DOWN = [refused(10.4 + number / 10) for number in range(20)]
WELL = [*CALM, *DOWN, *BACK]


def diagnosed(events, *, writers=1, **changes):
    """Return the findings of a trial by their names."""
    made = journal(events, writers=writers)
    stored = Stored(positions=everything_acked(made))
    evidence = Evidence(journal=made, course=course(**changes), stored=stored)
    return {finding.name: finding for finding in judge(evidence).findings}


def flaky(share):
    """Return a stretch after the failover in which every so many write meets the demoted writer."""
    return [
        refused(each.finished, 1836) if number % share == 0 else each
        for number, each in enumerate(BACK)
    ]


def test_errors_that_go_on_until_the_end_are_broken():
    found = diagnosed([*CALM, *DOWN, *flaky(4)])

    late = found["late_errors"]
    assert late.severity == "broken"
    assert "1836" in late.evidence
    assert "after the cluster had settled" in late.evidence
    assert found["demoted_writer"].severity == "risky"


def test_errors_of_writers_that_are_still_on_their_way_back_are_no_late_errors():
    late = [refused(12.45 + number / 100, 1836) for number in range(5)]
    found = diagnosed([*CALM, *DOWN, *late, *acks(12.5, 12.9, 0.1)], stop=12.9)
    assert "late_errors" not in found


@pytest.mark.parametrize("end", [13.0, 19.0])
def test_errors_that_end_before_the_end_are_no_late_errors(end):
    events = [each for each in flaky(4) if each.fault is None or each.finished < end]
    assert "late_errors" not in diagnosed([*CALM, *DOWN, *events])


def test_an_application_that_fails_as_often_as_in_the_calm_is_as_well_as_it_was():
    def deadlocks(events):
        return [
            refused(each.finished, 1213) if number % 4 == 0 else each
            for number, each in enumerate(events)
        ]

    found = diagnosed([*deadlocks(CALM), *DOWN, *deadlocks(BACK)], calm_errors=0.5)
    assert "late_errors" not in found
    assert found["calm_errors"].severity == "note"
    # Nobody complained, so nothing stands behind it.
    assert found["calm_errors"].evidence == (
        "the load failed before the failover: 23 operations (23 x 1213)"
    )


@pytest.mark.parametrize("trigger", [10.0, None])
@pytest.mark.parametrize(("every", "told"), [(30, True), (300, False)])
def test_a_few_errors_that_go_on_show_in_a_longer_time(trigger, every, told):
    """One in thirty fails for ever; half a second seldom has two of them."""
    writing = [*acks(1.0, 10.0, 0.01), *acks(12.5, 30.0, 0.01)]
    events = [
        refused(each.finished, 0, "client") if each.finished > 13 and not number % every else each
        for number, each in enumerate(writing)
    ]
    other = [*acks(1.005, 10.0, 0.01, writer=1), *acks(12.505, 30.0, 0.01, writer=1)]
    settled = trigger and 12.4
    found = diagnosed(
        [*events, *DOWN, *other],
        writers=2,
        stop=30.0,
        trigger=trigger,
        settled=settled,
        rate=200.0,
        calm_errors=0.01,
    )

    assert ("late_errors" in found) is told
    if told:
        assert found["late_errors"].severity == "broken"


def failing(events, count):
    """Return events of which the last so many fail."""
    return [
        refused(each.finished, 1213) if len(events) - number <= count else each
        for number, each in enumerate(events)
    ]


@pytest.mark.parametrize(
    ("calm", "last", "told"),
    [
        (failing(CALM, 0), 2, True),
        (failing([*acks(9.1, 10.1, 0.1)], 1), 2, False),  # twice as many, the calm's one at its end
        (failing([*acks(9.1, 10.1, 0.1)], 1), 3, True),
        ([], 2, True),  # nobody knows how many fail in the calm
    ],
)
def test_errors_of_the_last_ten_operations_are_held_against_those_of_the_calm(calm, last, told):
    found = diagnosed([*calm, *failing(BACK, last)])
    assert ("late_errors" in found) is told


def test_the_calms_errors_are_those_up_to_the_trigger():
    found = diagnosed([*CALM, refused(10.0, 1213), refused(10.001, 1213), *BACK])
    assert found["calm_errors"].evidence.endswith("1 operations (1 x 1213)")


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([18.2, 18.65, 19.1, 19.55], True),  # the end is as long after the last one
        ([18.2, 18.65, 19.1, 19.549], False),
        ([18.65, 19.1, 19.55], False),
    ],
)
def test_errors_in_each_quarter_of_the_last_two_seconds_go_on(errors, told):
    well = [*acks(1.0, 10.0, 0.01), *DOWN, *acks(12.5, 20.0, 0.01)]
    found = diagnosed([*well, *(refused(at, 1213) for at in errors)])
    assert ("late_errors" in found) is told


def test_errors_of_a_writer_that_began_after_the_failover_count():
    begun = acks(12.9, 20.0, 0.1, writer=1)
    newcomer = [
        refused(each.finished, 1213, writer=1) if number % 3 == 1 else each
        for number, each in enumerate(begun)
    ]
    assert "late_errors" in diagnosed([*WELL, *newcomer], writers=2)


def test_two_bursts_of_errors_do_not_go_on():
    bursts = [refused(at + n / 1000, 0, "client") for at in (14.0, 19.3) for n in range(20)]
    events = [*acks(1.0, 10.0, 0.01), *DOWN, *acks(12.5, 20.0, 0.01), *bursts]
    assert "late_errors" not in diagnosed(events)


def test_without_an_outage_nothing_is_late():
    steady = acks(1.0, 20.0, 0.1)
    few = [refused(each.finished + 0.01, 1836) for each in flaky(4) if each.fault]
    found = diagnosed([*steady, *few], trigger=None, settled=None, moves_writer=None)
    assert "late_errors" not in found
