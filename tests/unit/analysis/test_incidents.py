"""The worst incident: the sum of its outages, and its span."""

import math

import pytest
from builders import acks, course, journal, refused

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.service_figures import ServiceFigures


def figures(*away, stop=20.0):
    """Return the figures of a load that is refused from and to some moments."""
    events = [
        refused(n / 100) if any(first <= n / 100 < last for first, last in away) else ack
        for n, ack in enumerate(acks(0.0, stop, 0.01))
    ]
    return ServiceFigures(absence=absences(series_of(journal(events)), course(stop=stop)))


def test_outages_close_to_each_other_add_up():
    found = figures((10.3, 10.7), (11.2, 11.6))

    assert found.incident_sum().lower == pytest.approx(0.78, abs=0.01)
    assert found.incident_sum().upper == pytest.approx(0.82, abs=0.01)
    assert found.incident_span().lower == pytest.approx(1.27, abs=0.01)
    assert found.incident_span().upper == pytest.approx(1.31, abs=0.01)


def test_the_largest_incident_counts_and_not_all_of_them():
    found = figures((10.3, 10.7), (13.0, 13.3), (13.5, 13.8))

    assert found.incident_sum().upper == pytest.approx(0.62, abs=0.01)


def test_outages_that_may_be_one_incident_or_two_leave_it_open():
    found = figures((10.3, 10.7), (11.7, 12.1))

    assert found.incident_sum().lower == pytest.approx(0.39, abs=0.01)
    assert found.incident_sum().upper == pytest.approx(0.82, abs=0.01)


def test_an_incident_that_is_not_over_has_no_upper_end():
    found = figures((10.3, 10.7), (11.2, 20.0))

    assert found.incident_sum().upper == found.incident_span().upper == math.inf


def test_without_an_outage_both_are_at_most_the_largest_gap():
    found = figures()

    assert found.incident_sum().lower == found.incident_span().lower == 0
    assert found.incident_sum().upper == found.incident_span().upper < 0.03
