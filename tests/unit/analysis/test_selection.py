"""A value of a long list is the one that sorting would put there."""

import random

import pytest

from pytest_rdsfailover.analysis.selection import FEW, selected

COUNT = 3 * FEW


def drawn(seed):
    chance = random.Random(seed)
    return [chance.lognormvariate(0, 2) for _ in range(COUNT)]


# Made by the test that wants them: each worker collects all tests.
@pytest.mark.parametrize(
    "make",
    [
        lambda: drawn(1),
        lambda: list(range(COUNT)),
        lambda: list(range(COUNT, 0, -1)),
        lambda: [7] * COUNT,
        lambda: [n % 3 for n in range(COUNT)],
        # It misleads the sample.
        lambda: [n * 2**40 if n % (COUNT // 1000) == 0 else n for n in range(COUNT)],
        lambda: [float("inf"), *drawn(2)],
        lambda: drawn(3)[:FEW],
    ],
)
def test_selected_values_are_those_of_the_sorted_list(make):
    values = make()
    places = [
        0,
        1,
        len(values) // 2,
        len(values) * 99 // 100,
        len(values) - 2,
        *[len(values) - 1] * 2,
    ]
    ordered = sorted(values)
    assert selected(values, places) == [ordered[place] for place in places]
