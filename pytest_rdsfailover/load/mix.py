"""What writers do in turn: steps, each as often as it weighs, evenly spread."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.model.errors import SettingError

MOST = 1000  # steps before a mix begins again


@dataclass(frozen=True, slots=True, eq=False)
class MixStep:
    """One thing that a writer does at a slot.

    Attributes:
        name: what the step is called.
        reads: whether it stores nothing; then it counts for no outage.
        call: the user's own code; None for ours.
        reports: whether that code reports its attempts.
        aside: whether it has a connection of its own; the writer keeps its own when that is lost.
    """

    name: str
    reads: bool = False
    call: Callable[..., Any] | None = None
    reports: bool = False
    aside: bool = False


WRITE = MixStep("write")
TRANSACTION = MixStep("transaction")
READ_YOUR_WRITE = MixStep("read_your_write", reads=True)
READ = MixStep("read", reads=True, aside=True)
OURS = {step.name: step for step in (WRITE, TRANSACTION, READ_YOUR_WRITE, READ)}


def spread(weights: Mapping[MixStep, int]) -> tuple[MixStep, ...]:
    """Return the order in which steps take turns: each as often as it weighs, evenly spread.

    Raises:
        SettingError: if a weight is no count, or nothing is written at all.
    """
    for step, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int) or weight < 1:
            raise SettingError(
                f"{step.name!r} has the weight {weight!r}; write a whole number from 1"
            )
    total = sum(weights.values())
    if total > MOST:
        raise SettingError(f"the weights are {total} in sum; shorten them to {MOST} at most")
    if all(step.reads for step in weights):
        raise SettingError("a load that only reads shows no outage; give a step that writes, too")
    due = dict.fromkeys(weights, 0)
    turns = []
    for _ in range(total):
        for step, weight in weights.items():
            due[step] += weight
        chosen = max(due, key=due.__getitem__)
        due[chosen] -= total
        turns.append(chosen)
    return tuple(turns)


def share_of_writes(steps: Sequence[MixStep]) -> float:
    """Return which part of the steps write."""
    return sum(not step.reads for step in steps) / len(steps)
