"""The few large values among many."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.analysis import sieve
from pytest_rdsfailover.analysis.sieve import Sieve


@given(st.lists(st.integers(0, 5)), st.integers(-1, 6), st.integers(1, 7), st.data())
def test_every_value_above_is_found_in_order_however_the_values_are_cut(
    values, least, stretch, data
):
    first, last = sorted(data.draw(st.integers(0, len(values))) for _ in range(2))
    usual, sieve.STRETCH = sieve.STRETCH, stretch
    try:
        searched = Sieve(values)
        found, largest = list(searched.above(least, first, last)), searched.largest(first)
    finally:
        sieve.STRETCH = usual

    assert found == [place for place in range(first, last) if values[place] > least]
    assert largest == max(values[first:], default=0)
