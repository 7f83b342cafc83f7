"""Which events a call of DescribeEvents wants."""

import datetime as dt

import pytest

from pytest_rdsfailover.local.aws_api.plane import RefusalError
from pytest_rdsfailover.local.aws_api.queries import epoch, query

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def start(**options):
    return dt.datetime.fromtimestamp(query(None, None, NOW, **options).start, dt.UTC)


def test_without_times_it_is_the_last_hour():
    assert start() == NOW - HOUR
    assert query(None, None, NOW).end is None


def test_a_duration_counts_in_minutes():
    assert start(duration=120) == NOW - 2 * HOUR


def test_a_start_beats_a_duration():
    assert start(start_time=NOW - DAY, duration=5) == NOW - DAY


def test_nothing_is_older_than_two_weeks():
    assert start(start_time=NOW - 14 * DAY) == NOW - 14 * DAY
    assert start(duration=20160) == NOW - 14 * DAY
    assert start(end_time=NOW) == NOW - 14 * DAY


@pytest.mark.parametrize(
    "wanted", [{"start_time": NOW - 14 * DAY - HOUR}, {"duration": 20161}, {"duration": -5}]
)
def test_a_time_of_which_rds_keeps_no_events_is_refused(wanted):
    with pytest.raises(RefusalError) as refused:
        query(None, None, NOW, **wanted)
    assert refused.value.code == "InvalidParameterValue"


def test_an_end_before_its_start_is_refused():
    with pytest.raises(RefusalError):
        query(None, None, NOW, start_time=NOW, end_time=NOW - HOUR)


def test_a_time_without_a_zone_is_in_utc():
    assert epoch(NOW.replace(tzinfo=None)) == epoch(NOW) == NOW.timestamp()
