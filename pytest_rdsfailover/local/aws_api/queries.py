"""Which events a call of `DescribeEvents` wants. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_rdsfailover.local.aws_api import events
from pytest_rdsfailover.local.aws_api.plane import RefusalError


def query(
    source: str | None,
    source_type: str | None,
    today: datetime,
    *,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    duration: int | None = None,
    event_categories: list[str] | None = None,
    **_: Any,
) -> events.Query:
    """Return which events a call wants: those of the last hour, unless it names other times.

    Raises:
        RefusalError: if the start is later than the end.
    """
    if start_time and end_time and start_time > end_time:
        raise RefusalError(
            "InvalidParameterCombination", "The end time must be later than the start time."
        )
    if start_time is None and end_time is None:
        start_time = today - timedelta(minutes=int(duration or events.USUAL))
    oldest = today.timestamp() - events.KEPT
    return events.Query(
        source_type=source_type,
        source=source,
        categories=event_categories or (),
        start=max(oldest, oldest if start_time is None else epoch(start_time)),
        end=None if end_time is None else epoch(end_time),
    )


def epoch(moment: datetime) -> float:
    """Return seconds of the epoch; a time without a zone is meant in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
