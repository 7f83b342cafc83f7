"""Nanoseconds and seconds: one into the other and back, without a loss."""

import math
import time

import pytest
from clocks import SteppingClock
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.model.clock import (
    SECOND,
    MonotonicClock,
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


@pytest.mark.parametrize(("asked", "slept"), [(-1.0, []), (0.25, [0.25]), (2.0, [2.0])])
def test_the_clock_sleeps_for_what_is_not_past(monkeypatch, asked, slept):
    done = []
    monkeypatch.setattr(time, "sleep", done.append)
    MonotonicClock().sleep(asked)

    assert done == slept


def test_a_moment_that_is_past_is_not_waited_for():
    StoppableClock("the trial").sleep(-math.inf)


def test_seconds_are_those_of_the_machine():
    before = time.monotonic()
    assert before <= MonotonicClock().now() <= time.monotonic()
