"""What an experiment of the Fault Injection Service would do to databases. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FAIL_OVER, REBOOT = "aws:rds:failover-db-cluster", "aws:rds:reboot-db-instances"
TARGETS = {FAIL_OVER: "Clusters", REBOOT: "DBInstances"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do.

    Attributes:
        name: what the experiment calls it.
        kind: FIS' action id.
        arns: on which clusters or instances.
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
        tagged: returns the ARNs of a resource type that carry all of some tags.
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


def selected(arns: Sequence[str], mode: str) -> Sequence[str]:
    """Return those that a selection mode takes: `ALL`, `COUNT(n)` or `PERCENT(n)`, the first ones."""
    word, _, number = mode.rstrip(")").partition("(")
    if word == "COUNT":
        return arns[: int(number)]
    if word == "PERCENT":
        return arns[: int(len(arns) * int(number) / 100)]
    return arns
