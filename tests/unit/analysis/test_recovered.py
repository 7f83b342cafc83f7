"""From the trigger until operations are served as in the calm again."""

import math

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis import recovery
from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.recovery import Bad
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.service_figures import ServiceFigures
from pytest_rdsfailover.analysis.statistics import wilson
from pytest_rdsfailover.model.clock import SECOND

CALM = [*acks(0.01, 10.0, 0.01)]
AWAY = [refused(10.0 + n / 100) for n in range(250)]


def recovered(events, *, writers=1, **changes):
    found = series_of(journal([*CALM, *events], writers=writers))
    return ServiceFigures(absence=absences(found, course(**changes))).recovery()


def brownout(first, last):
    return [
        refused(first + n / 100) if n % 2 else ack(first + n / 100)
        for n in range(round((last - first) * 100))
    ]


def test_an_application_is_back_when_the_last_operation_was_as_in_the_calm():
    found = recovered([*AWAY, *acks(12.5, 20.0, 0.01)])

    assert found.lower <= 2.49 <= found.upper
    assert found.upper == pytest.approx(2.5)


def test_an_application_of_which_every_second_operation_fails_is_not_back():
    found = recovered([*AWAY, *brownout(12.5, 15.0), *acks(15.0, 20.0, 0.01)])

    assert 4.8 < found.lower <= found.upper <= 5.0


def test_an_application_that_is_slower_than_in_the_calm_is_not_back():
    slow = [ack(12.5 + n / 100, sent=12.4 + n / 100) for n in range(250)]
    found = recovered([*AWAY, *slow, *acks(15.0, 20.0, 0.01)])

    assert 4.8 < found.lower <= found.upper <= 5.0


def test_the_share_of_failures_of_the_calm_is_none_of_the_failover():
    calm = [refused(1.0 + n, 1213) for n in range(9)]
    after = [refused(13.0 + n, 1213) for n in range(7)]
    found = recovered([*calm, *AWAY, *acks(12.5, 20.0, 0.01), *after])

    assert found.lower < 2.5
    assert found.upper < 14


def test_what_comes_after_a_quiet_stretch_is_another_event():
    later = [refused(16.0 + n / 100) for n in range(30)]
    found = recovered([*AWAY, *acks(12.5, 16.0, 0.01), *later, *acks(16.3, 20.0, 0.01)])

    assert found.upper == pytest.approx(2.5)


def test_a_stretch_in_which_something_bad_is_under_way_is_not_quiet():
    hangs = [ack(14.0, sent=12.5, writer=1)]
    found = recovered([*AWAY, *acks(12.5, 20.0, 0.01), *hangs], writers=2)

    assert found.upper >= 4.0


def test_what_had_not_recovered_when_observation_ended_has_no_upper_end():
    assert recovered([*AWAY, *brownout(12.5, 20.0)]).upper == math.inf


def test_a_cluster_that_never_settled_leaves_the_recovery_open():
    assert recovered([*AWAY, *acks(12.5, 20.0, 0.01)], settled=None).upper == math.inf


@pytest.mark.parametrize(
    ("every", "stop", "over"),
    [(0.01, 12.6, False), (0.01, 12.739999999, False), (0.01, 12.74, True), (0.05, 12.74, True),
     (0.06, 12.74, False)],
)  # fmt: skip
def test_a_quiet_stretch_that_observation_cut_short_proves_no_upper_end(every, stop, over):
    """A quarter of a second of five operations is quiet; the last failure is at 12.49 s."""
    found = recovered([*AWAY, *acks(12.5, 12.8, every)], stop=stop, rate=10.0)

    assert (found.upper < math.inf) is over


def test_a_quiet_stretch_before_the_cluster_had_settled_is_none():
    late = [refused(14.1 + n / 100) for n in range(30)]
    events = [*AWAY, *acks(12.5, 14.1, 0.01), *late, *acks(14.4, 20.0, 0.01)]

    assert recovered(events, settled=14.0).upper == pytest.approx(4.4)


@pytest.mark.parametrize(("failed", "back"), [(3, 2.49), (4, 2.6)])
def test_three_failures_may_be_an_accident(failed, back):
    some = [refused(12.6 + n / 100, 1213) for n in range(failed)]
    found = recovered([*AWAY, *acks(12.5, 12.6, 0.01), *some, *acks(12.7, 20.0, 0.01)])

    assert found.lower == pytest.approx(back)


@pytest.mark.parametrize(("worse", "back"), [(3, 2.73), (4, 5.0)])
def test_twice_the_failures_of_the_calm_are_like_the_calm(worse, back):
    """Three of ten fail in it; so many of five fail from 12.5 to 15 s."""
    calm = [refused(n / 100, 1213) if n % 10 < 3 else ack(n / 100) for n in range(1, 1001)]
    after = [
        refused(12.5 + n / 100, 1213) if n % 5 < worse else ack(12.5 + n / 100) for n in range(250)
    ]
    found = series_of(journal([*calm, *AWAY, *after, *acks(15.0, 20.0, 0.01)]))
    upper = ServiceFigures(absence=absences(found, course())).recovery().upper

    assert upper == pytest.approx(back, abs=0.01)


@pytest.mark.parametrize(("over", "excused"), [(12.543, True), (12.543000001, False)])
def test_a_pause_excuses_what_is_not_unusual_without_it(over, excused):
    """It took 13 ms of what four operations waited, and 30 ms are usual."""
    late = [ack(over, sent=12.5 - n / SECOND, writer=1 + n) for n in range(4)]
    events = [*AWAY, *acks(12.5, 20.0, 0.01), *late]
    found = recovered(events, writers=5, pauses=[(12.501, 12.508)])

    assert (found.lower < 2.5) is excused


def test_a_calm_that_nobody_saw_proves_nothing():
    seen = Observed.of([], course())
    assert recovery._calm([], seen, seen.trigger) == (0.0, 1.0)


def test_the_calm_s_share_is_of_those_that_were_acknowledged_and_those_that_failed():
    events = [ack(1.0), ack(2.0), ack(3.0), ack(4.0), refused(5.0), ack(11.0), refused(12.0)]
    bad = [Bad(round(at * 1e9), 0, served=False, excused=False) for at in (5.0, 12.0)]
    seen = Observed.of(series_of(journal(events)), course())

    assert recovery._calm(bad, seen, seen.trigger) == (0.2, wilson(1, 5)[1])


@pytest.mark.parametrize(("took", "most"), [(0.011, 5.0), (0.011000001, 5.1)])
def test_what_is_slow_right_behind_a_slow_stretch_belongs_to_it(took, most):
    """Ten milliseconds more than in the calm are not slow yet."""
    slow = [ack(12.5 + n / 100, sent=12.48 + n / 100) for n in range(250)]
    other = [*acks(0.05, 10.0, 0.1, writer=1), *acks(15.2, 20.0, 0.1, writer=1)]
    late = ack(15.1, sent=15.1 - took, writer=1)
    found = recovered([*AWAY, *slow, *acks(15.0, 20.0, 0.01), *other, late], writers=2)

    assert found.upper == pytest.approx(most, abs=0.02)


def test_a_stretch_that_is_slow_before_the_cluster_had_settled_counts_as_well():
    slow = [ack(12.5 + n / 100, sent=12.48 + n / 100) for n in range(250)]
    found = recovered([*AWAY, *slow, *acks(15.0, 20.0, 0.01)], settled=15.5)

    assert found.lower < 2.51
    assert found.upper == pytest.approx(5.0, abs=0.02)


def test_an_application_that_never_felt_the_failover_needed_no_time():
    assert recovered([*acks(10.0, 20.0, 0.01)]) == 0


def test_what_our_own_pause_made_late_delays_no_recovery_at_the_least():
    late = ack(12.8, sent=12.5)
    found = recovered([*AWAY, late, *acks(12.81, 20.0, 0.01)], pauses=[(12.501, 12.798)])

    assert found.lower < 2.5
    assert found.upper > 2.8


def without_trigger(events, **changes):
    return recovered(events, trigger=None, settled=None, **changes)


def test_without_a_trigger_the_last_failure_is_what_an_application_recovers_from():
    found = without_trigger([*brownout(10.0, 11.5), *acks(11.5, 20.0, 0.01)])

    assert 11.3 < found.lower <= found.upper <= 11.51


def test_without_a_trigger_a_brownout_of_most_of_the_load_is_none_of_its_calm():
    found = without_trigger([*brownout(10.0, 60.0), *acks(60.0, 62.0, 0.01)], stop=62.0)

    assert found.upper == pytest.approx(60.0, abs=0.02)


def test_without_a_trigger_a_slow_write_after_all_failures_is_another_event():
    late = ack(15.3, sent=15.0)
    found = without_trigger([*acks(10.0, 15.0, 0.01), late, *acks(15.31, 20.0, 0.01)])

    assert found.upper < 16


@pytest.mark.parametrize("earlier", [[], AWAY], ids=["alone", "after an outage"])
def test_without_a_trigger_a_stall_hardly_longer_than_the_calm_s_gaps_may_be_trouble(earlier):
    """Nobody is served for 46 ms, where 60 ms are no outage, but a write waits for 62 ms."""
    since = 12.5 if earlier else 10.0
    slower = [*acks(since, 14.0, 0.01), *acks(14.01, 15.975, 0.01), *acks(16.02, 20.0, 0.01)]
    held = ack(16.016, sent=15.954, writer=1)
    other = [*acks(15.0, 15.95, 0.02, writer=1), held, *acks(16.02, 20.0, 0.02, writer=1)]
    found = without_trigger([*earlier, *slower, *other], writers=2)

    assert found.lower < 12.6
    assert found.upper == pytest.approx(16.02, abs=0.01)


@pytest.mark.parametrize(("due", "upper"), [(16.019999999, 16.3), (16.02, 0.0), (16.2, 0.0)])
def test_without_a_trigger_only_who_waited_through_that_stall_has_met_trouble(due, upper):
    """Nobody is served for 46 ms up to 16.02 s; another writer waits up to 16.3 s."""
    steady = [*acks(10.0, 14.0, 0.01), *acks(14.01, 15.975, 0.01), *acks(16.02, 20.0, 0.01)]
    other = [*acks(15.0, 15.95, 0.02, writer=1), *acks(16.32, 20.0, 0.02, writer=1)]
    held = ack(16.3, sent=due, writer=1)
    found = without_trigger([*steady, *other, held], writers=2)

    assert found.upper == pytest.approx(upper, abs=0.02)


@pytest.mark.parametrize(("until", "most"), [(15.0, 5.0), (20.0, math.inf)])
def test_an_application_that_takes_many_times_as_long_as_in_the_calm_is_not_back(until, most):
    """No single write is slow enough to be one."""
    slow = [ack(12.5 + n / 100, sent=12.48 + n / 100) for n in range(round((until - 12.5) * 100))]
    found = recovered([*AWAY, *slow, *acks(until, 20.0, 0.01)])

    assert found.lower < 2.51
    assert found.upper == pytest.approx(most, abs=0.02)
