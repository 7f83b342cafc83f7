"""What several gaps say together: how many outages, which one counts, and when it ended."""

import math

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.gap_figures import GapFigures
from pytest_rdsfailover.analysis.incident_figures import incident_figures
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.observed import Observed
from pytest_rdsfailover.analysis.presence import FINEST
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


def found_in(*events, **changes):
    """Return what the gaps of writers' operations say, of which there are a hundred a second."""
    writers = 1 + max(event.writer for event in events)
    return absences(series_of(journal(events, writers=writers)), course(**changes)).gaps


def test_the_first_gap_of_the_calm_is_one_of_the_natural_ones():
    assert found_in(*acks(0.01, 0.02, 0.01), *acks(0.025, 20.0, 0.01)).natural == 15_000_000


@pytest.mark.parametrize(("over", "counts"), [(10.0, False), (10.000000001, True)])
def test_a_gap_that_was_over_at_the_trigger_is_none_of_the_failover(over, counts):
    found = found_in(*acks(0.01, 9.5, 0.01), ack(over), *acks(10.01, 20.0, 0.01))

    assert bool(found.candidates) is counts


@pytest.mark.parametrize(("back", "counts"), [(11.02, False), (11.020000001, True)])
def test_a_gap_as_long_as_the_threshold_is_no_outage(back, counts):
    found = found_in(*acks(0.01, 11.0, 0.01), *acks(back, 20.0, 0.01))

    assert found.threshold == 30_000_000
    assert bool(found.outages) is counts


@pytest.mark.parametrize(("last", "counts"), [(11.012, False), (11.012000001, True)])
def test_a_shorter_gap_is_one_in_which_more_is_proven_than_the_schedule_explains(last, counts):
    fails = refused(10.992, sent=10.991), refused(11.013, sent=last)
    found = found_in(*acks(0.01, 11.0, 0.01), *fails, *acks(11.019, 20.0, 0.01))

    assert (found.explained, found.threshold) == (20_000_000, 30_000_000)
    assert bool(found.outages) is counts


def test_an_absence_shorter_than_five_milliseconds_is_not_looked_for():
    quick = found_in(*acks(0.001, 1.0, 0.001), rate=1000.0, stop=1.0, trigger=0.5, settled=0.6)

    assert quick.unseen == 2 * FINEST == 5_000_000


def test_the_widest_gap_is_told_apart_from_the_first():
    found = found_in(*acks(0.01, 11.0, 0.01), *acks(11.1, 12.0, 0.01), *acks(12.2, 20.0, 0.01))

    assert found.widest.gap == (11_990_000_000, 12_200_000_000)


# Incidents.


@pytest.mark.parametrize(
    ("found", "unseen", "sums"),
    [
        ([], 40e-9, (0, 40e-9)),  # late answers may hide so much
        ([weighed(10, 11)], 1.5, (0, 1.5)),  # and so much more than the gap shows
        ([weighed(10, 11)], 0.5, (0, 1)),
        ([weighed(10, 11, 0.8), weighed(15, 17, 0.5)], 2, (0.8, 2)),
        ([weighed(10, 11, 0.5), weighed(15, 16, 0.8)], 1, (0.8, 1)),
        ([weighed(10, 11, 1e-9)], 1, (1e-9, 1)),
    ],
)
def test_the_worst_incident_is_as_long_as_any_of_them_and_as_what_none_of_them_shows(
    found, unseen, sums
):
    ends = tuple(round(each * 1e9) for each in sums)
    worst = incident_figures(gaps(*found, unseen=round(unseen * 1e9)))

    assert worst.sum == worst.span == ends
