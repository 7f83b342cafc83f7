"""RDS Proxy in the simulated region: moto's proxies, with that of the local cluster among them."""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import RDSBackend

from pytest_rdsfailover.local.aws_api.identifiers import absent
from pytest_rdsfailover.local.aws_api.plane import Plane, RefusalError
from pytest_rdsfailover.local.aws_api.proxies import PROXY, endpoints, targets
from pytest_rdsfailover.local.aws_api.shown import Shown

PROXY_ATTRIBUTES = {
    "Auth": "auth", "RequireTLS": "require_tls", "IdleClientTimeout": "idle_client_timeout",
    "DebugLogging": "debug_logging", "RoleArn": "role_arn",
    "SecurityGroups": "vpc_security_group_ids",
}  # fmt: skip


class LocalProxies(RDSBackend):  # type: ignore[misc]
    """The proxies of RDS; a subclass adds the rest of RDS."""

    __module__ = "moto.rds.models"  # moto looks for the URLs of a service beside its backend

    plane: Plane
    shown: Shown

    def add_proxy(self, secret: str) -> None:
        """Add the proxy of the local cluster, which knows its user by a secret of this ARN."""
        subnets = ec2_backends[self.account_id][self.region_name].describe_subnets()
        auth = [{"AuthScheme": "SECRETS", "SecretArn": secret, "IAMAuth": "DISABLED"}]
        role = f"arn:aws:iam::{self.account_id}:role/{PROXY}"
        super().create_db_proxy(
            PROXY, "MYSQL", auth, role, [subnet.id for subnet in subnets], None,
            require_tls=False, idle_client_timeout=None, debug_logging=False, tags=None,
        )  # fmt: skip
        super().register_db_proxy_targets(PROXY, "default", [self.plane.cluster], [])

    def register_db_proxy_targets(
        self,
        db_proxy_name: str,
        target_group_name: str,
        db_cluster_identifiers: Sequence[str],
        db_instance_identifiers: Sequence[str],
    ) -> Any:
        """Add targets to a proxy; return these.

        Raises:
            KeyError: if there is no such proxy, or it has no such target group.
            RefusalError: if there is no such cluster or instance, or it is a target already. RDS takes
                identifiers here, and no ARNs.
        """
        present = self._registered(db_proxy_name, target_group_name)
        clusters, instances = _small(db_cluster_identifiers), _small(db_instance_identifiers)
        for name in clusters:
            if name not in self.clusters:
                raise absent("DBClusterIdentifier", name)
        for name in instances:
            if name not in self.databases:
                raise absent("DBInstanceIdentifier", name)
        for name in (*clusters, *instances):
            if name in present:
                raise RefusalError(
                    "DBProxyTargetAlreadyRegisteredFault",
                    f"The proxy {db_proxy_name} has the target {name} already.",
                )
        return super().register_db_proxy_targets(
            db_proxy_name, target_group_name, clusters, instances
        )

    def deregister_db_proxy_targets(
        self,
        db_proxy_name: str,
        target_group_name: str,
        db_cluster_identifiers: Sequence[str],
        db_instance_identifiers: Sequence[str],
    ) -> None:
        """Take targets from a proxy.

        Raises:
            KeyError: if there is no such proxy, or it has no such target group.
            RefusalError: if one is no target of it.
        """
        present = self._registered(db_proxy_name, target_group_name)
        clusters, instances = _small(db_cluster_identifiers), _small(db_instance_identifiers)
        for name in (*clusters, *instances):
            if name not in present:
                raise RefusalError(
                    "DBProxyTargetNotFoundFault", f"The proxy {db_proxy_name} has no target {name}."
                )
        super().deregister_db_proxy_targets(db_proxy_name, target_group_name, clusters, instances)

    def _registered(self, proxy_name: str, group: str) -> set[str]:
        groups = self.db_proxies[proxy_name].proxy_target_groups
        return {target.rds_resource_id for target in groups[group or "default"].targets}

    def describe_db_proxy_targets(self, proxy_name: str, group: str = "default") -> list[Any]:
        """Return a proxy's targets; for the local cluster, its instances as well.

        Raises:
            RDSClientError: if there is no such proxy.
            KeyError: if it has no such target group.
        """
        self.describe_db_proxies(proxy_name)
        found: list[Any] = []
        for target in self.db_proxies[proxy_name].proxy_target_groups[group].targets:
            if target.rds_resource_id == self.plane.cluster:
                home = [
                    member for member in self.plane.members() if member.id not in self.shown.abroad
                ]
                found += targets(self.plane.cluster, home, self.shown.places)
            else:
                found.append(target)
        return found

    def describe_db_proxy_endpoints(
        self, proxy_name: str | None, endpoint: str | None
    ) -> list[Mapping[str, object]]:
        """Return the endpoints of the local cluster's proxy; moto's proxies have none but their own.

        Raises:
            RDSClientError: if there is no such proxy.
            RefusalError: if there is no such endpoint.
        """
        proxies = self.describe_db_proxies(proxy_name)
        found = [
            shown
            for proxy in proxies
            if proxy.db_proxy_name == PROXY
            for shown in endpoints(
                {"VpcId": proxy.vpc_id, "VpcSubnetIds": proxy.vpc_subnet_ids,
                 "VpcSecurityGroupIds": proxy.vpc_security_group_ids,
                 "CreatedDate": proxy.created_date},
                proxy.arn, self.shown.places,
            )
            if endpoint in (None, shown["DBProxyEndpointName"])
        ]  # fmt: skip
        if endpoint is not None and not found:
            raise RefusalError(
                "DBProxyEndpointNotFoundFault", f"DB proxy endpoint {endpoint} not found."
            )
        return found

    def modify_db_proxy(self, changes: Mapping[str, Any]) -> Any:
        """Change one of moto's proxies, and return it.

        Raises:
            RDSClientError: if there is no such proxy.
        """
        (proxy,) = self.describe_db_proxies(changes["DBProxyName"])
        for name, attribute in PROXY_ATTRIBUTES.items():
            if changes.get(name) is not None:
                setattr(proxy, attribute, changes[name])
        if new := changes.get("NewDBProxyName"):
            self.db_proxies[new] = self.db_proxies.pop(proxy.db_proxy_name)
            proxy.db_proxy_name = new
        return proxy


def _small(names: Sequence[str]) -> list[str]:
    """Return identifiers as RDS keeps them."""
    return [name.lower() for name in names]
