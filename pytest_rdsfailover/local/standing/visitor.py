"""A standing cluster as another process sees it: the `Target` of that process' trials."""

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from pytest_rdsfailover.aws.client import ApiPlace, make_client, signing
from pytest_rdsfailover.local.aws_api.script import decode_script
from pytest_rdsfailover.local.blue_green import BlueGreenDeployment
from pytest_rdsfailover.local.dns.addresses import LocalAddresses
from pytest_rdsfailover.local.failovers import LocalFailovers
from pytest_rdsfailover.local.gateway import client as gateway
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.local.listeners import Listeners
from pytest_rdsfailover.local.standing.description import Description
from pytest_rdsfailover.local.target import LocalTarget
from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient
from pytest_rdsfailover.local.trigger import DirectTrigger
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import DiedError, GatewayError, SettingError


class VisitedCluster(LocalTarget):
    """A standing cluster, which goes on when this is closed; a context manager.

    Args:
        description: the cluster.

    Attributes:
        gateway: its gateway.
        toxiproxy: its network.

    Raises:
        GatewayError: if it does not answer.
    """

    def __init__(self, description: Description, clock: Clock | None = None) -> None:
        self.description = description
        self.instances = tuple(description.instances)
        self.gateway = self._client = gateway.connect(description.control)
        self.toxiproxy = ToxiproxyClient(description.toxiproxy)
        usual = decode_script(description.usual)
        self._profile = usual.profile
        self._clock = clock or MonotonicClock()
        self._failovers = LocalFailovers(
            self.gateway, DirectTrigger(self.gateway), usual.profile, self._clock
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.gateway.close()
        self.toxiproxy.close()

    def endpoint(self, called: str) -> Endpoint:
        """Return an endpoint by the name that users write, with the password that works now.

        Raises:
            SettingError: if there is none of that name.
        """
        user = self.description.user
        password = Secret.parse(self.gateway.secrets()[user]).password
        return replace(self.description, password=password).endpoint(called)

    def _endpoint(self, name: str) -> Endpoint:
        return self.endpoint(name)

    def blue_green(self) -> BlueGreenDeployment:
        """Give the cluster a green twin for the block: a blue/green deployment that can be switched over.

        Raises:
            SettingError: if the cluster has names, which only the process that keeps it can move.
        """
        places = self.description.places
        if self.description.names:
            raise SettingError(
                "a cluster with --aws-names is switched over in a test only; leave out --aws-names, or"
                " use rds_trial"
            )
        return BlueGreenDeployment(
            self.gateway,
            Listeners(self.toxiproxy, self.description.prefix, armed=self._profile.cut != "close"),
            places,
            LocalAddresses(places, self.gateway.describe, self._failovers.dns_ttl, self._clock),
            self._failovers,
            self._endpoint_at,
        )

    def _endpoint_at(self, name: str, host: str, port: int) -> Endpoint:
        return replace(self.endpoint("writer"), name=name, host=host, port=port)

    def functions(self, *, patience: float, at_once: int) -> Any:
        """Return a client of the Lambda of this cluster's AWS API.

        Raises:
            SettingError: if it has none.
        """
        return make_client(self._aws(), "lambda", answer_within=patience, at_once=at_once)

    def storage(self) -> Any:
        """Return a client of the S3 of this cluster's AWS API.

        Raises:
            SettingError: if it has none.
        """
        return make_client(self._aws(), "s3", more=signing())

    def _aws(self) -> ApiPlace:
        if self.description.aws is None:
            raise SettingError(
                "functions: the cluster has no AWS API; start it with the extra `lambda`: pip install"
                " 'pytest-rdsfailover[lambda]'"
            )
        return self.description.aws

    def check(self) -> None:
        """Raise DiedError if the cluster is gone."""
        try:
            self.gateway.ping()
        except GatewayError as error:
            raise DiedError(f"the cluster {self.description.name!r}", str(error)) from None

    def arm(self) -> None:
        """Do nothing: the gateway is ready."""

    def parts(self) -> Mapping[str, str]:
        """Return what the cluster is made of, in words for people."""
        return {**self.description.parts, "trigger": DirectTrigger.about}
