"""A value of a long list is the one that sorting would put there."""

import random

import pytest

from pytest_rdsfailover.analysis import selection
from pytest_rdsfailover.analysis.selection import FEW, selected

COUNT = 3 * FEW


def drawn(seed):
    chance = random.Random(seed)
    return [chance.lognormvariate(0, 2) for _ in range(COUNT)]


# Made by the test that wants them: each worker collects all tests.
@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda: drawn(1), 0.1),
        (lambda: list(range(COUNT)), 0.1),
        (lambda: list(range(COUNT, 0, -1)), 0.1),
        (lambda: [7] * COUNT, 1),
        (lambda: [n % 7 for n in range(COUNT)], 0.3),
        # These mislead the sample.
        (lambda: [n * 2**40 if n % (COUNT // 1000) == 0 else n for n in range(COUNT)], 1),
        (lambda: [n if n % (COUNT // 1000) == 0 else COUNT + n for n in range(COUNT)], 1),
        (lambda: [float("inf"), *drawn(2)], 0.1),
        (lambda: drawn(3)[:FEW], 1),
    ],
)
def test_selected_values_are_those_of_the_sorted_list_of_which_few_are_sorted(
    make, most, monkeypatch
):
    values, lengths = make(), []
    monkeypatch.setattr(
        selection, "sorted", lambda part: lengths.append(len(part)) or sorted(part), raising=False
    )
    places = [0, 1, 41, *(len(values) * part // 100 for part in (3, 50, 96, 99))]
    places += [len(values) - 2, *[len(values) - 1] * 2]
    ordered = sorted(values)
    assert selected(values, places) == [ordered[place] for place in places]
    assert max(lengths) <= most * len(values)
