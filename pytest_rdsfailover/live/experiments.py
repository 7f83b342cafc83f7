"""An experiment of FIS on its way: what AWS says of it, and whether another may be started."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.region import Region
from pytest_rdsfailover.model.shown import one_line

UNDER_WAY = frozenset({"pending", "initiating", "running", "stopping"})
NOT_DONE = frozenset({"skipped", "failed", "cancelled", "stopped"})  # of an action


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentState:
    """An experiment as FIS describes it.

    Attributes:
        id: its identifier.
        status: `initiating`, `running`, `completed`, `failed` ...; `unknown` if FIS did not tell.
        reason: why it has that status, in FIS' words; empty if it gave none.
        undone: the actions that did not do what they should, each with its status and reason. An
            experiment whose target was empty may be `completed`, and its action `skipped`.
    """

    id: str
    status: str
    reason: str
    undone: tuple[str, ...] = ()

    @property
    def under_way(self) -> bool:
        """Tell whether it may still act."""
        return self.status in UNDER_WAY

    @property
    def repeatable(self) -> bool:
        """Tell whether another one may be started: only after one that has done all it could."""
        return self.status == "completed" and not self.undone

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return one_line("; ".join((f"experiment {self.id} is {self.status}{reason}", *self.undone)))


def experiment_state(region: Region, identifier: str) -> ExperimentState:
    """Ask FIS for an experiment; a refusal is the status `unknown`, with the refusal as reason."""
    try:
        answer = region.experiment(identifier)
    except AwsError as error:
        return ExperimentState(id=identifier, status="unknown", reason=str(error))
    state: Mapping[str, Any] = answer.get("state", {})
    actions = (_undone(name, action) for name, action in answer.get("actions", {}).items())
    return ExperimentState(
        id=identifier,
        status=state.get("status", "unknown"),
        reason=state.get("reason", ""),
        undone=tuple(filter(None, actions)),
    )


def _undone(name: str, action: Mapping[str, Any]) -> str:
    """Return what became of an action that did not act; empty for one that did, or still may."""
    state = action.get("state", {})
    status, reason = state.get("status"), state.get("reason", "")
    if status not in NOT_DONE:
        return ""
    return f"action {name} is {status}{reason and f': {reason}'}"
