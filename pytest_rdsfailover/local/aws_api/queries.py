"""Which events a call of `DescribeEvents` wants, and which endpoints filters let through. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NotRequired, TypedDict

from pytest_rdsfailover.local.aws_api import events
from pytest_rdsfailover.local.aws_api.identifiers import plain
from pytest_rdsfailover.local.aws_api.plane import RefusalError

SOURCE_TYPES = (
    "db-instance", "db-parameter-group", "db-security-group", "db-snapshot", "db-cluster",
    "db-cluster-snapshot", "custom-engine-version", "db-proxy", "blue-green-deployment",
    "db-shard-group", "zero-etl",
)  # fmt: skip


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
        RefusalError: if the start is later than the end, events have no such source, or events of a
            time are wanted for which RDS keeps none.
    """
    check_source_type(source_type)
    oldest = today.timestamp() - events.KEPT
    if not 0 <= int(duration or 0) <= events.KEPT / 60:
        raise RefusalError(
            "InvalidParameterValue",
            f"Duration {duration} is not within 0 and {events.KEPT / 60:g}.",
        )
    if start_time and epoch(start_time) < oldest:
        raise RefusalError("InvalidParameterValue", f"StartTime {start_time} is over 14 days ago.")
    if start_time and end_time and start_time > end_time:
        raise RefusalError(
            "InvalidParameterCombination", "The end time must be later than the start time."
        )
    if start_time is None and end_time is None:
        start_time = today - timedelta(minutes=int(duration or events.USUAL))
    return events.Query(
        source_type=source_type,
        source=None if source is None else plain(source),
        categories=event_categories or (),
        start=max(oldest, oldest if start_time is None else epoch(start_time)),
        end=None if end_time is None else epoch(end_time),
    )


def check_source_type(source_type: str | None) -> None:
    """Raise RefusalError if events have no such source."""
    if source_type is not None and source_type not in SOURCE_TYPES:
        raise RefusalError(
            "InvalidParameterValue",
            f"Invalid source type: {source_type}; valid are {', '.join(SOURCE_TYPES)}",
        )


def epoch(moment: datetime) -> float:
    """Return seconds of the epoch; a time without a zone is meant in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class Filter(TypedDict):
    """What a caller wants listed only."""

    Name: str
    Values: NotRequired[list[str]]


PENDING_FILTERS = ("db-cluster-id", "db-instance-id")  # of pending maintenance


def check_filters(filters: Sequence[Filter], known: Collection[str]) -> None:
    """Raise RefusalError for a filter that RDS has not."""
    for wanted in filters:
        if wanted["Name"] not in known:
            raise RefusalError(
                "InvalidParameterValue", f"Unrecognized filter name: {wanted['Name']}"
            )


FILTERS = {
    "db-cluster-endpoint-type": "EndpointType",
    "db-cluster-endpoint-status": "Status",
    "db-cluster-endpoint-id": "DBClusterEndpointIdentifier",
    "db-cluster-endpoint-custom-type": "CustomEndpointType",
}


def selected(
    endpoints: Sequence[Mapping[str, object]], filters: Sequence[Filter]
) -> list[Mapping[str, object]]:
    """Return those endpoints of a cluster that pass all filters; values are taken in any case.

    Raises:
        RefusalError: for a filter that RDS has not.
    """
    check_filters(filters, FILTERS)
    for wanted in filters:
        field = FILTERS[wanted["Name"]]
        values = {value.lower() for value in wanted.get("Values", ())}
        endpoints = [
            endpoint for endpoint in endpoints if str(endpoint.get(field, "")).lower() in values
        ]
    return list(endpoints)
