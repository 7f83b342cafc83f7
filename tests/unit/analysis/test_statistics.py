import pytest

from pytest_rdsfailover.analysis.statistics import median, median_interval, percentile, wilson


def test_percentiles_are_values_of_the_list():
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile([7], 0.99) == 7


def test_the_median_of_an_even_number_is_between_the_middle_two():
    assert median([1, 2, 4]) == 2
    assert median([1, 2, 4, 9]) == 3


@pytest.mark.parametrize(("n", "low", "high"), [(6, 1, 6), (10, 2, 9), (15, 4, 12)])
def test_the_medians_interval_is_the_exact_one_of_order_statistics(n, low, high):
    assert median_interval(range(1, n + 1)) == (low, high)


def test_five_values_say_nothing_about_the_median_with_95_percent():
    assert median_interval([1, 2, 3, 4, 5]) is None


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 0.204), (5, 0.152, 0.583), (10, 0.417, 0.848), (15, 0.796, 1)],
)
def test_the_interval_of_a_share_of_fifteen(count, low, high):
    assert wilson(count, 15) == pytest.approx((low, high), abs=0.001)


def test_no_trials_say_nothing():
    assert wilson(0, 0) == (0.0, 1.0)
