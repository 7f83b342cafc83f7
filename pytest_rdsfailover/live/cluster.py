"""A real Aurora cluster: the `Target` of live mode."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live import preflight
from pytest_rdsfailover.live.addresses import Addresses
from pytest_rdsfailover.live.api import LiveApi
from pytest_rdsfailover.live.authorities import authorities
from pytest_rdsfailover.live.credentials import find_credentials
from pytest_rdsfailover.live.evidence import TriggerPlan
from pytest_rdsfailover.live.failovers import LiveFailovers
from pytest_rdsfailover.live.gatekeeper import Gatekeeper
from pytest_rdsfailover.live.gatherer import Gatherer
from pytest_rdsfailover.live.named_deployment import NamedDeployment
from pytest_rdsfailover.live.own_word import writer_by_own_word
from pytest_rdsfailover.live.parts import parts
from pytest_rdsfailover.live.proxy import LiveProxy
from pytest_rdsfailover.live.traffic import ServerTraffic
from pytest_rdsfailover.live.triggers import LiveTrigger
from pytest_rdsfailover.live.watch import Watch
from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import (
    NotHereError,
    RdsFailoverError,
    SettingError,
)
from pytest_rdsfailover.model.traffic import SERVER, Traffic


class LiveCluster:
    """Endpoints, roles and failovers of one real cluster.

    Args:
        gatherer: asks AWS and this machine.
        directory: for files of this session.

    Raises:
        RefusedError: if it is not the cluster that was named, or a gate does not allow it.
        SettingError: if there are no credentials.
        AwsError: if the secret with the password cannot be read.
    """

    mode: Final = "live"

    def __init__(self, gatherer: Gatherer, directory: Path, *, clock: Clock | None = None) -> None:
        self._gatherer, self._clock = gatherer, clock or MonotonicClock()
        self._planned: TriggerPlan | None = None
        self.aws, self.proxy = LiveApi(gatherer.region, gatherer.asked.cluster), LiveProxy()
        self._gates = Gatekeeper(gatherer, self._clock)
        self._gates.wait()
        evidence, asked = self._gates.ask(), gatherer.asked
        if evidence.cluster is None:  # never: the gates refuse that
            raise RdsFailoverError(f"{asked.cluster} could not be described")
        self.facts, self.proxy_facts = evidence.cluster, evidence.proxy
        self._ca = authorities(asked, directory)
        self._addresses = self._find_addresses()
        self._act = LiveTrigger(asked, gatherer.region, self.instance_endpoint, self._clock)
        self._traffic = ServerTraffic(self.instance_endpoint)
        self._failovers = LiveFailovers(
            gatherer, self._gates, self._act, lambda: self._addresses, self._clock
        )

    def _find_addresses(self) -> Addresses:
        asked, region = self._gatherer.asked, self._gatherer.region
        credentials = find_credentials(asked, region, self.facts, self.proxy_facts)
        return Addresses(asked=asked, region=region, credentials=credentials, ca=self._ca)

    @property
    def instances(self) -> tuple[str, ...]:
        """Return the ids of all instances."""
        return tuple(member.id for member in self.facts.members)

    @property
    def writer(self) -> str:
        """Return the id of the instance that RDS calls the writer now.

        Where RDS cannot be asked, as after credentials have expired, it is the only instance that
        says itself that it takes writes.

        Raises:
            AwsError: if AWS refuses, or cannot be asked, and not just one instance says so.
            RdsFailoverError: if there is not exactly one writer.
        """
        try:
            self.facts = self._gatherer.cluster()
        except AwsError:
            told = writer_by_own_word(map(self.instance_endpoint, self.instances))
            if told is None:
                raise
            return told
        writers = self.facts.writers
        if len(writers) != 1:
            raise RdsFailoverError(f"{self.facts.id} has {len(writers)} writers just now")
        return writers[0]

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the ids of all other instances."""
        writer = self.writer
        return tuple(name for name in self.instances if name != writer)

    @property
    def writer_endpoint(self) -> Endpoint:
        """Return the cluster endpoint."""
        return self._addresses.cluster(self.facts)

    @property
    def reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint."""
        return self._addresses.reader(self.facts)

    @property
    def proxy_endpoint(self) -> Endpoint:
        """Return the endpoint of the RDS Proxy.

        Raises:
            SettingError: if the run names no proxy.
        """
        if self.proxy_facts is None:
            raise SettingError("there is no proxy: name it with --rds-proxy")
        return self._addresses.proxy(self.facts, self.proxy_facts)

    @property
    def proxy_reader_endpoint(self) -> NoReturn:
        """Raise NotHereError: a run names no read-only endpoint of a real proxy."""
        raise NotHereError("the read-only endpoint of a real RDS Proxy is not known to a run")

    def blue_green(self) -> AbstractContextManager[NamedDeployment]:
        """Give the blue/green deployment that the run names; nothing is made or deleted.

        Raises:
            NotHereError: if the run names none.
        """
        if self._act.kind != "blue-green":
            raise NotHereError(
                "a run makes no blue/green deployment of a real cluster; it switches over one that"
                " is named: --rds-trigger=blue-green --rds-allow-blue-green --rds-blue-green-deployment=ID"
            )
        deployment = NamedDeployment(self._gatherer, lambda: self._addresses, self.fail_over)
        return nullcontext(deployment)

    def reader_lag(self, lag: str) -> NoReturn:
        """Raise NotHereError: how far a real reader is behind is not a test's to say."""
        raise NotHereError(f"the readers of a real cluster lag as they do, not by {lag}")

    def write_forwarding(self, *, enabled: bool = True) -> NoReturn:  # noqa: ARG002 - for local ones
        """Raise NotHereError: a real cluster forwards writes if its owner has it so."""
        raise NotHereError("a run does not change whether a real cluster forwards writes")

    def instance_endpoint(self, instance: str) -> Endpoint:
        """Return an instance's own endpoint.

        Raises:
            SettingError: if there is no such instance.
        """
        return self._addresses.instance(self.facts, instance)

    def aws_names(self, region: str) -> AbstractContextManager[None]:  # noqa: ARG002 - for local ones
        """Do nothing: a real cluster's endpoints have AWS' names."""
        return nullcontext()

    def functions(self, *, patience: float, at_once: int) -> Any:
        """Return a client of Lambda in the cluster's region, with the run's credentials."""
        return self._gatherer.region.patient_client("lambda", patience, at_once)

    def storage(self) -> Any:
        """Return a client of S3 in the cluster's region, with the run's credentials."""
        return self._gatherer.region.signing_client()

    def traffic(self, mark: str) -> Mapping[str, Traffic] | None:
        """Return what came to the writer, whatever the endpoint; None if it cannot tell."""
        if self._act.kind == "blue-green" and self._failovers.all:
            return None  # another server has the writer's name by now
        with suppress(RdsFailoverError):
            seen = self._traffic.ask(mark, self.writer)
            return None if seen is None else {SERVER: seen}
        return None

    def sessions(self, endpoint: str) -> None:
        """Return nothing: which connection leads where cannot be seen from here."""

    def audit_endpoint(self) -> Endpoint:
        """Return the endpoint of the instance that is the writer now."""
        return self.instance_endpoint(self.writer)

    def check_in(self) -> None:
        """Ask every gate, then check the way to the database; changes nothing but a table of ours.

        Raises:
            PreflightError: naming the first step that fails.
            RefusedError: naming every closed gate.
        """
        self._gates.wait()
        green = self._gates.ask().green
        self._addresses = self._find_addresses()  # the secret may have been rotated since
        preflight.check_clock(self._gatherer.offset)
        preflight.check_endpoint(self.audit_endpoint(), writes=True)
        preflight.check_endpoint(self.writer_endpoint, writes=False)
        if green is not None:
            preflight.check_endpoint(
                self._addresses.instance(green, green.writers[0]), writes=False
            )
        if self.proxy_facts is not None:
            preflight.check_endpoint(self.proxy_endpoint, writes=False)

    def prepare(self) -> None:
        """Ask the gates, make the plan and the boto3 client; called before the load starts.

        Raises:
            RefusedError: naming every closed gate.
        """
        self._gates.wait()
        self._planned = self._gates.ask().plan
        self._act.prepare()

    def arm(self) -> None:
        """Do nothing: the gates were asked before the load, and are asked again at the trigger."""

    @contextmanager
    def permit(self, target: str | None = None) -> Iterator[None]:
        """Let a project's own trigger act in the block, behind the same gates as `fail_over`.

        Raises:
            RefusedError: naming every closed gate; the block is not entered then.
        """
        self._failovers.refuse_overlap()
        with self._gates.permit(self._plan(target)):
            try:
                yield
            finally:
                self._planned = None

    def fail_over(
        self,
        target: str | None = None,
        profile: str | None = None,  # noqa: ARG002 - only local failovers have one
        seed: int = 0,  # noqa: ARG002 - only local failovers have one
    ) -> Watch:
        """Read everything again, ask every gate, and trigger; return as soon as AWS has answered.

        Args:
            target: the instance to promote; None leaves the choice to the cluster.
            profile: ignored; only local failovers have a profile.
            seed: ignored; only local failovers have a seed.

        Raises:
            RefusedError: naming every closed gate; nothing was changed then.
            AwsError: if AWS refuses, or cannot be asked.
            RdsFailoverError: if another failover is still on its way.
        """
        self._failovers.refuse_overlap()
        plan = self._plan(target)
        self._planned = None  # one plan, one trigger
        self.facts = self._gatherer.cluster()
        return self._failovers.trigger(plan, self.facts, self.proxy_facts)

    def _plan(self, target: str | None) -> TriggerPlan:
        """Return the plan made before the load, or one made now; *target* is to be promoted.

        Raises:
            RefusedError: naming every closed gate.
        """
        if self._planned is None:
            self.prepare()
        if self._planned is None:  # never: the gates refuse that
            raise RdsFailoverError("nothing is planned")
        if self._act.kind != "blue-green":
            return TriggerPlan(writer=self._planned.writer, target=target)
        if target is not None:
            raise SettingError(
                f"target={target!r}: a blue/green switchover promotes green; leave out target"
            )
        return self._planned

    @property
    def failovers(self) -> Sequence[Watch]:
        """Return every failover so far, in order."""
        return self._failovers.all

    def check(self) -> None:
        """Raise LostWatchError if a failover is not watched any more."""
        self._failovers.check()

    def rest(self) -> None:
        """Wait until the last failover is over and all instances are available.

        Raises:
            NotReadyError: if the failover is not over by the time at which it is given up.
        """
        self._failovers.rest()

    def close(self) -> None:
        """End all watching; the cluster stays as it is."""
        self._failovers.close()

    def parts(self) -> Mapping[str, str]:
        """Return what was measured, and through what, in words for people."""
        return parts(self._gatherer, self.facts, self.proxy_facts, self._addresses)
