"""Shares of the operations that were due: in all, in time, in parts, and in the worst second."""

import math

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.served import Served, served
from pytest_rdsfailover.analysis.service_figures import ServiceFigures
from pytest_rdsfailover.model.clock import SECOND

CALM = [*acks(0.01, 10.0, 0.01)]  # 999 operations
AWAY = [refused(10.0 + n / 100) for n in range(50)]
BACK = [*acks(10.5, 20.0, 0.01)]


def figures(events, *, skips=(), writers=1, problem="", **changes):
    found = series_of(journal(events, skips=skips, writers=writers))
    return ServiceFigures(absence=absences(found, course(**changes)), problem=problem)


def test_the_success_is_the_share_of_all_operations_that_were_due():
    success = figures([*CALM, *AWAY, *BACK]).success()

    assert success == pytest.approx(1949 / 1999)
    assert (success.unit, success.basis) == ("%", "1949 of 1999")


def test_a_slot_that_was_not_issued_was_due_and_not_served():
    success = figures([*CALM, *BACK], skips=[(0, 10.0, 10.49, 50)]).success()

    assert success == pytest.approx(1949 / 1999)


def test_operations_belong_to_the_part_in_which_they_were_due():
    found = figures([*CALM, *AWAY, *BACK])

    assert found.success_during() == pytest.approx(1 / 51, abs=0.001)
    assert found.success_after() == 1


def test_what_failed_while_the_load_generator_stood_still_may_have_been_served():
    events = [*acks(0.01, 5.0, 0.01), *acks(5.3, 20.0, 0.01)]
    success = figures(events, skips=[(0, 5.0, 5.29, 30)], pauses=[(4.995, 5.295)]).success()

    assert success.lower == pytest.approx(1969 / 1999)
    assert success.upper == 1


def test_what_was_not_over_proves_no_lower_end_of_a_share():
    found = figures([*CALM, *(refused(10 + n / 100) for n in range(1000))])

    for share in (found.success(), found.success_during(), found.worst_second()):
        assert share.lower == 0
        assert share.upper < 0.51


def test_a_doubted_trial_proves_no_failure_of_an_operation():
    success = figures([*CALM, *AWAY, *BACK], problem="pytest stood still").success()

    assert (success.lower, success.upper) == (pytest.approx(0.975, abs=1e-3), 1)
    assert success.problem == "pytest stood still"


def test_a_part_in_which_nothing_was_due_has_no_share():
    assert figures([*CALM], stop=10.0, settled=None, trigger=None).success_after() is None


def test_an_operation_is_served_within_a_latency_from_its_intended_time():
    late = ack(10.3, sent=10.0, intended=9.995)
    found = figures([*CALM, late, *acks(10.31, 20.0, 0.01)])

    assert found.served_within(0.306) == 1
    assert found.served_within(0.304) < 1


def test_an_operation_that_failed_is_served_within_no_time_however_soon_the_next_one_was():
    found = figures([*CALM, refused(10.0), *acks(10.01, 20.0, 0.01)])

    assert found.served_within(5.0) == found.success() < 1


def test_what_our_own_pause_made_late_may_have_been_in_time():
    late = ack(5.302, sent=5.0)
    events = [*acks(0.01, 5.0, 0.01), late, *acks(5.31, 20.0, 0.01)]
    within = figures(events, pauses=[(5.001, 5.3)]).served_within(0.05)

    assert within.lower < 1
    assert within.upper == 1


def counted(events, *, within=None, **changes):
    """Return what became of the operations that were due, next to one that failed by itself."""
    skips = changes.pop("skips", ())
    made = series_of(journal([refused(5.0), *events], skips=skips))
    seen = absences(made, course(**changes)).seen
    return served(seen, (seen.start, seen.stop), within=within and round(within * SECOND))


@pytest.mark.parametrize(
    ("skip", "pause", "due", "excused"),
    [
        ((8.0, 8.01), (7.9, 7.95), 2, 2),  # a short pause near a noted one may have been missed
        ((8.0, 8.01), (8.05, 8.1), 2, 2),
        ((8.0, 8.010000001), (7.9, 7.95), 2, 0),  # it would have been noted
        ((8.0, 8.01), (15.0, 15.1), 2, 0),
        ((8.0, 9.0), (8.99, 9.1), 2, 1),
        ((19.9, 20.0), (19.995, 20.1), 1, 0),  # that slot was due after observation
    ],
)
def test_a_slot_that_was_not_issued_near_a_pause_may_be_our_own_fault(skip, pause, due, excused):
    found = counted([ack(6.0)], skips=[(0, *skip, 2)], pauses=[pause])
    assert found == Served(due=2 + due, served=1, excused=excused)


@pytest.mark.parametrize(
    ("within", "served", "excused"),
    [
        (0.299999999, 0, 0),
        (0.3, 0, 1),  # without the pause it took no longer
        (0.399999999, 0, 1),
        (0.4, 1, 0),
    ],
)
def test_a_late_operation_may_have_been_in_time_without_our_own_pause(within, served, excused):
    late = ack(6.4, sent=6.0)
    paused = [(6.105, 6.195)]  # noted with five milliseconds on each side
    assert counted([late], within=within, pauses=paused) == Served(2, served, excused)


def test_an_operation_that_was_answered_after_observation_may_have_been_in_time_as_well():
    seen = absences(series_of(journal([ack(20.3, sent=19.9)])), course(pauses=[(20.1, 20.2)])).seen
    assert served(seen, (seen.start, seen.stop), within=SECOND * 3 // 10) == Served(1, 0, 1)


def test_no_more_can_have_been_served_than_was_due():
    assert Served(due=10, served=5, excused=6).figure.upper == 1


@pytest.mark.parametrize(
    ("events", "worst"), [([ack(0.5), ack(5.0, writer=1)], 1.0), ([ack(20.5)], None)]
)
def test_the_worst_second_is_one_of_those_in_which_something_was_due(events, worst):
    found = figures(events, writers=2, trigger=None, settled=None, start=1.0).worst_second()
    assert (None if found is None else found.upper) == worst


def test_the_worst_second_is_the_one_that_fewest_operations_were_served_of():
    flap = [refused(15.0 + n / 100) for n in range(30)]
    worst = figures([*CALM, *AWAY, *acks(10.5, 15.0, 0.01), *flap, *acks(15.3, 20, 0.01)])

    assert worst.worst_second() == pytest.approx(0.5)
    assert worst.worst_second().basis == "50 of 100 in the second from -0.001 s"


def test_two_failures_of_one_second_count_together_wherever_a_clock_would_part_them():
    events = [*CALM, *acks(10.0, 10.9, 0.01), *(refused(10.9 + n / 100) for n in range(20))]
    worst = figures([*events, *acks(11.1, 20.0, 0.01)], trigger=None).worst_second()

    assert worst == pytest.approx(0.8)


def test_of_a_cluster_that_had_not_settled_nothing_late_is_known():
    found = figures([*CALM, *AWAY, *BACK], settled=None)

    assert found.late_error_share() is None
    for count in (found.late_errors(), found.demoted_writer()):
        assert (count.lower, count.value, count.upper) == (0, 0, math.inf)


def test_late_errors_that_were_not_over_may_become_more():
    found = figures([*CALM, *BACK[:800], *(refused(18.5 + n / 100, 1290) for n in range(150))])

    for count in (found.late_errors(), found.demoted_writer()):
        assert (count.lower, count.value, count.upper) == (150, 150, math.inf)


def test_a_late_error_during_our_own_pause_is_no_proof_of_one():
    late = [refused(15.001, sent=14.9)]
    paused = figures([*CALM, *BACK[:440], *late, *BACK[460:]], pauses=[(14.92, 14.98)])

    for share, one in ((paused.late_errors(), 1), (paused.late_error_share(), 1 / 740)):
        assert (share.lower, share.upper) == (0, pytest.approx(one))


def test_without_a_failure_every_second_is_whole():
    assert figures([*CALM, *acks(10.0, 20.0, 0.01)]).worst_second() == 1


def test_the_worst_second_without_our_own_pause_is_its_upper_end():
    paused = {"skips": [(0, 5.0, 5.29, 30)], "pauses": [(4.995, 5.295)]}
    before, after = [*acks(0.01, 5.0, 0.01)], [*acks(5.3, 20.0, 0.01)]
    worst = figures([*before, *after], **paused).worst_second()
    failing = [refused(15.3 + n / 100) for n in range(10)]
    sure = figures([*before, *after[:1000], *failing, *after[1010:]], **paused).worst_second()

    assert (worst.lower, worst.upper) == (pytest.approx(0.7, abs=0.01), 1)
    assert (sure.lower, sure.upper) == (pytest.approx(0.7, abs=0.01), pytest.approx(0.9))
