"""The calls of RDS in moto's server: those that it lacks or loses parts of, and checks of all."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from moto.core.parse import XFormedDict
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse

from pytest_rdsfailover.local.aws_api import catalogue
from pytest_rdsfailover.local.aws_api.identifiers import missing, settle
from pytest_rdsfailover.local.aws_api.pages import USUAL, page
from pytest_rdsfailover.local.aws_api.plane import RefusalError
from pytest_rdsfailover.local.aws_api.queries import (
    PENDING_FILTERS,
    check_filters,
    check_source_type,
)
from pytest_rdsfailover.local.aws_api.rds_deployments import refusals

# Calls of moto's that RDS pages and moto does not; where RDS takes other sizes, these.
SIZES = {"describe_db_log_files": (1, 1000), "describe_orderable_db_instance_options": (20, 1000)}
PAGING = ("MaxRecords", "Marker")

Call = Callable[[Any], ActionResult]
GLOBAL_FILTERS = ("region",)
UNSET = ("domain", "clone-group-id")  # what RDS filters clusters by, and none here has


def install() -> None:
    """Put our calls beside moto's, and the checks before all of them."""
    for name in paged_calls() & vars(RDSResponse).keys():
        setattr(RDSResponse, name, paged(name, getattr(RDSResponse, name)))
    for call in OURS:
        setattr(RDSResponse, call.__name__, call)
    for name, call in list(vars(RDSResponse).items()):
        if inspect.isfunction(call) and not name.startswith("_"):
            setattr(RDSResponse, name, checked(name, call))


def paged_calls() -> set[str]:
    """Return the calls of RDS that take a marker, by the names of moto's methods."""
    model = get_service_model("rds")
    shapes = {name: model.operation_model(name).input_shape for name in model.operation_names}
    return {
        camelcase_to_underscores(name)
        for name, shape in shapes.items()
        if shape and "Marker" in shape.members
    }


def paged(name: str, call: Call) -> Call:
    """Return a call of moto's that answers with one page of its list."""

    @functools.wraps(call)
    def call_paged(self: Any) -> ActionResult:
        asked = {name: self.params.pop(name) for name in PAGING if name in self.params}
        answer: Any = call(self).result
        ((key, records),) = ((key, value) for key, value in answer.items() if key != "Marker")
        return ActionResult(page(key, list(records), asked, SIZES.get(name, USUAL)))

    return call_paged


def checked(name: str, call: Call) -> Call:
    """Return a call that knows identifiers in each form, and does nothing by halves."""

    @functools.wraps(call)
    def call_checked(self: Any) -> ActionResult:
        try:
            with refusals():
                settle(self.params, self.region, self.current_account)
                self.backend.check(name, parameters(self.params))
                return call(self)
        except KeyError as error:
            # moto looks some identifiers up without asking whether they are there.
            unknown = missing(self.params, error.args[0])
            if unknown is None:
                raise
            raise RDSClientError(*unknown) from None

    return call_checked


def parameters(given: Any) -> dict[str, Any]:
    """Return parameters by the names that AWS gives them; moto's names are Python's."""
    return dict(given.original_dict() if isinstance(given, XFormedDict) else given)


def describe_db_clusters(self: Any) -> ActionResult:
    """Answer `DescribeDBClusters`; moto's own knows no pages, and fewer filters."""
    filters = {wanted["Name"]: wanted["Values"] for wanted in self.params.get("Filters") or ()}
    unset = [name for name in UNSET if filters.pop(name, None) is not None]
    found = self.backend.describe_db_clusters(self.params.get("DBClusterIdentifier"), filters)
    return ActionResult(page("DBClusters", [] if unset else found, self.params))


def describe_db_instances(self: Any) -> ActionResult:
    """Answer `DescribeDBInstances`; moto's own takes pages of any size, and fails at wrong markers."""
    filters = {wanted["Name"]: wanted["Values"] for wanted in self.params.get("Filters") or ()}
    unset = filters.pop("domain", None) is not None
    found = self.backend.describe_db_instances(self.params.get("DBInstanceIdentifier"), filters)
    return ActionResult(page("DBInstances", [] if unset else list(found), self.params))


def describe_global_clusters(self: Any) -> ActionResult:
    """Answer `DescribeGlobalClusters`; moto's own shows all, whatever is asked for."""
    name, filters = self.params.get("GlobalClusterIdentifier"), self.params.get("Filters") or ()
    check_filters(filters, GLOBAL_FILTERS)
    worlds = self.global_backend.global_clusters
    found = list(worlds.values()) if name is None else [worlds[name]]
    for wanted in filters:
        found = [world for world in found if regions_of(world) & set(wanted["Values"])]
    return ActionResult(page("GlobalClusters", found, self.params))


def regions_of(world: Any) -> set[str]:
    """Return the regions of a global database's clusters."""
    return {cluster.region for cluster in world.members}


def describe_option_groups(self: Any) -> ActionResult:
    """Answer `DescribeOptionGroups`; moto's own fails without a name."""
    name = self.params.get("OptionGroupName")
    found = [
        group
        for group in self.backend.option_groups.values()
        if all(self.params.get(key, value) == value for key, value in (
            ("OptionGroupName", group.name), ("EngineName", group.engine_name),
            ("MajorEngineVersion", group.major_engine_version),
        ))
    ]  # fmt: skip
    if name is not None and not found:
        raise RefusalError(
            "OptionGroupNotFoundFault", f"Specified OptionGroupName: {name} not found."
        )
    return ActionResult(page("OptionGroupsList", found, self.params))


def reboot_db_instance(self: Any) -> ActionResult:
    """Answer `RebootDBInstance`; moto's own loses the parameter `ForceFailover`."""
    name, forced = self.params["DBInstanceIdentifier"], self.params.get("ForceFailover", False)
    return ActionResult({"DBInstance": self.backend.restart(name, forced=forced)})


def switchover_global_cluster(self: Any) -> ActionResult:
    """Answer `SwitchoverGlobalCluster`, which moto does not know."""
    name, target = self.params["GlobalClusterIdentifier"], self.params["TargetDbClusterIdentifier"]
    return ActionResult(
        {"GlobalCluster": self.global_backend.switchover_global_cluster(name, target)}
    )


def describe_db_cluster_endpoints(self: Any) -> ActionResult:
    """Answer `DescribeDBClusterEndpoints`, which moto does not know."""
    endpoints = self.backend.describe_db_cluster_endpoints(
        self.params.get("DBClusterIdentifier"),
        self.params.get("DBClusterEndpointIdentifier"),
        self.params.get("Filters") or [],
    )
    return ActionResult(page("DBClusterEndpoints", endpoints, self.params))


def create_db_cluster_endpoint(self: Any) -> ActionResult:
    """Answer `CreateDBClusterEndpoint`, which moto does not know."""
    return ActionResult(self.backend.change_endpoints("create", parameters(self.params)))


def modify_db_cluster_endpoint(self: Any) -> ActionResult:
    """Answer `ModifyDBClusterEndpoint`, which moto does not know."""
    return ActionResult(self.backend.change_endpoints("modify", parameters(self.params)))


def delete_db_cluster_endpoint(self: Any) -> ActionResult:
    """Answer `DeleteDBClusterEndpoint`, which moto does not know."""
    return ActionResult(self.backend.change_endpoints("delete", parameters(self.params)))


def describe_events(self: Any) -> ActionResult:
    """Answer `DescribeEvents`; moto's own knows no `MaxRecords`."""
    found = self.backend.describe_events(**self.params)
    return ActionResult(page("Events", found, self.params))


def describe_db_proxy_targets(self: Any) -> ActionResult:
    """Answer `DescribeDBProxyTargets`; moto's own does not look at the target group."""
    group = self.params.get("TargetGroupName") or "default"
    targets = self.backend.describe_db_proxy_targets(self.params["DBProxyName"], group)
    return ActionResult(page("Targets", targets, self.params))


def describe_db_proxy_target_groups(self: Any) -> ActionResult:
    """Answer `DescribeDBProxyTargetGroups`; moto's own does not look at the target group."""
    groups, name = (
        self.backend.db_proxies[self.params["DBProxyName"]].proxy_target_groups,
        self.params.get("TargetGroupName"),
    )
    found = list(groups.values()) if name is None else [groups[name]]
    return ActionResult(page("TargetGroups", found, self.params))


def describe_db_proxy_endpoints(self: Any) -> ActionResult:
    """Answer `DescribeDBProxyEndpoints`, which moto does not know."""
    found = self.backend.describe_db_proxy_endpoints(
        self.params.get("DBProxyName"), self.params.get("DBProxyEndpointName")
    )
    return ActionResult(page("DBProxyEndpoints", found, self.params))


def modify_db_proxy(self: Any) -> ActionResult:
    """Answer `ModifyDBProxy`, which moto does not know; never for the proxy of the local cluster."""
    return ActionResult({"DBProxy": self.backend.modify_db_proxy(parameters(self.params))})


def failover_global_cluster(self: Any) -> ActionResult:
    """Answer `FailoverGlobalCluster`: nothing is lost, for there is one storage."""
    return switchover_global_cluster(self)


def describe_db_engine_versions(self: Any) -> ActionResult:
    """Answer `DescribeDBEngineVersions`, which moto does not know."""
    found = catalogue.engine_versions(
        self.backend.shown.version, self.params.get("Engine"), self.params.get("EngineVersion")
    )
    return ActionResult(page("DBEngineVersions", found, self.params))


def describe_event_categories(self: Any) -> ActionResult:
    """Answer `DescribeEventCategories`, which moto does not know."""
    check_source_type(self.params.get("SourceType"))
    found = catalogue.event_categories(self.params.get("SourceType"))
    return ActionResult({"EventCategoriesMapList": found})


def describe_pending_maintenance_actions(self: Any) -> ActionResult:
    """Answer `DescribePendingMaintenanceActions`: there never are any."""
    check_filters(self.params.get("Filters") or (), PENDING_FILTERS)
    if self.params.get("ResourceIdentifier"):
        self.backend.check_resource(self.params["ResourceIdentifier"])
    return ActionResult(page("PendingMaintenanceActions", [], self.params))


OURS: tuple[Call, ...] = (
    describe_db_clusters,
    describe_db_instances,
    describe_global_clusters,
    describe_option_groups,
    reboot_db_instance,
    switchover_global_cluster,
    describe_db_cluster_endpoints,
    create_db_cluster_endpoint,
    modify_db_cluster_endpoint,
    delete_db_cluster_endpoint,
    describe_events,
    describe_db_proxy_targets,
    describe_db_proxy_target_groups,
    describe_db_proxy_endpoints,
    modify_db_proxy,
    failover_global_cluster,
    describe_db_engine_versions,
    describe_event_categories,
    describe_pending_maintenance_actions,
)
