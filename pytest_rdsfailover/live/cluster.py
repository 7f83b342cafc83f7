"""A real Aurora cluster: the `Target` of live mode."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from pytest_rdsfailover import driver
from pytest_rdsfailover.clock import Clock, MonotonicClock, wait_until
from pytest_rdsfailover.endpoints import Endpoint, Tls
from pytest_rdsfailover.errors import NotReadyError, RdsFailoverError, SettingError
from pytest_rdsfailover.live import guard, preflight
from pytest_rdsfailover.live.act import Act
from pytest_rdsfailover.live.api import LiveApi
from pytest_rdsfailover.live.credentials import Tokens, authorities, find_credentials
from pytest_rdsfailover.live.evidence import Evidence, Plan
from pytest_rdsfailover.live.failover import LiveFailover
from pytest_rdsfailover.live.gather import Gatherer
from pytest_rdsfailover.live.probes import probes
from pytest_rdsfailover.live.proxy import LiveProxy
from pytest_rdsfailover.live.timeline import Timeline
from pytest_rdsfailover.remote.aws import AwsError

REST_WITHIN = 900.0  # seconds after which a failover that is not over is stuck


class LiveCluster:
    """Endpoints, roles and failovers of one real cluster.

    Args:
        gatherer: asks AWS and this machine.
        directory: for files of this session.

    Raises:
        RefusedError: if it is not the cluster that was named and allowed.
        SettingError: if there are no credentials.
        PreflightError: if it cannot be reached.
    """

    mode = "live"

    def __init__(self, gatherer: Gatherer, directory: Path, *, clock: Clock | None = None) -> None:
        self._gatherer, self._clock = gatherer, clock or MonotonicClock()
        self._failovers: list[LiveFailover] = []
        self._planned: Plan | None = None
        self.aws = LiveApi(gatherer.region)
        self._tokens: dict[str, Tokens] = {}
        self._wait_for_spacing()
        found = gatherer.evidence(None)
        self._require(found, guard.GATES)
        if found.cluster is None or found.unknown:  # the gates have refused before
            raise RdsFailoverError(f"{gatherer.asked.cluster}: {'; '.join(found.unknown)}")
        self.facts, self.proxy_facts = found.cluster, found.proxy
        self.proxy = LiveProxy()
        self._arn = found.arn
        self._ca = authorities(gatherer.asked, directory)
        self._credentials = find_credentials(
            gatherer.asked, gatherer.region, self.facts, self.proxy_facts
        )
        self._act = Act(gatherer.asked, gatherer.region, self.audit_endpoint, self._clock)

    @property
    def instances(self) -> tuple[str, ...]:
        """Return the ids of all instances."""
        return tuple(member.id for member in self.facts.members)

    @property
    def writer(self) -> str:
        """Return the id of the instance that RDS calls the writer now.

        Raises:
            AwsError: if AWS does not tell.
        """
        self.facts = self._gatherer.cluster()
        if len(self.facts.writers) != 1:
            raise RdsFailoverError(
                f"{self.facts.id} has {len(self.facts.writers)} writers just now"
            )
        return self.facts.writers[0]

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the ids of all other instances."""
        writer = self.writer
        return tuple(name for name in self.instances if name != writer)

    @property
    def writer_endpoint(self) -> Endpoint:
        """Return the cluster endpoint."""
        return self._endpoint("cluster", "writer", self.facts.host, self.facts.port)

    @property
    def reader_endpoint(self) -> Endpoint:
        """Return the reader endpoint."""
        return self._endpoint("reader", "reader", self.facts.reader_host, self.facts.port)

    @property
    def proxy_endpoint(self) -> Endpoint:
        """Return the endpoint of the RDS Proxy.

        Raises:
            SettingError: if the run names no proxy.
        """
        if self.proxy_facts is None:
            raise SettingError("there is no proxy: name it with --rds-proxy-name")
        port = self.facts.port if self._gatherer.asked.stands_in else 3306  # always, at AWS
        return self._endpoint("proxy", "proxy", self.proxy_facts.host, port)

    def instance_endpoint(self, instance: str) -> Endpoint:
        """Return an instance's own endpoint.

        Raises:
            SettingError: if there is no such instance.
        """
        member = self.facts.member(instance)
        if member is None:
            known = ", ".join(self.instances)
            raise SettingError(f"there is no instance {instance!r} in this cluster; it has {known}")
        return self._endpoint(member.id, "instance", member.host, member.port)

    def aws_names(self, region: str) -> AbstractContextManager[None]:  # noqa: ARG002 - of local ones
        """Do nothing: a real cluster's endpoints have AWS' names."""
        return nullcontext()

    def audit_endpoint(self) -> Endpoint:
        """Return the endpoint of the instance that is the writer now."""
        return self.instance_endpoint(self.writer)

    def _endpoint(self, name: str, kind: str, host: str, port: int) -> Endpoint:
        who = self._credentials
        token = None
        if self._gatherer.asked.auth == "iam":
            make = partial(self._gatherer.region.token, host, port, who.user)
            token = self._tokens.setdefault(f"{host}:{port}", Tokens(make))
        return Endpoint(
            name=name,
            kind=kind,
            host=host,
            port=port,
            user=who.user,
            password=who.password,
            database=self._gatherer.asked.schema,
            tls=Tls(ca=self._ca),
            connector=driver.connect,
            token=token,
        )

    def check_in(self) -> None:
        """Go the whole way to the database, then ask every gate; change nothing but a probe table.

        Raises:
            PreflightError: naming the first step that fails.
            RefusedError: naming every closed gate.
        """
        self._wait_for_spacing()
        evidence = self._gatherer.evidence(None)
        self._require(evidence, guard.GATES)
        preflight.check_clock(self._gatherer.offset)
        preflight.check_endpoint(self.audit_endpoint(), writes=True)
        preflight.check_endpoint(self.writer_endpoint, writes=False)
        if self.proxy_facts is not None:
            preflight.check_endpoint(self.proxy_endpoint, writes=False)

    def _wait_for_spacing(self) -> None:
        """Wait until the failovers of this session, whichever worker's, are far enough apart.

        Others' failovers are not waited for: a gate refuses.
        """
        asked, ledger = self._gatherer.asked, self._gatherer.ledger
        if asked.min_interval > 0 and 0 < ledger.used < asked.max_failovers:
            last = max(self._gatherer.failovers(), default=0.0)
            now = time.time() + (self._gatherer.offset or 0.0)
            # A second more, for the clocks agree to a second only.
            self._clock.sleep(last + asked.min_interval + 1.0 - now)

    def prepare(self) -> None:
        """Ask the gates, make the plan and the clients, all before the load starts.

        Raises:
            RefusedError: naming every closed gate.
        """
        self._wait_for_spacing()
        evidence = self._gatherer.evidence(None)
        self._require(evidence, guard.GATES)
        self._planned = evidence.plan
        self._act.prepare()

    def arm(self) -> None:
        """Do nothing: the gates were asked before the load, and are asked again at the trigger."""

    def fail_over(
        self,
        target: str | None = None,
        profile: str | None = None,  # noqa: ARG002 - AWS plays its own
        seed: int = 0,  # noqa: ARG002 - the same
    ) -> LiveFailover:
        """Read everything again, ask every gate, and trigger; return as soon as it is triggered.

        Args:
            target: the instance to promote; None leaves the choice to the cluster.
            profile: of local failovers; AWS plays its own.
            seed: the same.

        Raises:
            RefusedError: naming every closed gate; nothing was changed then.
            AwsError: if AWS refuses.
        """
        self.check()
        if self._failovers and not self._failovers[-1].settled():
            raise RdsFailoverError("a failover of this cluster is still on its way")
        if self._planned is None:
            self.prepare()
        planned = self._planned
        plan = None if planned is None else Plan(writer=planned.writer, target=target)
        self._planned = None  # one plan, one trigger
        watch = self._watch(plan)
        try:
            watch.look_around()
            self._trigger(plan, watch)
        except BaseException:
            watch.stop()
            raise
        self._failovers.append(watch)
        return watch

    def _watch(self, plan: Plan | None) -> LiveFailover:
        timeline = Timeline()

        def endpoint(name: str) -> Endpoint:
            return self.writer_endpoint if name == "cluster" else self.instance_endpoint(name)

        _ = self.writer  # read again, for the probes must know who it is
        return LiveFailover(
            self._gatherer,
            self.facts,
            self.proxy_facts,
            probes(self.facts, endpoint, timeline, self._clock),
            timeline,
            again=partial(self._again, plan),
            moves_writer=self._act.moves_writer,
            profile=f"aws-{self._act.kind}",
            clock=self._clock,
            to_monotonic=self._to_monotonic,
        )

    def _trigger(self, plan: Plan | None, watch: LiveFailover) -> None:
        """Ask the gates with evidence of this moment, note the act, do it, note its answer."""
        evidence = self._gatherer.evidence(plan)
        self._require(evidence, guard.GATES)
        if plan is None:  # the gates have refused before
            raise RdsFailoverError("nothing is planned")
        ledger = self._gatherer.ledger
        ledger.spend(evidence.now.timestamp())
        self._record("trigger", evidence)
        done = self._act(plan)
        watch.start(done.sent, done.answered)
        ledger.record("answered", request_id=done.request_id, seconds=done.answered - done.sent)

    def _again(self, plan: Plan | None) -> bool:
        """Issue the trigger once more if every gate but the budget lets it.

        What it has used of the budget and of the time between failovers is its own.
        """
        evidence = self._gatherer.evidence(plan)
        own = evidence.but(used=evidence.used - 1, failovers=self._others(evidence))
        closed = guard.refusals(own)
        self._record("trigger again", own, closed)
        if closed or plan is None:
            return False
        try:
            done = self._act(plan)
        except AwsError as error:
            self._gatherer.ledger.record("refused", code=error.code, message=error.message)
            return False
        self._gatherer.ledger.record("answered", request_id=done.request_id)
        return True

    def _others(self, evidence: Evidence) -> tuple[float, ...]:
        last = self._gatherer.ledger.last
        return tuple(at for at in evidence.failovers if at != last)

    def _require(self, evidence: Evidence, gates: tuple[guard.Gate, ...]) -> None:
        closed = guard.refusals(evidence, gates)
        if closed:
            self._record("refused", evidence, closed)
            raise guard.RefusedError(self._gatherer.asked.cluster, closed)

    def _record(self, what: str, evidence: Evidence, closed: Sequence[guard.Refusal] = ()) -> None:
        """Add to the audit record; where that cannot be written the gate has refused anyway."""
        if evidence.recordable:
            return
        asked = self._gatherer.asked
        self._gatherer.ledger.record(
            what, account=evidence.account, arn=evidence.arn, region=asked.region,
            cluster=asked.cluster, trigger=asked.trigger, plan=str(evidence.plan),
            tags=dict(evidence.cluster.tags) if evidence.cluster else None,
            alarms=dict(evidence.alarms), used=evidence.used,
            refusals=[str(refusal) for refusal in closed],
        )  # fmt: skip

    def _to_monotonic(self, seconds: float) -> float:
        return seconds - (self._gatherer.offset or 0.0) - (time.time() - time.monotonic())

    @property
    def failovers(self) -> Sequence[LiveFailover]:
        """Return every failover so far, in order."""
        return self._failovers

    def check(self) -> None:
        """Raise LostWatchError if a failover is not watched any more."""
        for failover in self._failovers[-1:]:
            failover.check()

    def rest(self) -> None:
        """Wait until the last failover is over and all instances are available.

        Raises:
            NotReadyError: if that does not happen.
        """
        self.check()
        if self._failovers:
            last = self._failovers[-1]
            if not wait_until(last.settled, timeout=REST_WITHIN, clock=self._clock, every=0.1):
                raise NotReadyError(f"the failover {last.profile!r}", REST_WITHIN)
            last.stop()

    def close(self) -> None:
        """End all watching; the cluster stays as it is."""
        for failover in self._failovers:
            failover.stop()

    def parts(self) -> Mapping[str, str]:
        """Return what was measured, for people."""
        asked, offset = self._gatherer.asked, self._gatherer.offset
        parts = {
            "cluster": f"{asked.cluster} ({self.facts.engine} {self.facts.version})",
            "place": f"account {asked.account}, {asked.region}",
            "credentials": f"{self._credentials.user}, from {self._credentials.source}",
            "tls": "verified" if self._ca else "off",
            "trigger": asked.trigger,
            "clock": "unknown" if offset is None else f"AWS is {offset:+.1f} s (±1 s) from ours",
        }
        if asked.endpoint_url:
            parts["stand-in"] = asked.endpoint_url
        if self.proxy_facts is not None:
            parts["proxy"] = self.proxy_facts.name
        return parts
