"""What RDS would do to the local cluster, and a machine cannot: refused in RDS' terms. Pure.

A call that changed only what the API shows would teach a runbook that it had worked.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.local.aws_api.identifiers import plain
from pytest_rdsfailover.local.aws_api.plane import RefusalError

CLUSTER_STATE, INSTANCE_STATE = "InvalidDBClusterStateFault", "InvalidDBInstanceState"
COMBINATION = "InvalidParameterCombination"
CLUSTER, SOURCE_CLUSTER, INSTANCE = (
    "DBClusterIdentifier", "SourceDBClusterIdentifier", "DBInstanceIdentifier",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One call that is refused.

    Attributes:
        parameter: the parameter that names the resource.
        code: RDS' error code.
        message: what RDS, or a person, would say; `{0}` is the resource.
    """

    parameter: str
    code: str
    message: str


RULES: Mapping[str, Limit] = {
    "create_db_instance": Limit(
        parameter=CLUSTER, code="InsufficientDBInstanceCapacity",
        message="Cannot add an instance to {0}: a local cluster has the instances that it was"
        " started with; --rds-instances says how many.",
    ),
    "create_db_instance_read_replica": Limit(
        parameter="SourceDBInstanceIdentifier", code=INSTANCE_STATE,
        message="{0} cannot be replicated: it is an instance of a local cluster.",
    ),
    "delete_db_instance": Limit(
        parameter=INSTANCE, code=INSTANCE_STATE,
        message="{0} cannot be deleted: a local cluster keeps its instances; --rds-instances says"
        " how many it has.",
    ),
    "stop_db_instance": Limit(
        parameter=INSTANCE, code=COMBINATION,
        message="Instance {0} is a member of a DB cluster, which is stopped as a whole.",
    ),
    "start_db_instance": Limit(
        parameter=INSTANCE, code=COMBINATION,
        message="Instance {0} is a member of a DB cluster, which is started as a whole.",
    ),
    "promote_read_replica": Limit(
        parameter=INSTANCE, code=INSTANCE_STATE, message="DB Instance {0} is not a read replica."
    ),
    "delete_db_cluster": Limit(
        parameter=CLUSTER, code=CLUSTER_STATE,
        message="Cluster {0} cannot be deleted, it still contains DB instances in non-deleting"
        " state.",
    ),
    "stop_db_cluster": Limit(
        parameter=CLUSTER, code=CLUSTER_STATE,
        message="DbCluster {0} cannot be stopped: other tests use this local cluster; reboot its"
        " instances, or let Toxiproxy cut an endpoint.",
    ),
    "start_db_cluster": Limit(
        parameter=CLUSTER, code=CLUSTER_STATE,
        message="DbCluster {0} is in available state, expected it to be one of stopped.",
    ),
    "promote_read_replica_db_cluster": Limit(
        parameter=CLUSTER, code=CLUSTER_STATE, message="DB cluster {0} is not a read replica."
    ),
    "restore_db_cluster_to_point_in_time": Limit(
        parameter=SOURCE_CLUSTER, code="InvalidRestoreFault",
        message="{0} cannot be restored as another cluster: it is a local cluster, with one storage.",
    ),
    "create_global_cluster": Limit(
        parameter=SOURCE_CLUSTER, code=CLUSTER_STATE,
        message="{0} cannot join a global database: it is a local cluster.",
    ),
    "remove_from_global_cluster": Limit(
        parameter="DbClusterIdentifier", code=CLUSTER_STATE,
        message="{0} cannot leave its global database: it is a local cluster.",
    ),
    "delete_global_cluster": Limit(
        parameter="GlobalClusterIdentifier", code="InvalidGlobalClusterStateFault",
        message="Global cluster {0} is not empty.",
    ),
    "delete_db_proxy": Limit(
        parameter="DBProxyName", code="InvalidDBProxyStateFault",
        message="{0} cannot be deleted: the proxy of a local cluster stays.",
    ),
    "modify_db_proxy": Limit(
        parameter="DBProxyName", code="InvalidDBProxyStateFault",
        message="{0} is set up by the marker rds_proxy or by rds_cluster.proxy.modify(...).",
    ),
    "modify_db_proxy_target_group": Limit(
        parameter="DBProxyName", code="InvalidDBProxyStateFault",
        message="{0} is set up by the marker rds_proxy or by rds_cluster.proxy.modify(...).",
    ),
    "deregister_db_proxy_targets": Limit(
        parameter="DBProxyName", code="InvalidDBProxyStateFault",
        message="{0} keeps its target: it is the proxy of a local cluster.",
    ),
    "register_db_proxy_targets": Limit(
        parameter="DBProxyName", code="DBProxyTargetAlreadyRegisteredFault",
        message="{0} has its target: the local cluster.",
    ),
}  # fmt: skip
CLUSTER_EXISTS = ("DBClusterAlreadyExistsFault", "DB Cluster already exists: {0}")
INSTANCE_EXISTS = ("DBInstanceAlreadyExists", "DB instance already exists: {0}")
PROXY_EXISTS = ("DBProxyAlreadyExistsFault", "DB proxy already exists: {0}")
NEW: Mapping[str, tuple[str, tuple[str, str]]] = {
    "create_db_cluster": (CLUSTER, CLUSTER_EXISTS),
    "restore_db_cluster_from_s3": (CLUSTER, CLUSTER_EXISTS),
    "restore_db_cluster_from_snapshot": (CLUSTER, CLUSTER_EXISTS),
    "restore_db_cluster_to_point_in_time": (CLUSTER, CLUSTER_EXISTS),
    "modify_db_cluster": ("NewDBClusterIdentifier", CLUSTER_EXISTS),
    "create_db_instance": (INSTANCE, INSTANCE_EXISTS),
    "create_db_instance_read_replica": (INSTANCE, INSTANCE_EXISTS),
    "restore_db_instance_from_db_snapshot": (INSTANCE, INSTANCE_EXISTS),
    "restore_db_instance_to_point_in_time": ("TargetDBInstanceIdentifier", INSTANCE_EXISTS),
    "modify_db_instance": ("NewDBInstanceIdentifier", INSTANCE_EXISTS),
    "create_db_proxy": ("DBProxyName", PROXY_EXISTS),
    "modify_db_proxy": ("NewDBProxyName", PROXY_EXISTS),
    "create_global_cluster": (
        "GlobalClusterIdentifier",
        ("GlobalClusterAlreadyExistsFault", "Global cluster already exists: {0}"),
    ),
}
"""By call: the parameter that gives a new name, and RDS' code and message if something has it."""

SHOWN_ONLY = {
    "AllowMajorVersionUpgrade", "ApplyImmediately", "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod", "CloudwatchLogsExportConfiguration", "CopyTagsToSnapshot",
    "DeletionProtection", "EnablePerformanceInsights", "MonitoringInterval", "MonitoringRoleArn",
    "PerformanceInsightsRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow",
}  # fmt: skip
CHANGEABLE: Mapping[str, tuple[str, Collection[str]]] = {
    "modify_db_instance": (INSTANCE, SHOWN_ONLY | {INSTANCE, "PromotionTier"}),
    "modify_db_cluster": (
        CLUSTER,
        SHOWN_ONLY | {CLUSTER, "EnableLocalWriteForwarding", "RotateMasterUserPassword"},
    ),
}
"""By call: the parameter that names the resource, and those that may be changed of it."""


TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
VALUES: Mapping[str, re.Pattern[str]] = {
    "PreferredBackupWindow": re.compile(f"{TIME}-{TIME}"),
    "PreferredMaintenanceWindow": re.compile(f"{DAY}:{TIME}-{DAY}:{TIME}", re.IGNORECASE),
    "PromotionTier": re.compile("[0-9]|1[0-5]"),
}
"""By parameter: what it may be; moto would show anything."""


def check(
    action: str,
    parameters: Mapping[str, Any],
    ours: Collection[str],
    others: Collection[str] = (),
) -> None:
    """Refuse a call that could not be carried out, or only in appearance.

    Args:
        action: the call, as `modify_db_cluster`.
        parameters: by the names that AWS gives them.
        ours: the identifiers of the local cluster, its instances, proxies and global database.
        others: those of what a test has made beside them.

    Raises:
        RefusalError: with RDS' code.
    """
    given, (code, message) = NEW.get(action, ("", ("", "")))
    new = plain(parameters.get(given) or "")
    if new and (new in ours or new in others):
        raise RefusalError(code, message.format(new))
    rule = RULES.get(action)
    if rule is not None:
        resource = plain(parameters.get(rule.parameter) or "")
        if resource in ours:
            raise RefusalError(rule.code, rule.message.format(resource))
    for parameter, shape in VALUES.items():
        value = parameters.get(parameter)
        if value is not None and not shape.fullmatch(str(value)):
            raise RefusalError("InvalidParameterValue", f"{parameter} cannot be {value}.")
    name, changeable = CHANGEABLE.get(action, ("", ()))
    if name and parameters.get(name) in ours:
        for parameter, value in parameters.items():
            if value is not None and parameter not in changeable:
                raise RefusalError(
                    COMBINATION,
                    f"{parameter} of {parameters[name]} cannot be changed: it is part of a local"
                    " cluster.",
                )
