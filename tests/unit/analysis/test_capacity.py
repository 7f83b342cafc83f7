"""A load that machine or application does not carry is not the one that was asked for."""

import pytest
from builders import ack, acks, course, journal

from pytest_rdsfailover.analysis.capacity import CalmSlots, calm_slots
from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.journal.stored import Stored

EVENTS = list(acks(0.0, 20.0, 0.01))  # 1,000 of them in the calm


def slots(*skips, **changes):
    return calm_slots(series_of(journal(EVENTS, skips=skips)), course(rate=100.0, **changes))


@pytest.mark.parametrize(
    ("skip", "counted"),
    [
        ((0, 1.0, 1.0, 1), 1),
        ((0, 10.0, 10.0, 1), 0),
        ((0, -0.5, -0.5, 1), 0),
        ((0, 1.0, 5.0, 401), 401),
        ((0, 9.0, 11.0, 201), 100),  # those from the trigger on are the failover's
        ((0, -1.0, 1.0, 201), 101),  # those before observation are nobody's
        ((0, 11.0, 19.0, 801), 0),
    ],
)
def test_only_slots_of_the_calm_count(skip, counted):
    assert slots(skip) == CalmSlots(1000, counted)


@pytest.mark.parametrize(
    ("first", "counted"),
    [
        (0.5, 0),
        (5.0, 0),
        (5.2, 500),
    ],  # a program that starts, and one that left no calm to speak of
)
def test_what_a_writer_leaves_out_in_its_first_operation_is_its_start(first, counted):
    made = journal(
        [ack(first, sent=0.0), *acks(first + 0.01, 20.0, 0.01)],
        skips=[(0, 0.01, 0.01 + (first - 0.02), 500)],
    )
    assert calm_slots(series_of(made), course(rate=100.0)).not_issued == counted


def test_without_a_trigger_or_a_schedule_nobody_knows_of_a_calm():
    assert slots((0, 1.0, 5.0, 401), trigger=None).share == 0.0
    assert calm_slots(series_of(journal(EVENTS)), course(rate=0.0)) == CalmSlots(0, 0)


def trial(skipped, **changes):
    made = journal(EVENTS, skips=[(0, 1.0, 1.0 + skipped * 0.001, skipped)] if skipped else ())
    told = {"rate": 100.0, "calm_not_issued": 0.1} | changes
    return summarise(made, course(**told), Stored(positions=[]))


def test_a_load_that_was_not_carried_in_the_calm_is_unreliable():
    found = trial(4000)

    assert found.clock.calm_not_issued == pytest.approx(0.8)
    assert "4000 of 5000 slots before the trigger found no free writer (80%" in found.clock.problem
    assert "does not carry 100 writes per second" in found.clock.problem
    assert found.downtime.decide("<", 0.001) is None
    assert "no figure" in found.down


def test_a_load_that_is_allowed_to_be_smaller_is_remarked():
    found = trial(4000, calm_not_issued=0.9)

    assert found.clock.problem == ""
    assert "80.0% of the slots before the trigger found no free writer" in found.clock.remarks


@pytest.mark.parametrize("skipped", [0, 5])
def test_a_stray_slot_is_worth_no_word(skipped):
    assert trial(skipped).clock.remarks == []


@pytest.mark.parametrize("more", [0, 1])
def test_a_share_that_is_allowed_is_no_problem_and_one_slot_more_is(more):
    found = trial(1000 + more, calm_not_issued=0.5)

    assert bool(found.clock.problem) == bool(more)


@pytest.mark.parametrize(
    ("asleep", "counted"),
    [
        ([[(1.0, 5.0)], []], 0),
        ([[], [(1.0, 5.0)]], 400),
        ([[(3.0, 5.0)], []], 200),
        ([[(0.0, 3.0), (4.0, 12.0)], []], 99),
    ],
)
def test_what_one_process_of_several_slept_through_says_nothing_of_the_machine(asleep, counted):
    told = course(rate=100.0, pauses=[(1.0, 5.0)], asleep=asleep)
    made = series_of(journal(EVENTS, skips=[(0, 1.0, 4.99, 400)]))

    assert calm_slots(made, told, Standstills.of(told)).not_issued == counted


def test_what_it_slept_through_outside_the_calm_takes_nothing_from_what_it_left_out_in_it():
    told = course(rate=100.0, start=2.0, pauses=[], asleep=[[(0.5, 3.0), (9.0, 12.0)], []])
    made = series_of(journal(EVENTS, skips=[(0, 0.0, 19.99, 2000)]))

    assert calm_slots(made, told, Standstills.of(told)).not_issued == 599
