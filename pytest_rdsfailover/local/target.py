"""What every cluster on this machine is as a `Target`: its gateway tells of it and fails it over."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

from pytest_rdsfailover.local.blue_green import BlueGreenDeployment
from pytest_rdsfailover.local.failovers import LocalFailover, LocalFailovers
from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.profiles.profiles import Profile, load_profile
from pytest_rdsfailover.local.rds_proxy import READ_ONLY, READ_WRITE
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError, did_you_mean
from pytest_rdsfailover.model.traffic import Sessions, Traffic


class LocalTarget(ABC):
    """A cluster with a gateway, whoever has started it; a subclass sets the attributes.

    Attributes:
        instances: the ids of its instances.
        _client: asks its gateway.
        _failovers: all of its failovers.
        _profile: what these look like unless somebody says otherwise.
    """

    mode: Final = "local"
    instances: tuple[str, ...]
    _client: GatewayClient
    _failovers: LocalFailovers
    _profile: Profile

    @abstractmethod
    def check(self) -> None:
        """Raise DiedError if a server of the cluster has ended."""

    @abstractmethod
    def _endpoint(self, name: str) -> Endpoint:
        """Return an endpoint by its name, with the password that works now."""

    @abstractmethod
    def blue_green(self) -> BlueGreenDeployment:
        """Give the cluster a green twin for the block: a blue/green deployment that can be switched over."""

    def audit_endpoint(self) -> Endpoint:
        """Return the endpoint of the instance that is the writer now."""
        return self._endpoint(self.writer)

    @property
    def writer(self) -> str:
        """Return the id of the instance that currently takes writes."""
        return self._client.describe().writer

    @property
    def failovers(self) -> Sequence[LocalFailover]:
        """Return every failover so far, whoever started it."""
        return self._failovers.so_far()

    def traffic(self, mark: str) -> Mapping[str, Traffic]:
        """Return what the gateway saw at each endpoint so far."""
        return self._client.traffic(mark)

    def sessions(self, endpoint: str) -> Sessions:
        """Return the connections that clients have through an endpoint now."""
        return self._client.sessions(endpoint)

    def fail_over(
        self, target: str | None = None, profile: str | None = None, seed: int = 0
    ) -> LocalFailover:
        """Start a failover and return as soon as it is triggered.

        Args:
            target: the instance to promote; the first reader by default.
            profile: name or path of the failover profile; the run's own by default.
            seed: decides every sampled duration.

        Raises:
            SettingError: if there is no such instance or profile, or if the instance is the writer.
            FailoverInProgressError: if another failover is on its way.
        """
        self.check()
        if target is not None:
            self._check_instance(target)
        chosen = self._profile if profile is None else load_profile(profile)
        return self._failovers.start(chosen, target, seed)

    def _check_instance(self, instance: str) -> None:
        if instance not in self.instances:
            hint = did_you_mean(instance, self.instances)
            raise SettingError(
                f"there is no instance {instance!r}{hint} (instances: {', '.join(self.instances)})"
            )

    def rest(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if the failover does not end.
            GatewayError: if not all of it could be done.
            DiedError: if a server of the cluster has ended.
        """
        self.check()
        self._failovers.rest()
        self.check()

    def permit(self, target: str | None) -> AbstractContextManager[None]:  # noqa: ARG002 - for real clusters
        """Let a project's own trigger act: anything may fail a local cluster over."""
        return contextlib.nullcontext()

    def prepare(self) -> None:  # noqa: B027 - for real clusters
        """Do nothing: a local cluster may fail over at any time."""


class NamedEndpoints(LocalTarget):
    """A cluster of this process, which has each of its endpoints as an attribute."""

    @property
    def writer_endpoint(self) -> Endpoint:
        """Return the cluster endpoint: the instance that DNS says is the writer."""
        return self._endpoint("cluster")

    @property
    def reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint: any reader; the writer when there is none."""
        return self._endpoint("reader")

    @property
    def proxy_endpoint(self) -> Endpoint:
        """Return RDS Proxy's read/write endpoint: it stays while the writer moves."""
        return self._endpoint(READ_WRITE)

    @property
    def proxy_reader_endpoint(self) -> Endpoint:
        """Return RDS Proxy's read-only endpoint."""
        return self._endpoint(READ_ONLY)

    def instance_endpoint(self, instance: str) -> Endpoint:
        """Return an instance's own endpoint.

        Raises:
            SettingError: if there is no such instance.
        """
        self._check_instance(instance)
        return self._endpoint(instance)
