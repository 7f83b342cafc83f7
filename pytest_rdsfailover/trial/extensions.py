"""What a project may add to its trials; knows nothing of pytest."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import RdsFailoverError, public
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.target import Failover, Target
from pytest_rdsfailover.trial.trial import Trial


@public
class UnsafeError(RdsFailoverError):
    """A safety check of the project refused a failover, so it was not triggered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFault:
    """A fault that the project caused by itself, as a trial wants to know it.

    Attributes:
        triggered: when it was caused, on the monotonic clock (`time.monotonic()`).
        profile: what reports call it.
        moves_writer: whether another instance should be the writer afterwards; None for a fault
            that is no failover, such as a cut network.
        seen: what happened since, if it is known; times on the monotonic clock.
    """

    triggered: float
    profile: str
    moves_writer: bool | None = None
    seen: Sequence[Milestone] = field(default_factory=tuple)

    def milestones(self) -> Sequence[Milestone]:
        """Return the trigger and what was seen since."""
        return [Milestone(name="trigger", at=self.triggered), *self.seen]

    def settled(self) -> bool:
        """Tell that nothing more will be done."""
        return True

    def told(self) -> bool:
        """Tell that nothing more will be heard."""
        return True


class Extensions:
    """What a project may add with its hooks; as it stands, it adds nothing."""

    def before_trial(self, cluster: Target, endpoint: Endpoint) -> None:
        """Prepare for a trial, before its load begins."""

    def after_trial(self, cluster: Target, endpoint: Endpoint, trial: Trial) -> None:
        """Look at a trial, whatever became of it, after its load has ended."""

    def check_safety(self, cluster: Target, instance: str | None, profile: str | None) -> None:
        """Refuse a failover that must not happen now.

        Raises:
            UnsafeError: with the reasons.
        """

    @property
    def triggers(self) -> bool:
        """Tell whether `trigger` may trigger anything; the cluster has to permit that first."""
        return False

    def trigger(
        self,
        cluster: Target,  # noqa: ARG002 - for those who override it
        instance: str | None,  # noqa: ARG002
        profile: str | None,  # noqa: ARG002
        seed: int,  # noqa: ARG002
    ) -> Failover | None:
        """Trigger the failover in another way and return it; None to leave it to the cluster."""
        return None

    @property
    def classify(self) -> Classify | None:
        """Return what tells outcome and fault of a failed write; None for the usual."""
        return None
