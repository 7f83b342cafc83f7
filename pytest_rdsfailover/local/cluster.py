"""A simulated Aurora MySQL cluster on this machine: the `Target` of local mode."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from pytest_rdsfailover import driver
from pytest_rdsfailover.clock import Clock, MonotonicClock, wait_until
from pytest_rdsfailover.endpoints import Endpoint, Tls
from pytest_rdsfailover.errors import (
    GatewayError,
    NotReadyError,
    RdsFailoverError,
    SettingError,
    log_tail,
)
from pytest_rdsfailover.gateway.client import connect
from pytest_rdsfailover.gateway.proxy.secrets import Secret
from pytest_rdsfailover.gateway.tls import CA_FILE
from pytest_rdsfailover.local.choreography import restart_of
from pytest_rdsfailover.local.control.client import ControlPlane, installed
from pytest_rdsfailover.local.control.script import Script
from pytest_rdsfailover.local.control.shown import Shown
from pytest_rdsfailover.local.failover import LocalFailover
from pytest_rdsfailover.local.names import PORT, AwsNames, Record, Resolver
from pytest_rdsfailover.local.network import Network, ToxiproxyProgram
from pytest_rdsfailover.local.process import Process, Supervisor
from pytest_rdsfailover.local.profiles import Profile, load_profile
from pytest_rdsfailover.local.programs import ServerProgram, ServerUrl
from pytest_rdsfailover.local.proxy import READ_ONLY, READ_WRITE, LocalProxy
from pytest_rdsfailover.local.server import start_server
from pytest_rdsfailover.local.trigger import ApiTrigger, DirectTrigger, Trigger

GATEWAY_READY_WITHIN = 10.0  # seconds
REST_WITHIN = 120.0  # seconds after which a failover that is not over is stuck
IDENTIFIER, REGION = "rdsfailover", "us-east-1"  # as its AWS API knows it
KINDS = {"cluster": "writer", "reader": "reader", READ_WRITE: "proxy", READ_ONLY: "proxy"}


class FailoverInProgressError(RdsFailoverError):
    """A failover was triggered while another was on its way; Aurora refuses that, too."""


class LocalCluster:
    """One real server, simulated instances, a real network; a context manager.

    Args:
        server: the server to start, or to use.
        toxiproxy: the Toxiproxy to start, or to use.
        profile: the failover profile of the run.
        instances: how many instances there are.
        port: the endpoints' common port; None for any free one.
        seed: decides the durations of failovers that come without a seed of their own.
        abroad: how many of them, the last ones, are in another region, for the AWS API; that makes
            it a global database.
        api: its AWS API will be needed, so that it had better start at the same time.

    Raises:
        NotReadyError: if one of its servers does not start.
        SettingError: if what was asked for cannot be had.
    """

    mode = "local"

    def __init__(  # noqa: PLR0913 - what it is made of
        self,
        server: ServerProgram | ServerUrl,
        toxiproxy: ToxiproxyProgram,
        profile: Profile,
        *,
        instances: int = 2,
        port: int | None = None,
        seed: int = 0,
        abroad: int = 0,
        api: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.instances = tuple(f"instance-{n + 1}" for n in range(instances))
        self._abroad = self.instances[len(self.instances) - abroad :]
        self._failovers: list[LocalFailover] = []
        self._clock = clock or MonotonicClock()
        self._profile, self._seed = profile, seed
        self._names: AwsNames | None = None
        with contextlib.ExitStack() as stack:
            self._supervisor = stack.enter_context(Supervisor())
            endpoints = [*KINDS, *self.instances]
            self.network = stack.enter_context(
                Network(toxiproxy, self._supervisor, endpoints, port=port)
            )
            self.aws = ControlPlane(self._supervisor, IDENTIFIER, self._shown)
            stack.callback(self.aws.close)
            if api:
                self.aws.warm()
            self._server = stack.enter_context(
                contextlib.closing(start_server(server, self._supervisor))
            )
            self._gateway_process = self._spawn_gateway()
            self.network.wait(self._clock)
            ports = json.loads(self._gateway_process.wait_line(GATEWAY_READY_WITHIN))["ports"]
            self._gateway = stack.enter_context(connect(self._control))
            self.network.connect(ports, armed=profile.cut != "close")
            self._trigger: Trigger = DirectTrigger(self._gateway)
            if installed():
                self._trigger = ApiTrigger(self.aws)
            self.proxy = LocalProxy(self._gateway, self._secret)
            self.proxy.known_as(self._proxy_addresses)
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

    @property
    def _control(self) -> str:
        return str(self._supervisor.directory / "gateway.sock")

    def _spawn_gateway(self) -> Process:
        """Start the gateway; what it may not tell others is in a file that only we can read."""
        config = self._supervisor.directory / "gateway.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps(self._gateway_config()))
        argv = [sys.executable, "-m", "pytest_rdsfailover.gateway.process", str(config)]
        return self._supervisor.spawn("gateway", argv)

    @property
    def _secret(self) -> Secret:
        account = self._server.application
        return Secret(username=account.user, password=account.password, dbname=account.database)

    def _gateway_config(self) -> Mapping[str, Any]:
        address, admin = self._server.address, self._server.admin
        return {
            "server": {"unix_socket": address.socket, "host": address.host, "port": address.port},
            "admin": {"user": admin.user, "password": admin.password},
            "instances": len(self.instances),
            "read_only_error": self._profile.read_only_error,
            "restart": restart_of(self._profile, self._seed),
            "control": self._control,
            "secrets": [self._secret.text()],
            "toxiproxy": {"url": self.network.client.url, "prefix": self.network.prefix},
        }

    def _shown(self) -> Shown:
        account = self._server.application
        return Shown(
            cluster=IDENTIFIER,
            region=REGION if self._names is None else self._names.region,
            control=self._control,
            places={name: self._called(name) for name in self.network.places},
            user=account.user,
            password=account.password,
            database=account.database,
            usual=Script(profile=self._profile, seed=self._seed),
            abroad=self._abroad,
        )

    def check(self) -> None:
        """Raise DiedError if a server of ours has ended, GatewayError if the gateway failed."""
        self._server.check()
        self.network.check()
        self._gateway_process.check()
        self.aws.check()
        failures = self._gateway.describe().failures
        if failures:
            raise GatewayError(
                f"the gateway could not do as the profile says: {'; '.join(failures)}"
                + log_tail(self._gateway_process.log_tail())
            )

    @property
    def failovers(self) -> Sequence[LocalFailover]:
        """Return every failover so far, whoever started it."""
        plays = self._gateway.plays()
        known = len(self._failovers)
        self._failovers += [
            LocalFailover(self._gateway, known + number, play)
            for number, play in enumerate(plays[known:])
        ]
        return self._failovers

    @property
    def writer(self) -> str:
        """Return the id of the instance that currently takes writes."""
        return self._gateway.describe().writer

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
        return self._proxy_endpoint(READ_WRITE)

    @property
    def proxy_reader_endpoint(self) -> Endpoint:
        """Return RDS Proxy's read-only endpoint."""
        return self._proxy_endpoint(READ_ONLY)

    def _proxy_endpoint(self, name: str) -> Endpoint:
        endpoint = self._endpoint(name)
        return replace(endpoint, tls=replace(endpoint.tls, wanted=True))

    def instance_endpoint(self, instance: str) -> Endpoint:
        """Return an instance's own endpoint.

        Raises:
            SettingError: if there is no such instance.
        """
        self._known(instance)
        return self._endpoint(instance)

    def audit_endpoint(self) -> Endpoint:
        """Return the endpoint of the instance that is the writer now."""
        return self._endpoint(self.writer)

    def _endpoint(self, name: str) -> Endpoint:
        (host, port), account = self._called(name), self._server.application
        return Endpoint(
            name=name,
            kind=KINDS.get(name, "instance"),
            host=host,
            port=port,
            user=account.user,
            password=account.password,
            database=account.database,
            tls=Tls(ca=str(self._supervisor.directory / CA_FILE), wanted=False),
            connector=driver.connect,
        )

    @property
    def _proxy_addresses(self) -> list[str]:
        """Return the addresses that IAM tokens for the proxy may be made for."""
        return [str(self.network.places[name]) for name in (READ_WRITE, READ_ONLY)]

    def _called(self, name: str) -> tuple[str, int]:
        """Return the host and the port by which an endpoint is called."""
        place = self.network.places[name]
        return (place.host, place.port) if self._names is None else (self._names.host(name), PORT)

    @contextlib.contextmanager
    def aws_names(self, region: str) -> Iterator[AwsNames]:
        """Call the endpoints as AWS would in a region, for the block and in this process.

        Raises:
            SettingError: if that is no region.
        """
        names, places = AwsNames.new(region), self.network.places
        records = {names.host(name): Record(partial(self._locate, name)) for name in places}
        for moving in ("cluster", "reader"):
            host = names.host(moving)
            records[host] = Record(partial(self._locate, moving), self._ttl, self._clock)
        hosts = [f"{names.host(name)}:{PORT}" for name in (READ_WRITE, READ_ONLY)]
        with Resolver(names, records).installed():
            self.proxy.known_as([*self._proxy_addresses, *hosts], list(records))
            self._names = names
            try:
                self.aws.renew()
                yield names
            finally:
                self._names = None
                self.aws.renew()

    def _ttl(self) -> float:
        """Return for how long resolvers remember where the cluster's name leads, in seconds."""
        failovers = self.failovers
        return failovers[-1].dns_ttl if failovers else self._profile.dns_ttl

    def _locate(self, name: str) -> tuple[str, int]:
        """Return the address that an endpoint's name leads to now."""
        if name in ("cluster", "reader"):
            view = self._gateway.describe()
            name = view.dns if name == "cluster" else view.reader
        place = self.network.places[name]
        return place.host, place.port

    def _known(self, instance: str) -> None:
        if instance not in self.instances:
            known = ", ".join(self.instances)
            raise SettingError(f"there is no instance {instance!r} in this cluster; it has {known}")

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
            FailoverInProgressError: if another one is on its way.
        """
        self.check()
        chosen = self._profile if profile is None else load_profile(profile)
        self._refuse_other_cut(chosen)
        if self._gateway.describe().playing:
            raise FailoverInProgressError("a failover of this cluster is still on its way")
        writer = self.writer
        target = target or self.readers[0]
        self._known(target)
        if target == writer:
            raise SettingError(f"{target} is the writer already; a failover promotes a reader")
        self._trigger.start(chosen, writer=writer, target=target, seed=seed)
        return self.failovers[-1]

    def permit(self, target: str | None) -> AbstractContextManager[None]:  # noqa: ARG002 - of real ones
        """Let a project's own trigger act: a local cluster is there to be failed over."""
        return contextlib.nullcontext()

    def prepare(self) -> None:
        """Do nothing: a local cluster may fail over at any time."""

    def arm(self) -> None:
        """Get ready to fail over, so that the trigger itself takes no time.

        Raises:
            NotReadyError: if the control plane does not start.
        """
        self._trigger.prepare()

    def _refuse_other_cut(self, profile: Profile) -> None:
        if (profile.cut == "close") != (self._profile.cut == "close"):
            raise SettingError(
                f"profile {profile.name!r} ends sessions by {profile.cut!r}, but how a connection"
                " will end is settled when it is made: choose the profile for the whole run, with"
                f" --rds-profile {profile.name}"
            )

    def rest(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if the failover does not end.
        """
        self.check()
        failovers = self.failovers
        if failovers:
            last = failovers[-1]
            if not wait_until(last.settled, timeout=REST_WITHIN, clock=self._clock):
                tail = self._gateway_process.log_tail()
                raise NotReadyError(f"the failover {last.profile!r}", REST_WITHIN, tail)

    def parts(self) -> Mapping[str, str]:
        """Return what the cluster is made of, for people."""
        return {
            "server": self._server.about,
            "toxiproxy": str(self.network),
            "trigger": self._trigger.about,
        }
