"""Identifiers as callers give them: in any case, or as ARNs. Pure."""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from pytest_rdsfailover.local.aws_api.plane import RefusalError

NAMES: Mapping[str, str] = {
    "DBClusterIdentifier": "cluster", "DBInstanceIdentifier": "db",
    "TargetDBInstanceIdentifier": "db", "GlobalClusterIdentifier": "global-cluster",
    "DBProxyName": "db-proxy", "DBProxyEndpointName": "db-proxy-endpoint",
}  # fmt: skip
"""By parameter: the kind of resource that it names, as ARNs have it."""
RESOURCES = (
    "ResourceName", "ResourceIdentifier", "SourceIdentifier", "Source", "SourceDBInstanceIdentifier",
    "SourceDBClusterIdentifier",
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


CASED = {"dbi-resource-id", "clone-group-id"}  # filters whose values are no identifiers


def plain(name: str) -> str:
    """Return an identifier in small letters; of an ARN, its last part."""
    return name.rpartition(":")[2].lower() if name.startswith("arn:") else name.lower()


def is_elsewhere(arn: str, region: str, account: str) -> bool:
    """Tell whether an ARN names something of another account or region; a name is no ARN."""
    if not arn.startswith("arn:"):
        return False
    _, _, _, place, owner, *_ = [*arn.split(":"), "", "", ""]
    return owner != account or place not in ("", region)  # global databases are in no region


def kind_of(arn: str) -> str:
    """Return the kind of what an ARN names, as `cluster`; empty if it is no ARN."""
    return [*arn.split(":"), *[""] * 6][5] if arn.startswith("arn:") else ""


def settle(parameters: MutableMapping[str, Any], region: str, account: str) -> None:
    """Put plain identifiers in the place of ARNs and capital letters.

    Args:
        parameters: those of a call.
        region: the region that is asked.
        account: the account that asks.

    Raises:
        RefusalError: for an ARN of another region or account, or of another kind of resource, which RDS
            would not find.
    """
    for name, kind in NAMES.items():
        value = parameters.get(name)
        if isinstance(value, str):
            if is_elsewhere(value, region, account) or kind_of(value) not in ("", kind):
                raise absent(name, value)
            parameters[name] = plain(value)
    for name in RESOURCES:
        value = parameters.get(name)
        if isinstance(value, str) and is_elsewhere(value, region, account):
            raise absent(name, value)
    for wanted in parameters.get("Filters") or ():
        name = wanted.get("Name", "")
        if name.endswith("-id") and name not in CASED:
            wanted["Values"] = list(_settled(wanted.get("Values", ()), region, account))


def _settled(values: Any, region: str, account: str) -> Iterator[str]:
    for value in values:
        yield value if is_elsewhere(value, region, account) else plain(value)


def absent(parameter: str, name: str) -> RefusalError:
    """Return RDS' refusal of an identifier that it does not find, by the parameter that names such."""
    if parameter not in MISSING:
        return RefusalError(
            "InvalidParameterValue",
            f"The specified resource name does not match an RDS resource in this region: {name}",
        )
    code, message = MISSING[parameter]
    return RefusalError(code, message.format(name))


def missing(parameters: Mapping[str, Any], name: object) -> tuple[str, str] | None:
    """Return RDS' code and message for an identifier that nothing has; None if it is none."""
    for parameter, (code, message) in MISSING.items():
        if parameters.get(parameter) == name:
            return code, message.format(name)
    return None
