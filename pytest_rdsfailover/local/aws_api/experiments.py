"""What an experiment of the Fault Injection Service would do to databases. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FAIL_OVER, REBOOT = "aws:rds:failover-db-cluster", "aws:rds:reboot-db-instances"
TARGETS = {FAIL_OVER: "Clusters", REBOOT: "DBInstances"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action on databases.

    Attributes:
        name: what the experiment calls it.
        kind: FIS' action id.
        arns: the clusters or instances to act on.
        forced: the parameter `forceFailover` of a reboot.
    """

    name: str
    kind: str
    arns: Sequence[str]
    forced: bool


def actions(
    experiment: Mapping[str, Any], tagged: Callable[[str, Mapping[str, str]], Sequence[str]]
) -> Iterator[Action]:
    """Yield the actions of an experiment that concern databases.

    Args:
        experiment: `actions` and `targets` as FIS has them.
        tagged: returns the ARNs of the resources of a type that carry all of the given tags.
    """
    for name, action in experiment["actions"].items():
        kind = action["actionId"]
        if kind in TARGETS:
            target = experiment["targets"].get(action.get("targets", {}).get(TARGETS[kind]), {})
            arns = target.get("resourceArns") or []
            if tags := target.get("resourceTags"):
                arns = tagged(target.get("resourceType", ""), tags)
            forced = action.get("parameters", {}).get("forceFailover") == "true"
            chosen = selected(arns, target.get("selectionMode", "ALL"))
            yield Action(name=name, kind=kind, arns=chosen, forced=forced)


def unsupported(experiment: Mapping[str, Any]) -> str:
    """Return what an experiment wants that a local cluster has not; empty if it has all."""
    for name, action in experiment["actions"].items():
        if action.get("startAfter"):
            return f"Action {name}: a local cluster begins all actions at once, and knows no startAfter"
    for name, target in experiment["targets"].items():
        if target.get("filters"):
            return (
                f"Target {name}: a local cluster knows no filters; name the resource, or its tags"
            )
    return ""


def selected(arns: Sequence[str], mode: str) -> Sequence[str]:
    """Return the first ARNs, as many as a mode selects: `ALL`, `COUNT(n)` or `PERCENT(n)`."""
    kind, _, number = mode.rstrip(")").partition("(")
    if kind == "COUNT":
        return arns[: int(number)]
    if kind == "PERCENT":
        return arns[: int(len(arns) * int(number) / 100)]
    return arns
