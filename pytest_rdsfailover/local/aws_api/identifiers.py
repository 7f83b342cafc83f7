"""Identifiers as callers give them: in any case, or as ARNs. Pure."""

from collections.abc import Mapping, MutableMapping
from typing import Any

NAMES = (
    "DBClusterIdentifier", "DBInstanceIdentifier", "TargetDBInstanceIdentifier",
    "GlobalClusterIdentifier", "DBProxyName", "DBProxyEndpointName",
)  # fmt: skip
MISSING: Mapping[str, tuple[str, str]] = {
    "DBClusterIdentifier": ("DBClusterNotFoundFault", "DBCluster {0} not found."),
    "DBInstanceIdentifier": ("DBInstanceNotFound", "DBInstance {0} not found."),
    "DBProxyName": ("DBProxyNotFoundFault", "DB proxy {0} not found."),
    "TargetGroupName": (
        "DBProxyTargetGroupNotFoundFault", "Target group {0} not found.",
    ),
    "GlobalClusterIdentifier": ("GlobalClusterNotFoundFault", "Global cluster {0} not found."),
}  # fmt: skip


def plain(name: str) -> str:
    """Return an identifier in small letters; of an ARN, its last part."""
    return name.rpartition(":")[2].lower() if name.startswith("arn:") else name.lower()


def settle(parameters: MutableMapping[str, Any]) -> None:
    """Put plain identifiers in the place of ARNs and capital letters."""
    for name in NAMES:
        value = parameters.get(name)
        if isinstance(value, str):
            parameters[name] = plain(value)
    for wanted in parameters.get("Filters") or ():
        if wanted.get("Name", "").endswith("-id"):
            wanted["Values"] = [plain(value) for value in wanted.get("Values", ())]


def missing(parameters: Mapping[str, Any], name: object) -> tuple[str, str] | None:
    """Return RDS' code and message for an identifier that nothing has; None if it is none."""
    for parameter, (code, message) in MISSING.items():
        if parameters.get(parameter) == name:
            return code, message.format(name)
    return None
