"""Custom endpoints of the local cluster in the AWS API: what may be asked for, and how it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypedDict

from pytest_rdsfailover.local.aws_api.plane import RefusalError
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint

NAME: Final = "DBClusterEndpointIdentifier"
KIND: Final = "EndpointType"
STATIC: Final = "StaticMembers"
EXCLUDED: Final = "ExcludedMembers"
KINDS = ("READER", "ANY")
# RDS allows five in a cluster, and so many addresses are between those of the other endpoints.
HOSTS = tuple(f"127.0.0.{number}" for number in range(6, 11))
ALONE = "127.0.0.1"  # where all endpoints are if the system has no other loopback addresses


class EndpointRequest(TypedDict, total=False):
    """What a caller wants of a custom endpoint."""

    DBClusterIdentifier: str
    DBClusterEndpointIdentifier: str
    EndpointType: str
    StaticMembers: list[str]
    ExcludedMembers: list[str]


class ShownEndpoint(EndpointRequest):
    """A custom endpoint as RDS shows it."""

    DBClusterEndpointResourceIdentifier: str
    Endpoint: str
    Status: str
    CustomEndpointType: str
    DBClusterEndpointArn: str


class CustomCalls:
    """Makes, changes and removes custom endpoints; the gateway keeps them.

    Args:
        gateway: a connection to it.
        cluster: the identifier of the cluster.
        place: address and port of the cluster endpoint.
        arn: returns what the names of its endpoints begin with in AWS now.
        domain: returns what names of custom endpoints end with; empty if these are addresses.
    """

    def __init__(
        self,
        gateway: GatewayClient,
        cluster: str,
        place: tuple[str, int],
        arn: Callable[[], str],
        domain: Callable[[], str],
    ) -> None:
        self._gateway, self._cluster, self._arn, self._domain = gateway, cluster, arn, domain
        self._host, self._port = place

    def listed(self) -> list[ShownEndpoint]:
        """Return all of them, as RDS shows them."""
        return [self._shown(endpoint) for endpoint in self._gateway.custom_endpoints()]

    def create(self, asked: EndpointRequest) -> ShownEndpoint:
        """Make one.

        Raises:
            RefusalError: with RDS' code.
        """
        name, present = asked[NAME].lower(), self._gateway.custom_endpoints()
        if any(endpoint.name == name for endpoint in present):
            raise RefusalError(
                "DBClusterEndpointAlreadyExistsFault", f"DB cluster endpoint {name} exists."
            )
        free = [host for host in HOSTS if host not in {endpoint.host for endpoint in present}]
        if self._host == ALONE:
            raise RefusalError(
                "InvalidDBClusterStateFault",
                "This machine has no further loopback addresses for custom endpoints.",
            )
        if not free:
            raise RefusalError(
                "DBClusterEndpointQuotaExceededFault",
                f"{self._cluster} has {len(HOSTS)} custom endpoints already.",
            )
        made = CustomEndpoint(name=name, host=free[0], port=self._port, kind=_kind(asked[KIND]))
        return self._keep([*present, _changed(made, asked)], name)

    def modify(self, asked: EndpointRequest) -> ShownEndpoint:
        """Change one; connections that exist stay.

        Raises:
            RefusalError: with RDS' code.
        """
        name = self._named(asked)
        return self._keep(
            [
                _changed(endpoint, asked) if endpoint.name == name else endpoint
                for endpoint in self._gateway.custom_endpoints()
            ],
            name,
        )

    def delete(self, asked: EndpointRequest) -> ShownEndpoint:
        """Remove one; connections that exist stay.

        Raises:
            RefusalError: with RDS' code.
        """
        name = self._named(asked)
        (gone,) = (shown for shown in self.listed() if shown[NAME] == name)
        self._gateway.set_custom_endpoints(
            [endpoint for endpoint in self._gateway.custom_endpoints() if endpoint.name != name]
        )
        return {**gone, "Status": "deleting"}

    def undo(self) -> None:
        """Remove all of them."""
        if self._gateway.custom_endpoints():
            self._gateway.set_custom_endpoints([])

    def _named(self, asked: EndpointRequest) -> str:
        """Return the identifier of the endpoint that a caller names."""
        name = asked[NAME].lower()
        if all(endpoint.name != name for endpoint in self._gateway.custom_endpoints()):
            raise RefusalError(
                "DBClusterEndpointNotFoundFault", f"DB cluster endpoint {name} not found."
            )
        return name

    def _keep(self, endpoints: Sequence[CustomEndpoint], name: str) -> ShownEndpoint:
        """Have these endpoints; return the one of that name as RDS shows it."""
        (shown,) = (self._shown(endpoint) for endpoint in endpoints if endpoint.name == name)
        known = {instance.id for instance in self._gateway.describe().instances}
        unknown = sorted({*shown[STATIC], *shown[EXCLUDED]} - known)
        if unknown:
            raise RefusalError("DBInstanceNotFound", f"DBInstance {unknown[0]} not found.")
        self._gateway.set_custom_endpoints(endpoints)
        return shown

    def _shown(self, endpoint: CustomEndpoint) -> ShownEndpoint:
        domain = self._domain()
        return {
            NAME: endpoint.name,
            "DBClusterIdentifier": self._cluster,
            "DBClusterEndpointResourceIdentifier": f"cluster-endpoint-{endpoint.name.upper()}",
            "Endpoint": f"{endpoint.name}.{domain}" if domain else endpoint.host,
            "Status": "available",
            KIND: "CUSTOM",
            "CustomEndpointType": endpoint.kind,
            STATIC: list(endpoint.members),
            EXCLUDED: list(endpoint.excluded),
            "DBClusterEndpointArn": f"{self._arn()}:cluster-endpoint:{endpoint.name}",
        }


def _kind(text: str) -> str:
    if text.upper() not in KINDS:
        raise RefusalError("InvalidParameterValue", f"EndpointType {text}: use READER or ANY.")
    return text.upper()


def _changed(endpoint: CustomEndpoint, asked: EndpointRequest) -> CustomEndpoint:
    """Return an endpoint as a caller wants it; each of the two lists takes the place of the other."""
    static, excluded = asked.get(STATIC) or (), asked.get(EXCLUDED) or ()
    if static and excluded:
        raise RefusalError(
            "InvalidParameterCombination", "StaticMembers and ExcludedMembers exclude each other."
        )
    kind = _kind(asked.get(KIND) or endpoint.kind)
    if STATIC not in asked and EXCLUDED not in asked:
        return replace(endpoint, kind=kind)
    return replace(endpoint, kind=kind, members=tuple(static), excluded=tuple(excluded))
