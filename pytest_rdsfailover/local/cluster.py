"""A simulated Aurora MySQL cluster on this machine: the `Target` of local mode."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from pytest_rdsfailover.aws.client import signing
from pytest_rdsfailover.local.aws_api.client import ControlPlane, can_start
from pytest_rdsfailover.local.aws_api.passwords import Passwords
from pytest_rdsfailover.local.aws_api.script import Script
from pytest_rdsfailover.local.aws_api.shown import Shown, other_region
from pytest_rdsfailover.local.blue_green import BlueGreenDeployment
from pytest_rdsfailover.local.database_faults import DatabaseFaults
from pytest_rdsfailover.local.dns.addresses import LocalAddresses
from pytest_rdsfailover.local.dns.names import AwsNames
from pytest_rdsfailover.local.dns.zone import Zone
from pytest_rdsfailover.local.endpoints import KINDS, endpoint_of, instance_ids
from pytest_rdsfailover.local.failovers import LocalFailovers
from pytest_rdsfailover.local.gateway.tls import CA_FILE
from pytest_rdsfailover.local.gateway_process import LocalGateway
from pytest_rdsfailover.local.network import Faults, Network
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.profiles.choreography import replica_lag_of, restart_of
from pytest_rdsfailover.local.profiles.profiles import Profile
from pytest_rdsfailover.local.profiles.switchovers import switchover_path
from pytest_rdsfailover.local.rds_proxy import READ_ONLY, READ_WRITE, LocalProxy
from pytest_rdsfailover.local.server.programs import ServerProgram, ServerUrl
from pytest_rdsfailover.local.server.server import start_server
from pytest_rdsfailover.local.target import NamedEndpoints
from pytest_rdsfailover.local.toxiproxy.program import ToxiproxyProgram
from pytest_rdsfailover.local.trigger import ApiTrigger, DirectTrigger, Trigger
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA, aurora_version
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.settings import USUAL_BLUE_GREEN, FixedAccount

IDENTIFIER = "rdsfailover"  # in the AWS API
# Not us-east-1: version 1 of the AWS CLI asks RDS of that region by a name of its own, whatever
# AWS_ENDPOINT_URL says.
REGION = "us-east-2"


class LocalCluster(NamedEndpoints):
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
        blue_green: name or path of the blue/green switchover that is played unless another is named.
        abroad: how many of the instances, the last ones, the AWS API shows in another region; these
            make it a global database.
        api: whether the AWS API will be needed; if so, its process starts at the same time.
        shared_moto: who keeps a fork server for the AWS APIs of several processes; None for nobody.

    Raises:
        NotReadyError: if one of the cluster's servers does not start.
        SettingError: if what was asked for cannot be had.
    """

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
        blue_green: str = USUAL_BLUE_GREEN,
        abroad: int = 0,
        api: bool = False,
        shared_moto: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.instances = instance_ids(instances)
        self.aurora = aurora_version(aurora)
        self._abroad = self.instances[len(self.instances) - abroad :]
        self._clock = clock or MonotonicClock()
        self._profile, self._seed, self._blue_green = profile, seed, blue_green
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
            self._client = client = self._gateway.client
            self._trigger: Trigger = DirectTrigger(client)
            if can_start():
                self._trigger = ApiTrigger(self.aws)
            self._failovers = LocalFailovers(
                client, self._trigger, profile, self._clock, self._gateway.process.log_tail
            )
            self.proxy = LocalProxy(client)
            self.faults = DatabaseFaults(
                client,
                Faults(self.network),
                self._passwords,
                self.audit_endpoint,
                replica_lag_of(profile, seed),
            )
            self._addresses = LocalAddresses(
                self.network.places,
                client.describe,
                self._failovers.dns_ttl,
                self._clock,
                client.custom_endpoints,
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
        account, listening = self._server.application, self.network.places["cluster"]
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
            listening=(listening.host, listening.port),
            custom_domain=self._addresses.custom_domain,
            global_host=self._addresses.global_host,
            aurora=self.aurora.name,
            blue_green=switchover_path(self._blue_green),
            toxiproxy="" if self._addresses.region else self.network.client.url,
            prefix=self.network.prefix,
        )

    def check(self) -> None:
        """Raise DiedError if a server of ours has ended, StoppedError if it is stopped.

        GatewayError if the gateway failed.
        """
        self._server.check()
        self.network.check()
        self._gateway.check()
        self.aws.check()

    def check_server(self) -> None:
        """Raise ServerError if a server of ours does not answer; costs a login."""
        self._server.check_answers()

    @property
    def busy(self) -> int:
        """Return on how many connections of clients a statement is under way."""
        return self._client.describe().busy

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the ids of all other instances."""
        return tuple(instance for instance in self.instances if instance != self.writer)

    def _endpoint(self, name: str) -> Endpoint:
        return self._endpoint_at(name, *self._addresses.called(name))

    def _endpoint_at(self, name: str, host: str, port: int) -> Endpoint:
        account = replace(self._server.application, password=self._password())
        return endpoint_of(name, host, port, account, self.ca, self.aurora)

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
        return Passwords(self._client, self._shown())

    @contextlib.contextmanager
    def aws_names(self, region: str) -> Iterator[AwsNames]:
        """Give the endpoints names as AWS would in a region, for the block and in this process.

        Raises:
            SettingError: if that is no region.
        """
        try:
            with self._addresses.as_aws(region, self._regions_abroad(region)) as names:
                self._tell_names()
                self.aws.renew()
                yield names
        finally:
            self.aws.renew()

    def blue_green(self) -> BlueGreenDeployment:
        """Give the cluster a green twin for the block: a blue/green deployment that can be switched over."""
        return BlueGreenDeployment(
            self._client,
            self.network.listeners(armed=self._profile.cut != "close"),
            self.network.places,
            self._addresses,
            self._failovers,
            self._endpoint_at,
            self._blue_green,
        )

    def reader_lag(self, lag: str) -> None:
        """Let readers show commits only after so long, until the test ends.

        Args:
            lag: how long, for example `200ms`; `0s` for no lag.

        Raises:
            SettingError: if that is no duration.
            GatewayError: if the server does not let readers lag.
        """
        self.faults.reader_lag(lag)

    def write_forwarding(self, *, enabled: bool = True) -> None:
        """Let readers forward writes of sessions that want it, until the test ends.

        A session wants it once it has set `aurora_replica_read_consistency`.

        Args:
            enabled: whether readers do.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        self.faults.write_forwarding(enabled=enabled)

    def zone(self) -> Zone | None:
        """Return what a name server says of the endpoints' names; None without names."""
        return self._addresses.zone()

    def _tell_names(self) -> None:
        """Tell the proxy the addresses and names by which its clients reach it."""
        addresses = self._addresses.host_ports((READ_WRITE, READ_ONLY))
        self.proxy.known_as(addresses, self._addresses.hosts)
        home = self._addresses.region or REGION
        abroad = self._regions_abroad(home)
        if abroad:
            self._client.know_regions(dict.fromkeys(self.instances, home) | abroad)

    def _regions_abroad(self, home: str) -> dict[str, str]:
        """Return the region of each instance that is not at home."""
        return dict.fromkeys(self._abroad, other_region(home))

    def functions(self, *, patience: float, at_once: int) -> Any:
        """Return a client of the Lambda of this cluster's AWS API."""
        return self.aws.client("lambda", answer_within=patience, at_once=at_once)

    def storage(self) -> Any:
        """Return a client of the S3 of this cluster's AWS API."""
        return self.aws.client("s3", more=signing())

    def arm(self) -> None:
        """Get ready to fail over, so that the trigger itself takes no time.

        Raises:
            NotReadyError: if the control plane does not start.
        """
        self._trigger.prepare()

    def parts(self) -> Mapping[str, str]:
        """Return what the cluster is made of, in words for people."""
        return {
            "server": self._server.about,
            "toxiproxy": str(self.network),
            "trigger": self._trigger.about,
        }
