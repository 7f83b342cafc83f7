import pytest

from pytest_rdsfailover.analysis.statistics import (
    at_least,
    disproves,
    median,
    median_interval,
    percentile,
    proves,
    share_bound,
    trials_needed,
    wilson,
)


def test_percentiles_are_values_of_the_list():
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile([7], 0.99) == 7
    assert (percentile([1, 2, 3], 0.0), percentile([1, 2, 3], 1.0)) == (1, 3)


def test_the_median_of_an_even_number_is_between_the_middle_two():
    assert median([1, 2, 4]) == 2
    assert median([1, 2, 4, 9]) == 3
    assert median([1, 2, 3, 4, 9, 9, 9]) == 4


@pytest.mark.parametrize(
    ("n", "low", "high"), [(6, 1, 6), (7, 1, 7), (8, 1, 8), (9, 2, 8), (10, 2, 9), (15, 4, 12)]
)
def test_the_medians_interval_is_the_exact_one_of_order_statistics(n, low, high):
    assert median_interval(range(1, n + 1)) == (low, high)


def test_five_values_say_nothing_about_the_median_with_95_percent():
    for count in range(6):
        assert median_interval(range(count)) is None


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 0.204), (1, 0.012, 0.298), (5, 0.152, 0.583), (10, 0.417, 0.848), (15, 0.796, 1)],
)
def test_the_interval_of_a_share_of_fifteen(count, low, high):
    assert wilson(count, 15) == pytest.approx((low, high), abs=0.001)


def test_no_trials_say_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_chance_of_a_number_of_hits_is_the_binomial_one():
    assert at_least(3, 10, 0.3) == pytest.approx(0.6172172136)  # scipy.stats.binom.sf(2, 10, 0.3)
    assert at_least(0, 10, 0.3) == 1
    assert at_least(11, 10, 0.3) == 0
    assert at_least(1, 10, 0.0) == 0
    assert at_least(10, 10, 1.0) == 1


def test_thousands_of_trials_are_no_problem():
    assert at_least(1000, 2000, 0.5) == pytest.approx(0.509, abs=0.001)


@pytest.mark.parametrize(
    ("share", "confidence", "trials"),
    [(0.9, 0.9, 22), (0.9, 0.95, 29), (0.95, 0.95, 59), (0.99, 0.95, 299), (0.5, 0.95, 5)],
)
def test_the_number_of_clean_trials_that_prove_a_share(share, confidence, trials):
    assert trials_needed(share, confidence) == trials
    assert proves(trials, trials, share, confidence)
    assert not proves(trials - 1, trials - 1, share, confidence)


@pytest.mark.parametrize("misses", range(4))
@pytest.mark.parametrize("share", [0.05, 0.5, 0.8])
def test_one_trial_fewer_proves_nothing(share, misses):
    needed = trials_needed(share, 0.9, misses=misses)

    assert proves(needed - misses, needed, share, 0.9)
    assert not proves(needed - 1 - misses, needed - 1, share, 0.9)


def test_a_trial_that_misses_costs_more_trials():
    assert trials_needed(0.95, 0.95, misses=1) == 93
    assert proves(92, 93, 0.95)
    assert not proves(91, 92, 0.95)


@pytest.mark.parametrize(
    ("share", "confidence"), [(1.0, 0.95), (0.95, 1.0), (0.0, 0.9), (0.9, 0.0)]
)
def test_no_number_of_trials_proves_a_certainty(share, confidence):
    with pytest.raises(ValueError, match="no number of trials"):
        trials_needed(share, confidence)


def test_misses_disprove_a_share_and_few_trials_leave_it_open():
    assert disproves(0, 5, 0.5)  # a chance of 1 in 32
    assert not disproves(0, 4, 0.5)  # 1 in 16
    assert not disproves(0, 0, 0.5)
    assert not proves(0, 0, 0.5)


def test_a_chance_that_is_no_more_than_on_paper_is_enough():
    assert proves(1, 1, 0.5, confidence=0.5)
    assert disproves(0, 1, 0.5, confidence=0.5)


# The figures are those of binomtest in scipy.stats, one-sided at 95 %.
@pytest.mark.parametrize(
    ("count", "trials", "bound"),
    [(0, 15, 0.181036), (5, 15, 0.577444), (3, 100, 0.075711), (15, 15, 1.0), (0, 0, 1.0)],
)
def test_no_breach_so_far_still_allows_some(count, trials, bound):
    assert share_bound(count, trials) == pytest.approx(bound, abs=1e-6)
