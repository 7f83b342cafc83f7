"""Collects the evidence for the gates; a fact that cannot be learned is noted, never assumed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.deployments import (
    AVAILABLE,
    DeploymentFacts,
    cluster_of,
    deployment_facts,
)
from pytest_rdsfailover.live.event_texts import is_failover, switchover_step
from pytest_rdsfailover.live.evidence import GateEvidence, TriggerPlan
from pytest_rdsfailover.live.facts import (
    ClusterFacts,
    GlobalFacts,
    ProxyFacts,
    across,
    cluster_facts,
    experiment_facts,
    global_facts,
    proxy_facts,
)
from pytest_rdsfailover.live.ledger import Ledger
from pytest_rdsfailover.live.region import Plain, Region
from pytest_rdsfailover.live.sdk import check_sdk
from pytest_rdsfailover.model.clock import session_clock
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.paths import is_there

T = TypeVar("T")
FIRST_MINUTES = 10  # the events of the last ten minutes are read at least


@dataclass(slots=True)
class Gatherer:
    """Asks AWS and this machine for all that the gates judge.

    Attributes:
        asked: what the user allows.
        region: the AWS API.
        ledger: the lock, the budget and the audit record.
        offset: AWS' clock minus ours, in seconds, as last measured; None while unknown.
        uncertainty: by how many seconds the offset may be off.
        epoch: AWS' time when the monotonic clock was 0, as last measured; None while unknown. Of a
            wall clock that is set meanwhile it knows nothing.
    """

    asked: LiveSettings
    region: Region
    ledger: Ledger
    offset: float | None = None
    uncertainty: float = 0.5
    epoch: float | None = None

    def now(self) -> float:
        """Return AWS' time, in seconds of the epoch; this machine's while nobody has asked AWS."""
        return time.time() if self.epoch is None else self.epoch + time.monotonic()

    def to_monotonic(self, seconds: float) -> float:
        """Turn AWS' seconds of the epoch into those of the monotonic clock."""
        return time.monotonic() + (seconds - self.now())

    def cluster(self) -> ClusterFacts:
        """Return the cluster as it is now; for a switchover, the clusters of both regions as one.

        Raises:
            AwsError: if AWS refuses, or cannot be asked.
        """
        home, world = _described(self.region, self.asked.cluster), self.world()
        return home if world is None else across(home, world)

    def world(self) -> GlobalFacts | None:
        """Return the global database as it is now; None if the trigger is no switchover.

        Raises:
            AwsError: if AWS refuses, or cannot be asked.
        """
        if self.asked.trigger != "switchover":
            return None
        *_, place, _, _, name = self.asked.switchover_to.split(":")
        answer = self.region.global_cluster(self.asked.global_cluster)
        return global_facts(answer, _described(self.region.elsewhere(place), name))

    def deployment(self) -> DeploymentFacts | None:
        """Return the blue/green deployment as it is now, with green; None in other triggers.

        Raises:
            AwsError: if AWS refuses, or cannot be asked, or there is no green cluster.
        """
        if self.asked.trigger != "blue-green":
            return None
        facts = deployment_facts(self.region.deployment(self.asked.blue_green_deployment or ""))
        if not facts.target:
            said = f"{facts} and has no green cluster: wait until it is {AVAILABLE}"
            raise AwsError("describe_blue_green_deployments", "NoCluster", said)
        return facts.with_green(_described(self.region, cluster_of(facts.target)))

    def proxy(self) -> ProxyFacts | None:
        """Return the proxy as it is now; None if none is named.

        Raises:
            AwsError: if AWS refuses, or cannot be asked.
        """
        name = self.asked.proxy
        if name is None:
            return None
        return proxy_facts(self.region.proxy(name), self.region.proxy_targets(name))

    def evidence(self, plan: TriggerPlan | None, target: str | None = None) -> GateEvidence:
        """Return all that is known now.

        Args:
            plan: what was planned before; None to plan with the writer of this moment.
            target: the instance to promote, if nothing was planned before.
        """
        unknown: list[str] = []
        asked, region, ledger = self.asked, self.region, self.ledger

        def learn(what: str, ask: Callable[[], T]) -> T | None:
            try:
                return ask()
            except (AwsError, KeyError, TypeError, ValueError, OSError) as error:
                unknown.append(f"{what} could not be learned: {error}")
                return None

        caller = learn("the caller", region.caller) or {}
        self.offset = caller.get("offset", self.offset)
        if caller.get("offset") is not None:
            self.epoch = time.time() + caller["offset"] - time.monotonic()
        self.uncertainty = caller.get("uncertainty", self.uncertainty)
        learn("what the SDK knows", lambda: check_sdk(region, asked))
        cluster = learn("the cluster", self.cluster)
        deployment = learn("the blue/green deployment", self.deployment)
        green = None if deployment is None else deployment.green
        template = asked.fis_template if asked.trigger == "fis" else None
        used = learn("the budget", lambda: ledger.used)
        killed = learn(
            "the kill switch",
            lambda: asked.kill_switch is not None and is_there(asked.kill_switch),
        )
        return GateEvidence(
            asked=asked,
            account=caller.get("Account"),
            arn=caller.get("Arn", ""),
            cluster=cluster,
            proxy=learn("the proxy", self.proxy),
            world=learn("the global database", self.world),
            deployment=deployment,
            alarms=learn("the alarms", lambda: region.alarms(asked.alarms)),
            experiment=learn(
                "the experiment",
                lambda: template and experiment_facts(region.template(template)),
            ) or None,
            plan=plan or _plan(cluster, target, green),
            failovers=learn("the last failovers", lambda: self.failovers(green)) or (),
            used=asked.max_failovers if used is None else used,
            session_age=session_clock() - asked.started,
            exclusive=ledger.exclusive,
            killed=killed,
            recordable=ledger.why_not_recordable(),
            now=datetime.fromtimestamp(self.now(), UTC),
            unknown=tuple(unknown),
        )  # fmt: skip

    def failovers(self, green: ClusterFacts | None = None) -> tuple[float, ...]:
        """Return when recent failovers began or ended, in order, in AWS' seconds of the epoch.

        Blue/green switchovers of the cluster are among them, whoever began them.

        Args:
            green: the other cluster whose failovers count; None for none.

        Raises:
            AwsError: if AWS refuses, or cannot be asked.
        """
        minutes = max(FIRST_MINUTES, int(self.asked.min_interval / 60) + 1)
        names = [self.asked.cluster, *([] if green is None else [green.id])]
        events = [event for name in names for event in self.region.events(name, minutes)]
        found = [event for event in events if is_failover(event)]
        others = self.region.deployment_events(minutes)
        found += [event for event in others if switchover_step(event, names)]
        last, times = self.ledger.last, [seconds_of(event) for event in found]
        return tuple(sorted([*times, *([] if last is None else [last])]))


def _described(region: Region, name: str) -> ClusterFacts:
    return cluster_facts(region.cluster(name), region.instances(name))


def _plan(
    cluster: ClusterFacts | None, target: str | None, green: ClusterFacts | None
) -> TriggerPlan | None:
    if cluster is None or len(cluster.writers) != 1:
        return None
    if green is not None:
        target = green.writers[0] if len(green.writers) == 1 else None
    return TriggerPlan(writer=cluster.writers[0], target=target)


def seconds_of(event: Plain) -> float:
    """Return when an event happened by AWS' clock, in seconds of the epoch."""
    moment: datetime = event["Date"]
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
