"""Lower bounds of a growth, against every order that chance can make."""

import itertools
import math

import pytest

from pytest_rdsfailover.analysis import growth
from pytest_rdsfailover.analysis.growth import (
    NEVER,
    exceeding_needed,
    of_pairs,
    of_samples,
    of_tail,
    rank_sum_needed,
    seconds_grown,
    share_grown,
    signs_needed,
)

CHANCE = 0.05


def share(happens):
    happened = list(happens)
    return sum(happened) / len(happened)


@pytest.mark.parametrize("grown", [seconds_grown, share_grown])
def test_by_chance_alone_pairs_show_a_growth_no_more_often_than_said(grown):
    """Were nothing changed, each pair could as well be the other way round."""
    pairs = [(1.0, 1.5), (2.0, 2.1), (3.0, 3.9), (4.0, 4.3), (5.0, 5.7), (6.0, 7.3)]
    shown = share(
        of_pairs([pair[::way] for pair, way in zip(pairs, ways, strict=True)], grown, CHANCE) > 0
        for ways in itertools.product((1, -1), repeat=len(pairs))
    )

    assert 0 < shown <= CHANCE


@pytest.mark.parametrize("grown", [seconds_grown, share_grown])
@pytest.mark.parametrize("bound", ["samples", "tail"])
def test_by_chance_alone_samples_show_a_growth_no_more_often_than_said(grown, bound):
    values = [1.0, 1.2, 1.5, 1.9, 2.4, 3.0, 3.7, 4.5, 5.4]
    shown = []
    for now in itertools.combinations(values, 5):
        was = [value for value in values if value not in now]
        if bound == "samples":
            shown.append(of_samples(was, now, grown, CHANCE) > 0)
        else:
            shown.append(of_tail(was, now, 3, grown, CHANCE) > 0)

    assert 0 < share(shown) <= CHANCE


def test_a_bound_is_below_the_growth_and_near_it():
    before = [1 + n / 10 for n in range(15)]
    pairs = [(each, 1.3 * each + n % 2 / 1000) for n, each in enumerate(before)]

    assert 0.29 < of_pairs(pairs, share_grown, 0.005) <= 0.301
    assert of_samples(before, [each + 5 for each in before], seconds_grown, 0.005) > 4
    assert of_tail(before, [9.0] * 15, 14, seconds_grown, 0.005) == pytest.approx(9 - 2.4)


def test_too_few_values_show_nothing():
    assert signs_needed(6, 0.01) is None
    assert signs_needed(7, 0.01) == 7
    assert signs_needed(15, 0.005) == 13
    assert rank_sum_needed(3, 3, 0.01) is None
    assert exceeding_needed(3, 3, 2, 0.01) is None
    assert of_pairs([(1.0, 9.0)] * 6, seconds_grown, 0.01) == NEVER
    assert of_pairs([], seconds_grown, 0.01) == NEVER


@pytest.mark.parametrize(
    ("ways", "every", "chance", "needed"),
    [
        ([1, 1], 2, 0.5, 1), ([1, 1], 2, 0.49, None), ([1, 2, 1], 4, 0.25, 2), ([1, 2, 1], 4, 0.75, 1),
        ([1, 2, 1], 4, 0.74, 2), ([1, 2, 1], 4, 0.24, None), ([1], 1, 0.9, None),
    ],
)  # fmt: skip
def test_the_smallest_number_is_needed_that_chance_reaches_seldom_enough(
    ways, every, chance, needed
):
    assert growth._needed(ways, every, chance) == needed


@pytest.mark.parametrize("chance", [0.2, 0.05, 0.01])
@pytest.mark.parametrize(("before", "after"), [(5, 4), (4, 5), (6, 3), (1, 6), (7, 1)])
def test_no_smaller_number_would_do(before, after, chance):
    """Tried with every order that so many values can have."""
    orders = list(itertools.combinations(range(before + after), after))

    def needed(counts):
        enough = (n for n in range(1, max(counts) + 1) if share(c >= n for c in counts) <= chance)
        return next(enough, None)

    def larger(now, place=None):
        was = [value for value in range(before + after) if value not in now]
        return sum(new > old for new in now for old in (was if place is None else was[place:][:1]))

    assert rank_sum_needed(before, after, chance) == needed([larger(now) for now in orders])
    for place in range(before):
        exceeding = [larger(now, place) for now in orders]
        assert exceeding_needed(before, after, place, chance) == needed(exceeding)


def test_more_than_none_is_more_than_any_share_of_it():
    assert share_grown(0, 0.1) == math.inf
    assert share_grown(0, 0) == NEVER
    assert share_grown(2, 3) == 0.5


def test_beyond_what_is_counted_the_approximation_is_close(monkeypatch):
    exact = [rank_sum_needed(40, 50, chance) for chance in (0.01, 0.001)]
    monkeypatch.setattr(growth, "MOST_EXACT", 10)
    rank_sum_needed.cache_clear()

    assert [rank_sum_needed(40, 50, chance) for chance in (0.01, 0.001)] == pytest.approx(
        exact, rel=0.02
    )
    assert rank_sum_needed(40, 50, 0.05) == 1204  # counted exactly it is the same
    rank_sum_needed.cache_clear()


def test_a_hundred_values_on_a_side_are_counted():
    assert rank_sum_needed(100, 3, 0.005) == 272  # the normal distribution says 282


def test_a_few_values_show_nothing_beside_very_many():
    """The normal distribution would want 310 of 300 pairs."""
    assert rank_sum_needed(150, 2, 0.005) is None
    assert of_samples([1.0] * 150, [9.0] * 2, seconds_grown, 0.005) == NEVER
    assert rank_sum_needed(101, 1, 0.045) == 101  # all of them
    assert rank_sum_needed(101, 1, 0.04) is None


@pytest.mark.parametrize(("before", "after"), [(150, 3), (3, 150)])
def test_beyond_a_hundred_values_on_either_side_the_normal_distribution_tells(before, after):
    """422 of 450 pairs; counted exactly they are 407."""
    assert rank_sum_needed(before, after, 0.005) == 422
