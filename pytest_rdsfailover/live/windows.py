"""Spans of time as RDS and the options word them, always in UTC; pure."""

from datetime import datetime, timedelta

SOON = timedelta(minutes=15)  # a window that begins within this time counts as open
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60  # minutes


def in_window(text: str, now: datetime) -> bool:
    """Tell whether *now* is in a window, or soon: `05:00-05:30`, `mon:04:00-mon:04:30`.

    Raises:
        ValueError: if the text is no window.
    """
    start, stop = (_minute(part) for part in text.split("-"))
    period = len(DAYS) * DAY if text[:3] in DAYS else DAY
    minute = (now.weekday() * DAY + now.hour * 60 + now.minute) % period
    length = (stop - start) % period
    return (minute - start) % period < length or (start - minute) % period <= SOON.seconds // 60


def within(span: str, now: datetime) -> bool:
    """Tell whether *now* is in a span of the day such as `01:00-05:00`.

    Raises:
        ValueError: if the text is no span.
    """
    start, stop = (_minute(part) for part in span.split("-"))
    return (now.hour * 60 + now.minute - start) % DAY < (stop - start) % DAY


def _minute(text: str) -> int:
    *day, hour, minute = text.strip().split(":")
    return (DAYS.index(day[0]) * DAY if day else 0) + int(hour) * 60 + int(minute)
