"""An experiment of FIS on its way: what AWS says of it, and whether another may be started."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.region import Region

UNDER_WAY = frozenset({"pending", "initiating", "running", "stopping"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentState:
    """An experiment as FIS describes it.

    Attributes:
        id: its identifier.
        status: `initiating`, `running`, `completed`, `failed` ...; `unknown` if FIS did not tell.
        reason: why it has that status, in FIS' words; empty if it gave none.
    """

    id: str
    status: str
    reason: str

    @property
    def under_way(self) -> bool:
        """Tell whether it may still act."""
        return self.status in UNDER_WAY

    @property
    def repeatable(self) -> bool:
        """Tell whether another one may be started: only after one that has done all it could."""
        return self.status == "completed"

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"experiment {self.id} is {self.status}{reason}"


def experiment_state(region: Region, identifier: str) -> ExperimentState:
    """Ask FIS for an experiment; a refusal is the status `unknown`, with the refusal as reason."""
    try:
        answer = region.experiment(identifier)
    except AwsError as error:
        return ExperimentState(id=identifier, status="unknown", reason=str(error))
    state: Mapping[str, Any] = answer.get("state", {})
    return ExperimentState(
        id=identifier, status=state.get("status", "unknown"), reason=state.get("reason", "")
    )
