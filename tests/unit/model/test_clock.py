"""Nanoseconds and seconds: one into the other and back, without a loss."""

import pytest
from clocks import SteppingClock
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.model.clock import (
    SECOND,
    StoppableClock,
    to_nanoseconds,
    to_seconds,
    wait_until,
)
from pytest_rdsfailover.model.errors import CancelledWorkError

EXACT = 2**22 * SECOND  # 48 days after the start of the machine a float has no nanoseconds left


@given(st.integers(-EXACT, EXACT))
def test_a_nanosecond_survives_the_way_there_and_back(moment):
    assert to_nanoseconds(to_seconds(moment)) == moment


def test_a_second_has_a_thousand_million_nanoseconds():
    assert to_seconds(1_500_000_000) == 1.5
    assert to_nanoseconds(0.25) == 250_000_000


def test_a_clock_that_is_stopped_wakes_who_sleeps_and_lets_nobody_sleep_until_it_goes_on():
    clock = StoppableClock("the trial")
    clock.sleep(0.0)
    with clock.stopped(), pytest.raises(CancelledWorkError, match="the trial was cancelled"):
        clock.sleep(60.0)
    clock.sleep(0.0)


@pytest.mark.parametrize(
    ("true_at", "found", "moment"), [(0.0, True, 0.0), (3.0, True, 3.0), (9.0, False, 5.0)]
)
def test_a_condition_is_waited_for_as_long_as_it_may_take_and_no_longer(true_at, found, moment):
    clock = SteppingClock()

    assert wait_until(lambda: clock.now() >= true_at, timeout=5.0, clock=clock, every=1.0) == found
    assert clock.moment == moment
