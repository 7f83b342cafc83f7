"""What RDS and FIS tell of themselves, as far as it concerns a local cluster. Pure."""

from collections.abc import Mapping, Sequence

from pytest_rdsfailover.local.aws_api import events
from pytest_rdsfailover.local.aws_api.experiments import FAIL_OVER, REBOOT, TARGETS
from pytest_rdsfailover.local.aws_api.shown import ENGINE
from pytest_rdsfailover.model.aurora_versions import AuroraVersion

EVENT_CATEGORIES: Mapping[str, Sequence[str]] = {
    events.CLUSTER: ("failover", "global failover"),
    events.INSTANCE: ("availability",),
}
RESOURCE_TYPES = {FAIL_OVER: "aws:rds:cluster", REBOOT: "aws:rds:db"}
ABOUT = {FAIL_OVER: "Failover a DB Cluster", REBOOT: "Reboot a DB instance"}


def engine_versions(
    aurora: AuroraVersion, engine: str | None, version: str | None
) -> list[Mapping[str, object]]:
    """Return the one version that a local cluster shows, if a caller asks for it."""
    if engine not in (None, ENGINE) or not aurora.engine.startswith(version or ""):
        return []
    return [{
        "Engine": ENGINE, "EngineVersion": aurora.engine, "MajorEngineVersion": aurora.mysql,
        "DBParameterGroupFamily": aurora.family, "Status": "available",
        "DBEngineDescription": "Aurora MySQL", "DBEngineVersionDescription": "Aurora MySQL",
        "ValidUpgradeTarget": [], "SupportedEngineModes": ["provisioned"],
        "SupportsReadReplica": False, "SupportsParallelQuery": False,
        "SupportsGlobalDatabases": True,
    }]  # fmt: skip


def event_categories(source_type: str | None) -> list[Mapping[str, object]]:
    """Return the categories of the events that a local cluster has, by type of their source."""
    return [
        {"SourceType": name, "EventCategories": list(categories)}
        for name, categories in EVENT_CATEGORIES.items()
        if source_type in (None, name)
    ]


def actions(region: str, account: str) -> list[Mapping[str, object]]:
    """Return FIS' actions that a local cluster can carry out."""
    return [
        {
            "id": kind,
            "arn": f"arn:aws:fis:{region}:{account}:action/{kind}",
            "description": ABOUT[kind],
            "targets": {TARGETS[kind]: {"resourceType": RESOURCE_TYPES[kind]}},
            "tags": {},
        }
        for kind in (FAIL_OVER, REBOOT)
    ]


def action(kind: str, region: str, account: str) -> Mapping[str, object] | None:
    """Return one of these actions with its parameters; None if it is none of them."""
    about = "Whether the instance fails over instead; not for members of a cluster."
    parameters = (
        {"forceFailover": {"description": about, "required": False}} if kind == REBOOT else {}
    )
    offered = {offer["id"]: offer for offer in actions(region, account)}
    return {**offered[kind], "parameters": parameters} if kind in offered else None
