"""Recognises what RDS' events tell by their texts, in old and new wordings; pure."""

import re
from collections.abc import Collection, Mapping
from typing import Any

STARTED = re.compile(r"^Started (?:(?:same|cross) AZ )?failover to DB instance: (\S+?)\.?$")
COMPLETED = re.compile(
    r"^Completed (?:(?:customer|RDS) initiated )?failover to DB instance: (\S+?)\.?$"
)
SWITCHOVER = re.compile(
    r"^Global switchover to DB cluster (\S+) in Region \S+ (started|finished|completed)\.?$"
)
BLUE_GREEN = re.compile(r"^Switchover\b.*? (started|completed|cancell?ed)(?=\.| on | due |$)")
PROMOTED = "A new writer was promoted."
RESTARTED, SHUT_DOWN = "DB instance restarted", "DB instance shutdown"


def is_failover(event: Mapping[str, Any]) -> bool:
    """Tell whether an event is about a failover, by its category or its text."""
    kinds = event.get("EventCategories", ())
    return any("failover" in kind for kind in kinds) or bool(milestone_of(event))


def switchover_step(event: Mapping[str, Any], names: Collection[str]) -> str:
    """Return which step of a blue/green switchover an event tells of.

    AWS does not say what the source of such an event is called, so any name will do.

    Args:
        event: what `DescribeEvents` told.
        names: what the deployment and its green cluster are called.

    Returns:
        `started`, `completed` or `canceled`; empty if it tells of none, or of another deployment.
    """
    message = event.get("Message", "")
    sources = {event.get("SourceIdentifier"), event.get("SourceArn", "").rpartition(":")[2]}
    found = BLUE_GREEN.match(message)
    if found is None or not (sources.intersection(names) or set(message.split()) & {*names}):
        return ""
    return found[1].replace("cancelled", "canceled")


def milestone_of(event: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """Return the milestone that an event tells of and its instance; None if it tells of none."""
    message = event.get("Message", "")
    for name, wording in (("event_started", STARTED), ("event_completed", COMPLETED)):
        match = wording.match(message)
        if match:
            return name, match[1]
    switched = SWITCHOVER.match(message)
    if switched:
        return f"event_{'started' if switched[2] == 'started' else 'completed'}", switched[1]
    source = event.get("SourceIdentifier")
    for name, start in (
        ("event_promoted", PROMOTED), ("event_restart", RESTARTED), ("event_shutdown", SHUT_DOWN)
    ):  # fmt: skip
        if message.startswith(start):
            return name, source
    return None
