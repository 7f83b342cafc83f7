"""All that is known when a trigger is decided: frozen, complete, without any secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from pytest_rdsfailover.live.deployments import DeploymentFacts
from pytest_rdsfailover.live.facts import ClusterFacts, GlobalFacts, ProxyFacts
from pytest_rdsfailover.model.live_settings import LiveSettings

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerPlan:
    """The writer when a trigger is planned, and the instance to promote.

    Both must still be the same at the trigger. Without a target the cluster chooses; that of a
    blue/green switchover is the writer of green.
    """

    writer: str
    target: str | None

    def __str__(self) -> str:
        return f"{self.writer} -> {self.target or 'the cluster chooses'}"


class UnknownError(Exception):
    """A gate needs a fact that could not be learned."""


def learned(fact: Fact | None, what: str) -> Fact:
    """Return a fact.

    Raises:
        UnknownError: if it could not be learned.
    """
    if fact is None:
        raise UnknownError(f"{what} could not be learned")
    return fact


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEvidence:
    """All that the gates judge. What could not be learned is None and closes its gate.

    Attributes:
        asked: what the user allows.
        account: the caller's account.
        arn: the caller's ARN.
        cluster: the cluster now.
        proxy: the proxy now; None without one, or if it could not be learned.
        world: the global database now; None without one, or if it could not be learned.
        deployment: the blue/green deployment now; None without one, or if it could not be learned.
        alarms: states of the alarms, by name.
        experiment: the ARNs that the FIS experiment may act on, and its actions; None without one.
        plan: the writer and the target that were planned.
        failovers: when failovers of this cluster began or ended, in seconds of the epoch.
        used: triggers of this session so far.
        session_age: seconds since the session began.
        exclusive: whether the lock of the cluster is ours.
        killed: whether the kill switch is there.
        recordable: why the audit record cannot be written; empty if it can.
        now: the time in UTC.
        unknown: one text for each thing that could not be learned; it says what and why.
    """

    asked: LiveSettings
    account: str | None
    arn: str
    cluster: ClusterFacts | None
    proxy: ProxyFacts | None
    world: GlobalFacts | None
    deployment: DeploymentFacts | None
    alarms: Mapping[str, str] | None
    experiment: tuple[frozenset[str], tuple[str, ...]] | None
    plan: TriggerPlan | None
    failovers: tuple[float, ...]
    used: int
    session_age: float
    exclusive: bool
    killed: bool | None
    recordable: str
    now: datetime
    unknown: tuple[str, ...] = field(default=())

    @property
    def home(self) -> ClusterFacts:
        """Return the cluster.

        Raises:
            UnknownError: if it could not be described.
        """
        if self.cluster is None:
            raise UnknownError("the cluster could not be described")
        return self.cluster

    @property
    def green(self) -> ClusterFacts | None:
        """Return the cluster that is to take over in a blue/green switchover; None in other triggers.

        Raises:
            UnknownError: if it could not be described.
        """
        if self.asked.trigger != "blue-green":
            return None
        if self.deployment is None or self.deployment.green is None:
            raise UnknownError(
                f"the green cluster of {self.asked.blue_green_deployment} could not be described"
            )
        return self.deployment.green

    @property
    def touched(self) -> tuple[ClusterFacts, ...]:
        """Return every cluster that the trigger acts on.

        Raises:
            UnknownError: if one could not be described.
        """
        others = (None if self.world is None else self.world.target, self.green)
        return self.home, *(cluster for cluster in others if cluster is not None)

    def but(self, **changes: Any) -> "GateEvidence":
        """Return the same evidence with some of it changed."""
        return replace(self, **changes)
