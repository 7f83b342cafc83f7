"""A simulated Aurora MySQL cluster on this machine: the `Target` of local mode."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from pytest_rdsfailover.local.aws_api.client import ControlPlane, can_start
from pytest_rdsfailover.local.aws_api.passwords import Passwords
from pytest_rdsfailover.local.aws_api.script import Script
from pytest_rdsfailover.local.aws_api.shown import Shown
from pytest_rdsfailover.local.database_faults import DatabaseFaults
from pytest_rdsfailover.local.dns.addresses import LocalAddresses
from pytest_rdsfailover.local.dns.names import AwsNames
from pytest_rdsfailover.local.dns.zone import Zone
from pytest_rdsfailover.local.endpoints import KINDS, endpoint_of, instance_ids
from pytest_rdsfailover.local.failovers import LocalFailover, LocalFailovers
from pytest_rdsfailover.local.gateway.tls import CA_FILE
from pytest_rdsfailover.local.gateway_process import LocalGateway
from pytest_rdsfailover.local.network import Faults, Network
from pytest_rdsfailover.local.processes.guard import guarded
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.profiles.choreography import restart_of
from pytest_rdsfailover.local.profiles.profiles import Profile, load_profile
from pytest_rdsfailover.local.rds_proxy import READ_ONLY, READ_WRITE, LocalProxy
from pytest_rdsfailover.local.server.programs import ServerProgram, ServerUrl
from pytest_rdsfailover.local.server.server import start_server
from pytest_rdsfailover.local.toxiproxy.program import ToxiproxyProgram
from pytest_rdsfailover.local.trigger import ApiTrigger, DirectTrigger, Trigger
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA, aurora_version
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import FixedAccount
from pytest_rdsfailover.model.target import Sessions, Traffic

IDENTIFIER = "rdsfailover"  # in the AWS API
# Not us-east-1: version 1 of the AWS CLI asks RDS of that region by a name of its own, whatever
# AWS_ENDPOINT_URL says.
REGION = "us-east-2"


class LocalCluster:
    """One real server, simulated instances, a real network; a context manager.

    Args:
        server: the server to start, or to use.
        toxiproxy: the Toxiproxy to start, or to use.
        profile: the failover profile of the run.
        instances: how many instances there are.
        aurora: the version of Aurora MySQL that it is like.
        port: the endpoints' common port; None for any free one.
        login: the account that clients use; None for one with random names.
        seed: decides the durations of failovers that come without a seed of their own.
        abroad: how many of the instances, the last ones, the AWS API shows in another region; these
            make it a global database.
        api: whether the AWS API will be needed; if so, its process starts at the same time.
        shared_moto: who keeps a fork server for the AWS APIs of several processes; None for nobody.

    Raises:
        NotReadyError: if one of the cluster's servers does not start.
        SettingError: if what was asked for cannot be had.
    """

    mode: Final = "local"

    def __init__(  # noqa: PLR0913 - all that a cluster is made of
        self,
        server: ServerProgram | ServerUrl,
        toxiproxy: ToxiproxyProgram,
        profile: Profile,
        *,
        instances: int = 2,
        aurora: str = USUAL_AURORA.name,
        port: int | None = None,
        login: FixedAccount | None = None,
        seed: int = 0,
        abroad: int = 0,
        api: bool = False,
        shared_moto: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.instances = instance_ids(instances)
        self.aurora = aurora_version(aurora)
        self._abroad = self.instances[len(self.instances) - abroad :]
        self._clock = clock or MonotonicClock()
        self._profile, self._seed = profile, seed
        with contextlib.ExitStack() as stack:
            self._supervisor = stack.enter_context(Supervisor())
            endpoints = [*KINDS, *self.instances]
            self.network = stack.enter_context(
                Network(toxiproxy, self._supervisor, endpoints, port=port)
            )
            self.aws = ControlPlane(self._supervisor, IDENTIFIER, self._shown, shared_moto)
            stack.callback(self.aws.close)
            if api:
                self.aws.warm()
            self._server = stack.enter_context(
                contextlib.closing(start_server(server, self._supervisor, login))
            )
            self._gateway = LocalGateway(
                self._supervisor,
                self._server,
                self.network,
                instances=instances,
                aurora=aurora,
                read_only_error=profile.read_only_error,
                restart=restart_of(profile, seed),
            )
            stack.callback(self._gateway.close)
            self.network.wait(self._clock)
            self.network.connect(self._gateway.ports, armed=profile.cut != "close")
            client = self._gateway.client
            self._trigger: Trigger = DirectTrigger(client)
            if can_start():
                self._trigger = ApiTrigger(self.aws)
            self._failovers = LocalFailovers(
                client, self._trigger, profile, self._clock, self._gateway.process.log_tail
            )
            self.proxy = LocalProxy(client)
            self.faults = DatabaseFaults(
                client, Faults(self.network), self._passwords, self.audit_endpoint
            )
            self._addresses = LocalAddresses(
                self.network.places, client.describe, self._failovers.dns_ttl, self._clock
            )
            self._tell_names()
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything and leave nothing behind; harmless the second time."""
        self._stack.close()

    def _shown(self) -> Shown:
        account = self._server.application
        return Shown(
            cluster=IDENTIFIER,
            region=self._addresses.region or REGION,
            control=self._gateway.control,
            places={name: self._addresses.called(name) for name in self.network.places},
            user=account.user,
            password=account.password,
            database=account.database,
            server=self._server.address,
            usual=Script(profile=self._profile, seed=self._seed),
            abroad=self._abroad,
            aurora=self.aurora.name,
        )

    def traffic(self, mark: str) -> Mapping[str, Traffic]:
        """Return what the gateway saw at each endpoint so far."""
        return self._gateway.client.traffic(mark)

    def sessions(self, endpoint: str) -> Sessions:
        """Return the connections that clients have through an endpoint now."""
        return self._gateway.client.sessions(endpoint)

    def check(self) -> None:
        """Raise DiedError if a server of ours has ended, GatewayError if the gateway failed."""
        self._server.check()
        self.network.check()
        self.aws.check()
        self._gateway.check()

    @property
    def failovers(self) -> Sequence[LocalFailover]:
        """Return every failover so far, whoever started it."""
        return self._failovers.so_far()

    @property
    def writer(self) -> str:
        """Return the id of the instance that currently takes writes."""
        return self._gateway.client.describe().writer

    @property
    def busy(self) -> int:
        """Return on how many connections of clients a statement is under way."""
        return self._gateway.client.describe().busy

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the ids of all other instances."""
        return tuple(instance for instance in self.instances if instance != self.writer)

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

    def audit_endpoint(self) -> Endpoint:
        """Return the endpoint of the instance that is the writer now."""
        return self._endpoint(self.writer)

    def _endpoint(self, name: str) -> Endpoint:
        host, port = self._addresses.called(name)
        account = replace(self._server.application, password=self._password())
        return endpoint_of(name, host, port, account, self.ca, self.aurora)

    def guarded(self) -> contextlib.AbstractContextManager[Mapping[str, str]]:
        """Give variables for a command that shall not outlive this process; see `guard.py`."""
        return guarded(self._supervisor)

    @property
    def ca(self) -> str:
        """Return the path of the certificate authority's PEM file."""
        return str(self._supervisor.directory / CA_FILE)

    @property
    def control(self) -> str:
        """Return the path of the socket at which the gateway takes commands."""
        return self._gateway.control

    def _password(self) -> str:
        """Return the application's password, which a test may have rotated."""
        account = self._server.application
        changed = self.aws.used or self.faults.rotated
        return self.proxy.password(account.user) if changed else account.password

    def _passwords(self) -> Passwords:
        return Passwords(self._gateway.client, self._shown())

    @contextlib.contextmanager
    def aws_names(self, region: str) -> Iterator[AwsNames]:
        """Give the endpoints names as AWS would in a region, for the block and in this process.

        Raises:
            SettingError: if that is no region.
        """
        try:
            with self._addresses.as_aws(region) as names:
                self._tell_names()
                self.aws.renew()
                yield names
        finally:
            self.aws.renew()

    def zone(self) -> Zone | None:
        """Return what a name server says of the endpoints' names; None without names."""
        return self._addresses.zone()

    def _tell_names(self) -> None:
        """Tell the proxy the addresses and names by which its clients reach it."""
        addresses = self._addresses.host_ports((READ_WRITE, READ_ONLY))
        self.proxy.known_as(addresses, self._addresses.hosts)

    def _check_instance(self, instance: str) -> None:
        if instance not in self.instances:
            ids = ", ".join(self.instances)
            raise SettingError(f"there is no instance {instance!r} in this cluster; it has {ids}")

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

    def functions(self, *, patience: float, at_once: int) -> Any:
        """Return a client of the Lambda of this cluster's AWS API."""
        return self.aws.client("lambda", answer_within=patience, at_once=at_once)

    def permit(self, target: str | None) -> AbstractContextManager[None]:  # noqa: ARG002 - for real clusters
        """Let a project's own trigger act: anything may fail a local cluster over."""
        return contextlib.nullcontext()

    def prepare(self) -> None:
        """Do nothing: a local cluster may fail over at any time."""

    def arm(self) -> None:
        """Get ready to fail over, so that the trigger itself takes no time.

        Raises:
            NotReadyError: if the control plane does not start.
        """
        self._trigger.prepare()

    def rest(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if the failover does not end.
            GatewayError: if not all of it could be done.
        """
        self.check()
        self._failovers.rest()
        self.check()

    def parts(self) -> Mapping[str, str]:
        """Return what the cluster is made of, in words for people."""
        return {
            "server": self._server.about,
            "toxiproxy": str(self.network),
            "trigger": self._trigger.about,
        }
