"""Spans of time in UTC: when a window is open, or opens soon."""

from datetime import UTC, datetime

import pytest

from pytest_rdsfailover.live.windows import in_window, within


@pytest.mark.parametrize(
    ("window", "time", "expected"),
    [
        ("05:00-05:30", "05:00", True),
        ("05:00-05:30", "05:30", False),
        ("05:00-05:30", "04:44", False),
        ("05:00-05:30", "04:45", True),
        ("23:50-00:20", "00:10", True),
        ("23:50-00:20", "00:20", False),
        ("00:05-00:30", "23:55", True),
        ("mon:05:00-mon:05:30", "05:10", True),
        ("tue:05:00-tue:05:30", "05:10", False),
        ("sun:23:45-mon:00:30", "00:10", True),
    ],
)
def test_a_window_is_open_or_near(window, time, expected):
    hour, minute = map(int, time.split(":"))
    assert in_window(window, datetime(2026, 11, 23, hour, minute, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("span", "time", "expected"),
    [
        ("01:00-05:00", "01:00", True),
        ("01:00-05:00", "05:00", False),
        ("01:00-05:00", "05:30", False),
        ("23:00-02:00", "01:59", True),
        ("23:00-02:00", "12:00", False),
    ],
)
def test_a_time_is_within_a_span_of_the_day_or_not(span, time, expected):
    hour, minute = map(int, time.split(":"))
    assert within(span, datetime(2026, 11, 23, hour, minute, tzinfo=UTC)) == expected
