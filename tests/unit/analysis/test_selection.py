"""A value of a long list is the one that sorting would put there."""

import random

import pytest

from pytest_rdsfailover.analysis.selection import FEW, selected

COUNT = 3 * FEW


def drawn(seed):
    chance = random.Random(seed)
    return [chance.lognormvariate(0, 2) for _ in range(COUNT)]


@pytest.mark.parametrize(
    "values",
    [
        drawn(1),
        list(range(COUNT)),
        list(range(COUNT, 0, -1)),
        [7] * COUNT,
        [n % 3 for n in range(COUNT)],
        [n * 2**40 if n % (COUNT // 1000) == 0 else n for n in range(COUNT)],  # misleads the sample
        [float("inf"), *drawn(2)],
        drawn(3)[:FEW],
    ],
)
def test_selected_values_are_those_of_the_sorted_list(values):
    places = [0, 1, len(values) // 2, len(values) * 99 // 100, len(values) - 2, len(values) - 1]
    ordered = sorted(values)
    assert selected(values, places) == [ordered[place] for place in places]
