"""What is found for many gaps at once is what is found for each."""

import random

import pytest
from builders import ack, acks, course, journal, refused, unknown
from ordeals import play
from shapes import SHAPES

from pytest_rdsfailover.analysis import rows, weighing
from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.outages import acknowledgements
from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.proof import showing
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.weighing import Scales, Weighed
from pytest_rdsfailover.model.clock import SECOND


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


LATE = [ack(5.015, sent=4.9, writer=2), ack(5.016, sent=4.9, writer=3)]


@pytest.mark.parametrize(
    ("late", "sent", "away"),
    [
        (LATE, 4.93, False),
        (LATE, 5.0, True),  # one that was sent after the gap before was answered in time
        (LATE, 5.005, True),
        ([], 4.93, False),
        ([], 4.97, True),  # it took too little to make such a gap
    ],
)
def test_a_gap_is_none_of_the_database_if_all_answers_before_it_were_that_late(late, sent, away):
    """A gap from 4.9 s to 5.0 s, one answer to a write of some moment, and a gap of 100 ms after it."""
    events = [each for writer in range(4) for each in acks(0.01, 4.89, 0.01, writer=writer)]
    events += [ack(4.9, sent=4.88, writer=1), ack(5.0), ack(5.02, sent=sent, writer=1), *late]
    events += [unknown(5.11, 2013, "timeout", sent=5.01), refused(5.1, writer=2), ack(5.12)]
    events += [each for writer in range(4) for each in acks(5.13, 6.0, 0.01, writer=writer)]
    series = series_of(journal(events, writers=4))
    gap = round(5.02 * SECOND), round(5.12 * SECOND)
    scales = Scales(
        series=series, acks=acknowledgements(series, start=0, stop=6 * SECOND),
        gaps=[(round(4.9 * SECOND), 5 * SECOND), gap], disturbed=[], failing=[],
        shown=[showing(each, database=True) for each in series], still=Standstills.of(course()),
    )  # fmt: skip

    assert (scales.weigh(gap).lower > 0) is away


@pytest.mark.parametrize(("slow", "counts"), [(0.005, 0.005), (0.010, 0.010), (0.5, 0.010)])
def test_a_write_that_was_far_slower_than_the_others_is_not_what_one_may_take(slow, counts):
    events = [*acks(0.01, 4.99, 0.002), ack(4.9, sent=4.9 - slow)]
    scales = Scales(
        series=series_of(journal(events)), acks=[0], gaps=[], disturbed=[], shown=[b""],
        failing=[], still=Standstills.of(course()),
    )  # fmt: skip

    assert scales.slowest_before(5 * 10**9) == pytest.approx(counts * 1e9, rel=1e-6)
