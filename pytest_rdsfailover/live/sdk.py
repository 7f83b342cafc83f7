"""Which members of AWS' answers the gates read, and which of them the installed SDK does not know.

botocore drops every member of an answer that its description of the service does not name. A
cluster of a global database then looks like a single one, and a list of several pages like its
first. So each member that a gate reads is looked up first.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.live_settings import LiveSettings

Members = Mapping[str, tuple[str, ...]]
RDS: Members = {
    "DescribeDBClusters": (
        "DBClusters.DBClusterIdentifier", "DBClusters.DBClusterArn", "DBClusters.Engine",
        "DBClusters.EngineMode", "DBClusters.Status", "DBClusters.TagList.Key",
        "DBClusters.TagList.Value", "DBClusters.DBClusterMembers.DBInstanceIdentifier",
        "DBClusters.DBClusterMembers.IsClusterWriter", "DBClusters.Endpoint",
        "DBClusters.GlobalClusterIdentifier", "DBClusters.ReplicationSourceIdentifier",
        "DBClusters.ReadReplicaIdentifiers", "DBClusters.PendingModifiedValues",
        "DBClusters.PreferredBackupWindow", "DBClusters.PreferredMaintenanceWindow",
    ),
    "DescribeDBInstances": (
        "DBInstances.DBInstanceIdentifier", "DBInstances.DBInstanceArn",
        "DBInstances.DBInstanceStatus", "DBInstances.Endpoint.Address",
        "DBInstances.Endpoint.Port", "DBInstances.TagList.Key", "DBInstances.TagList.Value",
        "DBInstances.PendingModifiedValues", "DBInstances.PreferredMaintenanceWindow", "Marker",
    ),
    "DescribeEvents": (
        "Events.SourceIdentifier", "Events.Message", "Events.EventCategories", "Events.Date",
        "Marker",
    ),
}  # fmt: skip
PROXY: Members = {
    "DescribeDBProxies": (
        "DBProxies.DBProxyName", "DBProxies.Status", "DBProxies.EngineFamily",
        "DBProxies.Endpoint", "DBProxies.RequireTLS", "DBProxies.Auth.SecretArn",
    ),
    "DescribeDBProxyTargets": (
        "Targets.Type", "Targets.RdsResourceId", "Targets.TargetHealth.State", "Marker",
    ),
}  # fmt: skip
GLOBAL: Members = {
    "DescribeGlobalClusters": (
        "GlobalClusters.GlobalClusterIdentifier", "GlobalClusters.Status",
        "GlobalClusters.Endpoint", "GlobalClusters.FailoverState.Status",
        "GlobalClusters.GlobalClusterMembers.DBClusterArn",
        "GlobalClusters.GlobalClusterMembers.IsWriter",
    ),
}  # fmt: skip
BLUE_GREEN: Members = {
    "DescribeBlueGreenDeployments": (
        "BlueGreenDeployments.BlueGreenDeploymentIdentifier",
        "BlueGreenDeployments.BlueGreenDeploymentName", "BlueGreenDeployments.Status",
        "BlueGreenDeployments.StatusDetails", "BlueGreenDeployments.Source",
        "BlueGreenDeployments.Target", "BlueGreenDeployments.SwitchoverDetails.SourceMember",
        "BlueGreenDeployments.SwitchoverDetails.TargetMember",
        "BlueGreenDeployments.SwitchoverDetails.Status",
    ),
}  # fmt: skip
ALARMS: Members = {
    "DescribeAlarms": (
        "MetricAlarms.AlarmName", "MetricAlarms.StateValue", "CompositeAlarms.AlarmName",
        "CompositeAlarms.StateValue", "NextToken",
    ),
}  # fmt: skip
FIS: Members = {
    "GetExperimentTemplate": (
        "experimentTemplate.actions.actionId", "experimentTemplate.targets.resourceArns",
        "experimentTemplate.experimentOptions.accountTargeting",
        "experimentTemplate.targetAccountConfigurationsCount",
    ),
    "GetExperiment": (
        "experiment.state.status", "experiment.state.reason", "experiment.actions.state.status",
        "experiment.actions.state.reason",
    ),
}  # fmt: skip


def check_sdk(region: Region, asked: LiveSettings) -> None:
    """Look up every member that the gates of a run read in the SDK's description of the service.

    Raises:
        ValueError: naming each member that is missing; such an SDK closes the gates.
    """
    missing = [
        name
        for service, members in _needed(asked)
        for name in _missing(region.client(service).meta.service_model, members)
    ]
    if missing:
        raise ValueError(
            f"the installed botocore does not know {', '.join(missing)}: update boto3"
            " (pip install -U boto3), and remove descriptions of your own in ~/.aws/models"
        )


def _needed(asked: LiveSettings) -> Iterator[tuple[str, Members]]:
    yield "rds", RDS
    if asked.proxy is not None:
        yield "rds", PROXY
    if asked.trigger == "switchover":
        yield "rds", GLOBAL
    if asked.trigger == "blue-green":
        yield "rds", BLUE_GREEN
    if asked.alarms:
        yield "cloudwatch", ALARMS
    if asked.trigger == "fis":
        yield "fis", FIS


def _missing(model: Any, members: Members) -> Iterator[str]:
    for operation, paths in members.items():
        if operation not in model.operation_names:
            yield operation
            continue
        for path in paths:
            if not _knows(model.operation_model(operation).output_shape, path):
                yield f"{operation}: {path}"


def _knows(shape: Any, path: str) -> bool:
    """Tell whether a path leads to a member; lists and maps on the way are passed through."""
    for name in path.split("."):
        while shape.type_name in ("list", "map"):
            shape = shape.member if shape.type_name == "list" else shape.value
        if shape.type_name != "structure" or name not in shape.members:
            return False
        shape = shape.members[name]
    return True
