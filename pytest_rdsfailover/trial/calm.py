"""Whether a load works by itself, before anything disturbs it."""

from collections.abc import Callable

from pytest_rdsfailover.analysis.validity import why_unfit
from pytest_rdsfailover.load.engine import Engine
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.model.clock import Clock, wait_until
from pytest_rdsfailover.model.errors import RdsFailoverError, public
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.witness import Witness

LOOK_EVERY = 0.02  # seconds between two looks at the writers
FIRST_ANSWER = 30.0  # seconds that the first operation of a load may take

NEVER_WORKED = "no write was acknowledged before the trigger, so the load had never worked: "
NOTHING_RETURNED = (
    "no call that writes has returned or raised; bound its waits, and await nothing that is bound to"
    " another event loop"
)
NOTHING_STORED = (
    "no function has stored one; see whether they reach the endpoint, and whether it takes writes"
)


@public
class UnfitLoadError(RdsFailoverError):
    """A load does not work by itself, so nothing was triggered; its trial is invalid."""


class CalmCheck:
    """Looks at a load before anything disturbs it.

    Args:
        load: whose operations these are.
        witness: tells whether they reach the cluster.
        plan: which share of them may fail, and how long an answer may take.
        clock: measures the wait for the first answer.
        check: raises if that wait has become pointless.
    """

    def __init__(
        self,
        load: Engine,
        witness: Witness,
        plan: Plan,
        clock: Clock,
        check: Callable[[], None],
    ) -> None:
        self._load, self._witness, self._plan = load, witness, plan
        self._clock, self._check = clock, check
        self._earlier = 0  # operations that were answered before `begin`

    def begin(self) -> None:
        """Look from now on: what was answered before is in no verdict."""
        self._earlier = self._done()

    def check(self) -> Progress:
        """Wait for the first answer since `begin`; return what the load has done.

        Raises:
            UnfitLoadError: if too many of its operations failed, or none reached the cluster.
        """
        patience = min(FIRST_ANSWER, self._plan.bound)
        wait_until(self._answered, timeout=patience, clock=self._clock, every=LOOK_EVERY)
        progress = self._load.progress()
        if progress.acked == progress.failed == 0:
            nothing = NOTHING_STORED if self._plan.functions else NOTHING_RETURNED
            raise UnfitLoadError(NEVER_WORKED + nothing)
        reason = why_unfit(
            acked=progress.acked,
            failed=progress.failed,
            most=self._plan.calm_errors,
            complaints=progress.complaints,
        )
        reason = reason or self._witness.look(progress.acked_by)
        if reason:
            raise UnfitLoadError(reason)
        return progress

    def _answered(self) -> bool:
        self._check()
        return self._done() > self._earlier

    def _done(self) -> int:
        progress = self._load.progress()
        return progress.acked + progress.failed
