"""Nanoseconds and seconds: one into the other and back, without a loss."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds, to_seconds

EXACT = 2**22 * SECOND  # 48 days after the start of the machine a float has no nanoseconds left


@given(st.integers(-EXACT, EXACT))
def test_a_nanosecond_survives_the_way_there_and_back(moment):
    assert to_nanoseconds(to_seconds(moment)) == moment


def test_a_second_has_a_thousand_million_nanoseconds():
    assert to_seconds(1_500_000_000) == 1.5
    assert to_nanoseconds(0.25) == 250_000_000
