"""The few large values among many."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.analysis import sieve
from pytest_rdsfailover.analysis.sieve import places_above


@given(st.lists(st.integers(0, 5)), st.integers(-1, 6), st.integers(1, 7))
def test_every_value_above_is_found_in_order_however_the_values_are_cut(values, least, stretch):
    usual, sieve.STRETCH = sieve.STRETCH, stretch
    try:
        found = list(places_above(values, least))
    finally:
        sieve.STRETCH = usual

    assert found == [place for place, value in enumerate(values) if value > least]
