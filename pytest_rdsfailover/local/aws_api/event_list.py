"""Events as `DescribeEvents` lists them, ours and moto's."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_rdsfailover.local.aws_api.events import CLUSTER, DEPLOYMENT, INSTANCE, Event
from pytest_rdsfailover.local.aws_api.queries import epoch

ARN_TYPES = {CLUSTER: "cluster", INSTANCE: "db", DEPLOYMENT: "deployment"}


def listed(event: Event, prefix: str) -> Mapping[str, object]:
    """Return an entry of the list.

    Args:
        event: what happened.
        prefix: the ARNs of its region and account begin with it.
    """
    kind = ARN_TYPES.get(event.source_type, event.source_type)
    return {
        "SourceIdentifier": event.source,
        "SourceType": event.source_type,
        "Message": event.message,
        "EventCategories": list(event.categories),
        "Date": datetime.fromtimestamp(event.at, UTC),
        "SourceArn": f"{prefix}:{kind}:{event.source}",
    }


def from_moto(event: Any) -> Event:
    """Return one of moto's events as one of ours."""
    return Event(
        at=epoch(event.date),
        source_type=event.source_type,
        source=event.source_identifier,
        message=event.message,
        categories=tuple(event.event_categories),
    )
