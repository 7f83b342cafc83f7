"""What RDS tells of a blue/green deployment, as a record; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.facts import ClusterFacts

AVAILABLE, COMPLETED = "AVAILABLE", "SWITCHOVER_COMPLETED"
IN_PROGRESS = "SWITCHOVER_IN_PROGRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A cluster or an instance of blue and its twin of green, by their ARNs; empty for none."""

    source: str
    target: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFacts:
    """A blue/green deployment, as RDS describes it.

    Attributes:
        id: its identifier.
        name: what its owner calls it.
        status: `AVAILABLE`, or what else it is.
        details: what RDS says of its status; empty if it says nothing.
        source: ARN of blue's cluster, which a switchover gives another name.
        target: ARN of green's cluster, which a switchover gives blue's name.
        pairs: the members of both.
        green: the cluster of *target*, as RDS describes it; None if nobody has asked.
    """

    id: str
    name: str
    status: str
    details: str
    source: str
    target: str
    pairs: tuple[Pair, ...]
    green: ClusterFacts | None = None

    def with_green(self, green: ClusterFacts) -> "DeploymentFacts":
        """Return the same with its green cluster."""
        return replace(self, green=green)

    def successor(self, writer: str) -> str | None:
        """Return the name that green's writer has after a switchover; None if RDS does not tell."""
        return _only_instance(
            pair.source for pair in self.pairs if pair.target.endswith(f":db:{writer}")
        )

    def twin(self, instance: str) -> str | None:
        """Return the name of the green twin of an instance of blue; None if it has none."""
        return _only_instance(
            pair.target for pair in self.pairs if pair.source.endswith(f":db:{instance}")
        )

    def __str__(self) -> str:
        return f"{self.id} is {self.status}" + (f" ({self.details})" if self.details else "")


def deployment_facts(answer: Mapping[str, Any]) -> DeploymentFacts:
    """Return a deployment from what `DescribeBlueGreenDeployments` answered.

    Raises:
        KeyError: if the answer lacks a field that every answer has.
    """
    return DeploymentFacts(
        id=answer["BlueGreenDeploymentIdentifier"],
        name=answer.get("BlueGreenDeploymentName", ""),
        status=answer["Status"],
        details=answer.get("StatusDetails", ""),
        source=answer["Source"],
        target=answer.get("Target", ""),
        pairs=tuple(
            Pair(
                source=pair.get("SourceMember", ""),
                target=pair.get("TargetMember", ""),
                status=pair.get("Status", ""),
            )
            for pair in answer.get("SwitchoverDetails", ())
        ),
    )


def cluster_of(arn: str) -> str:
    """Return the identifier of a cluster by its ARN.

    Raises:
        AwsError: if the ARN is none of a cluster.
    """
    kind, _, name = _name(arn).partition(":")
    if kind != "cluster" or not name:
        said = f"{arn or 'nothing'} is no cluster's ARN"
        raise AwsError("describe_blue_green_deployments", "NoCluster", said)
    return name


def _only_instance(arns: Iterable[str]) -> str | None:
    """Return the identifier of the one instance; None for none, or for several."""
    names = [_name(arn).removeprefix("db:") for arn in arns]
    return names[0] or None if len(names) == 1 else None


def _name(arn: str) -> str:
    """Return the kind and the identifier of a resource, as `db:orders-1`."""
    return ":".join(arn.split(":")[5:])
