"""What several gaps say together: how many outages, which one counts, and when it ended."""

import math

import pytest
from builders import acks, course, journal

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.gap_figures import GapFigures
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.weighing import Weighed

SEEN = Observed.of([], course())  # of a failover at 10 s


def weighed(start, stop, lower=0, *, there=None):
    """Return a gap from one moment to another, with so much of it away for certain; seconds."""
    begin, end = round(start * 1e9), round(stop * 1e9)
    latest = begin if there is None else round(there * 1e9)
    return Weighed((begin, end), 0, latest, round(lower * 1e9), 1, (begin, end))


def gaps(*found, **changes):
    """Return the figures of a trial with such gaps; nanoseconds."""
    usual = {
        "natural": 0,
        "explained": 0,
        "threshold": 0,
        "service": 0,
        "slowest": 0,
        "candidates": found,
        "widest": max(found, key=lambda each: each.length, default=None),
        "outages": found,
        "unseen": 0,
        "unfinished": False,
    }
    return GapFigures(**usual | changes)


@pytest.mark.parametrize(
    ("threshold", "service", "slowest", "unusual"),
    [(70, 20, 30, 70), (50, 21, 30, 63), (50, 10, 31, 62)],
)
def test_a_wait_is_unusual_beyond_an_outage_three_usual_ones_and_twice_the_slowest(
    threshold, service, slowest, unusual
):
    found = gaps(threshold=threshold, service=service, slowest=slowest)

    assert found.unusual == unusual


@pytest.mark.parametrize(
    ("second", "sure"),
    [
        (weighed(12, 13, 0.5, there=11.5), 2),
        (weighed(12, 13, 0.5, there=11.0), 1),  # nobody was served from start to end between them
        (weighed(12, 13, 0.5, there=10.5), 1),
        (weighed(12, 13, 1e-9, there=11.5), 2),
        (weighed(12, 13, 0.0, there=11.5), 1),  # that may be none
    ],
)
def test_outages_are_several_for_certain_if_somebody_was_served_between_them(second, sure):
    assert gaps(weighed(10, 11, 0.5), second).count == Interval(sure, 2)


def test_an_outage_from_the_first_moment_on_counts():
    assert gaps(weighed(0, 1, 0.5)).count == Interval(1, 1)


@pytest.mark.parametrize(("unseen", "decides"), [(79, 0), (80, 1), (100, 1)])
def test_the_gap_that_proves_more_than_half_of_what_may_be_decides(unseen, decides):
    surest, widest = weighed(10, 11, 40e-9), weighed(12, 15)
    found = gaps(surest, widest, unseen=unseen)

    assert found.decisive is (surest, widest)[decides]


@pytest.mark.parametrize(
    ("found", "unfinished", "back"),
    [
        ([], False, (0, 0)),
        ([], True, (0, math.inf)),
        ([weighed(10.5, 11, 0.4)], False, (1, 1)),
        ([weighed(10.5, 11, 0.4)], True, (1, math.inf)),
        ([weighed(10.5, 11, 0.5)], False, (1, 1)),  # all of it was an outage
        ([weighed(10.5, 11)], False, (0, 1)),
        ([weighed(10.5, 11, 0.4), weighed(12, 12.5, 0.3)], False, (1, 2.5)),  # either may be it
        ([weighed(10.5, 10.8, 0.2), weighed(12, 12.5, 0.4)], False, (2.5, 2.5)),  # too short
    ],
)
def test_service_is_back_when_any_gap_ended_that_may_have_been_the_longest(found, unfinished, back):
    first_back = gaps(*found, unfinished=unfinished).first_back(SEEN)

    assert (first_back.lower, first_back.upper) == (back[0] * 1e9, back[1] * 1e9)


def test_the_first_gap_of_the_calm_is_one_of_the_natural_ones():
    events = [*acks(0.01, 0.02, 0.01), *acks(0.025, 20.0, 0.01)]
    found = absences(series_of(journal(events)), course())

    assert found.gaps.natural == 15_000_000
