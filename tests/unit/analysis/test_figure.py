import json
import pickle

import pytest

from pytest_rdsfailover.analysis.downtime import Downtime

WIDE = Downtime(1.9, 2.1)


def test_the_figure_is_the_middle_and_the_resolution_half_the_width():
    assert (float(WIDE), WIDE.resolution) == (pytest.approx(2.0), pytest.approx(0.1))


def test_a_bound_is_met_by_the_upper_end_only():
    assert WIDE < 2.11
    assert not WIDE < 2.05
    assert not WIDE < 2.1
    assert WIDE <= 2.1


def test_a_bound_is_broken_by_the_lower_end_only():
    assert WIDE > 1.89
    assert not WIDE > 1.95
    assert not WIDE > 1.9
    assert WIDE >= 1.9


def test_a_number_on_the_left_compares_alike():
    assert WIDE < 2.11
    assert not WIDE < 2.05
    assert WIDE > 1.89
    assert not WIDE > 1.95


def test_downtimes_sort_by_their_figures():
    assert sorted([Downtime(3, 4), WIDE]) == [2.0, 3.5]
    assert max(Downtime(3, 4), WIDE) == 3.5


def test_a_rate_that_decides_is_named_only_if_the_spacing_of_the_writes_blurs_the_bound():
    spaced = Downtime(1.90, 2.10, rate=10)  # half a period is a half of its resolution
    waited = Downtime(1.90, 2.10, rate=1000)

    assert 25 <= spaced.deciding_rate(2.09) <= 26
    assert spaced.deciding_rate(2.04) is None
    assert waited.deciding_rate(2.09) is None
    assert Downtime(1.9, 2.1).deciding_rate(2.09) is None


def test_no_outage_is_zero_up_to_the_largest_natural_gap():
    none = Downtime(0.0, 0.04, value=0.0)

    assert none == 0
    assert none.resolution == none.upper  # a reader of 0 s ±0.02 would think it below 0.02 s
    assert not none < 0.03
    assert none < 0.05


@pytest.mark.parametrize(
    ("downtime", "text"),
    [
        (Downtime(2.306, 2.314), "2.31 s ±0.004"),
        (Downtime(3.41, 3.43), "3.42 s ±0.01"),
        (Downtime(0.40, 0.42), "0.410 s ±0.01"),
        (Downtime(0, 0.04, value=0), "0 s ±0.04"),
        (Downtime(0, 6), "3.00 s ±3.0"),
        (Downtime(2.0, 2.0), "2.00 s ±0.0001"),
    ],
)
def test_its_text_tells_the_resolution(downtime, text):
    assert repr(downtime) == str(downtime) == f"{downtime}" == text


def test_it_survives_pickling_and_becomes_a_number_in_json():
    again = pickle.loads(pickle.dumps(Downtime(1, 3, value=1.5, rate=100)))

    assert (again.lower, again.upper, float(again), again.rate) == (1, 3, 1.5, 100)
    assert json.dumps(again) == "1.5"
