"""What is found for many gaps at once is what is found for each."""

import random

import pytest
from ordeals import play
from shapes import SHAPES

from pytest_rdsfailover.analysis import rows, weighing
from pytest_rdsfailover.analysis.absence import absences


@pytest.mark.parametrize("shape", ["flapping", "own_pauses", "deadlocks"])
def test_many_gaps_are_weighed_as_single_ones_are(monkeypatch, shape):
    for seed in range(3):
        chance = random.Random(f"{shape} {seed}")
        series, course, _ = play(SHAPES[shape](chance), chance)
        monkeypatch.setattr(weighing, "MANY", 2**31)
        monkeypatch.setattr(rows, "BLOCK", 1)
        one_by_one = absences(series, course)
        monkeypatch.setattr(weighing, "MANY", 1)
        monkeypatch.setattr(rows, "BLOCK", 3)
        assert absences(series, course) == one_by_one
