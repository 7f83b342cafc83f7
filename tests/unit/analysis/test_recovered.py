"""From the trigger until operations are served as in the calm again."""

import math

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.service_figures import ServiceFigures

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


def test_a_quiet_stretch_that_observation_cut_short_proves_no_upper_end():
    assert recovered([*AWAY, *acks(12.5, 12.6, 0.01)], stop=12.6).upper == math.inf


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


@pytest.mark.parametrize(("until", "most"), [(15.0, 5.0), (20.0, math.inf)])
def test_an_application_that_takes_many_times_as_long_as_in_the_calm_is_not_back(until, most):
    """No single write is slow enough to be one."""
    slow = [ack(12.5 + n / 100, sent=12.48 + n / 100) for n in range(round((until - 12.5) * 100))]
    found = recovered([*AWAY, *slow, *acks(until, 20.0, 0.01)])

    assert found.lower < 2.51
    assert found.upper == pytest.approx(most, abs=0.02)
