"""What is found for many gaps at once is what is found for each."""

import random

import pytest
from builders import ack, acks, course, journal
from ordeals import play
from shapes import SHAPES

from pytest_rdsfailover.analysis import rows, weighing
from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.weighing import Scales, Weighed


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


@pytest.mark.parametrize(
    ("away", "own", "proven"),
    [([], 0, 0), ([(2, 5)], 1, 2), ([(2, 5), (8, 30)], 0, 3), ([(20, 30)], 0, 0)],
)
def test_the_longest_absence_in_a_gap_that_tries_prove_counts(away, own, proven):
    gap = Weighed(gap=(0, 11), own=0, there=0, lower=0, failed=0, away=(11, 11))
    tries = [gap._replace(away=span, own=own) for span in away]

    assert gap.told_by(tries).lower == proven


@pytest.mark.parametrize(("slow", "counts"), [(0.005, 0.005), (0.010, 0.010), (0.5, 0.010)])
def test_a_write_that_was_far_slower_than_the_others_is_not_what_one_may_take(slow, counts):
    events = [*acks(0.01, 4.99, 0.002), ack(4.9, sent=4.9 - slow)]
    scales = Scales(
        series=series_of(journal(events)), acks=[0], gaps=[], disturbed=[], shown=[b""],
        failing=[], still=Standstills.of(course()),
    )  # fmt: skip

    assert scales.slowest_before(5 * 10**9) == pytest.approx(counts * 1e9, rel=1e-6)
