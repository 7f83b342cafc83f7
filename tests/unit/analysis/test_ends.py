"""Every figure of a trial's absences has two ends, and an end that nobody saw is infinite."""

import math

from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import to_nanoseconds

CALM = [*acks(0.01, 10.3, 0.01)]


def ends(events, *, writers=1, **changes):
    return absences(series_of(journal(events, writers=writers)), course(**changes)).ends


def test_where_nobody_was_away_every_figure_but_the_downtimes_upper_end_is_nothing():
    found = ends(acks(0.01, 20.0, 0.01))

    assert found.outages == found.writer_outage == found.area == Interval.exact(0)
    assert found.first_back == found.last_back == Interval.exact(0)
    assert found.downtime.lower == 0 < found.downtime.upper < to_nanoseconds(0.02)


def test_who_never_came_back_is_back_at_no_time():
    found = ends([*CALM, *(refused(10.3 + n / 10) for n in range(1, 97))])

    assert found.first_back.upper == found.last_back.upper == math.inf
    assert not found.last_back.ended


def test_who_came_back_was_back_when_its_write_was_acknowledged():
    found = ends([*CALM, refused(10.4), refused(11.2), ack(11.3), *acks(11.31, 20.0, 0.01)])

    assert found.first_back == found.last_back == Interval.exact(to_nanoseconds(1.3))
