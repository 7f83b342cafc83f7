"""Errors although the cluster had settled."""

import math

import pytest
from builders import acks, course, journal, refused

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.service_figures import ServiceFigures

CALM = [*acks(0.01, 10.0, 0.01)]
AWAY = [refused(10.0 + n / 100) for n in range(240)]  # settled at 12.4


def figures(events, *, lasting=False, **changes):
    found = absences(series_of(journal([*CALM, *events])), course(**changes))
    return ServiceFigures(absence=found, lasting=lasting)


def test_operations_that_failed_after_the_cluster_had_settled_are_late_errors():
    late = [refused(12.42 + n / 100, 1290) for n in range(4)]
    found = figures([*AWAY, *acks(12.41, 12.42, 0.01), *late, *acks(12.46, 20.0, 0.01)])

    assert found.late_errors() == 4
    assert found.late_error_share() == pytest.approx(4 / 759)
    assert found.demoted_writer() == 4


def test_an_operation_that_began_before_and_failed_after_is_none():
    found = figures([*AWAY, refused(12.45, sent=12.399), *acks(12.46, 20.0, 0.01)])

    assert found.late_errors() == 0


def test_a_writer_is_on_its_way_back_for_a_second():
    def errors(back):
        times = [12.41 + n / 10 for n in range(20)]
        away = [refused(at) for at in times if at < back]
        return figures([*AWAY, *away, *acks(back, 20.0, 0.01)]).late_errors()

    assert errors(13.3) == 0
    assert errors(13.4) == 0
    assert errors(13.5) == 11


def test_a_writer_that_never_comes_back_has_no_grace():
    found = figures([*AWAY, *(refused(12.41 + n / 100) for n in range(500))])

    assert found.late_errors() >= 500


def test_another_error_met_no_demoted_writer():
    found = figures(
        [*AWAY, *acks(12.41, 12.45, 0.01), refused(12.45, 2003), *acks(12.46, 20.0, 0.01)]
    )

    assert (found.late_errors(), found.demoted_writer()) == (1, 0)


def test_errors_that_go_on_when_observation_ends_have_no_upper_end():
    events = [*AWAY, *acks(12.41, 12.45, 0.01), refused(12.45), *acks(12.46, 20.0, 0.01)]
    found = figures(events, lasting=True)

    assert (found.late_errors().lower, found.late_errors().upper) == (1, math.inf)
    assert found.late_error_share().upper == 1


def test_an_error_while_the_load_generator_stood_still_may_be_its_own():
    late = [refused(13.3, 2013, sent=13.0), *acks(13.31, 20.0, 0.01)]
    found = figures([*AWAY, *acks(12.41, 13.0, 0.01), *late], pauses=[(13.0, 13.29)])

    assert (found.late_errors().lower, found.late_errors().upper) == (0, 1)


def test_without_a_trigger_the_end_of_the_last_outage_settles_it():
    later = [*acks(12.4, 15.0, 0.01), refused(15.0), *acks(15.01, 20.0, 0.01)]
    found = figures([*AWAY, *later], trigger=None, settled=None)

    assert found.late_errors() == 1


def test_a_cluster_that_never_settled_leaves_it_open():
    found = figures([*AWAY, *acks(12.4, 20.0, 0.01)], settled=None)

    assert (found.late_errors().upper, found.late_error_share()) == (math.inf, None)
