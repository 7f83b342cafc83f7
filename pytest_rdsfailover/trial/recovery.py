"""Whether a load is well again after its failovers."""

from collections.abc import Callable

from pytest_rdsfailover.load.engine import Engine
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.target import settled_at
from pytest_rdsfailover.trial.disturbances import Disturbances

LOOK_EVERY = 0.02  # seconds between two looks at the writers
MOST_BOUNDS = 3  # times the bound that is waited if one failover follows the other
ANSWERS_EVERY = 0.002  # seconds between two looks for the answer that observation ends with
LAST_ANSWER = 1.0  # seconds that are waited for it; a gap of that length is an outage anyway
AT_BOUND = 0.05  # the same, where not all is well: whoever is served is so soon
TIMES_THE_CALM = 2.0  # a share of errors up to this many times the calm's is the load's own


class Recovery:
    """Looks at a load until all of its writers are back and its errors have ended.

    Args:
        load: whose writers these are.
        writers: how many.
        quiet: for how many seconds no operation may fail.
        clock: measures them.
    """

    def __init__(self, load: Engine, writers: int, quiet: float, clock: Clock) -> None:
        self._load, self._writers, self._quiet, self._clock = load, writers, quiet, clock
        self._calm = 0.0  # share of the operations that failed before anything was triggered
        self._since: tuple[float, Progress] | None = None  # where the quiet stretch begins

    def wait(self, disturbances: Disturbances, bound: float, *, look: Callable[[], None]) -> None:
        """Wait until all failovers are over, all is well, and somebody is served.

        What is triggered meanwhile is waited for as well. Observation ends with an answer if there is
        one: else a pause of this machine at its very end would be an outage that was not over.

        Args:
            disturbances: the failovers.
            bound: seconds after the last trigger that are waited at most, beside the quiet ones.
            look: is called at every look at the load, and raises if waiting has become pointless.
        """
        well = self._gets_well(disturbances, bound, look)
        self._wait_for_an_answer(look, LAST_ANSWER if well else AT_BOUND)

    def _gets_well(
        self, disturbances: Disturbances, bound: float, look: Callable[[], None]
    ) -> bool:
        """Wait until all is well, and all is told of it; return whether it was well in the end.

        What is told late is not waited for beyond the bound, and makes nobody less well.
        """
        begun = self._clock.now()
        if not disturbances.found():
            self._clock.sleep(self._quiet)
        while True:
            look()
            failovers = disturbances.found()
            well = not failovers or self.well(settled_at(failovers))
            if well and all(failover.told() for failover in failovers):
                return True
            latest = min(failovers[-1].triggered, begun + (MOST_BOUNDS - 1) * bound)
            if self._clock.now() >= latest + bound + self._quiet:
                return well
            self._clock.sleep(LOOK_EVERY)

    def _wait_for_an_answer(self, look: Callable[[], None], within: float) -> None:
        acked, deadline = self._load.progress().acked, self._clock.now() + within
        while self._load.progress().acked <= acked and self._clock.now() < deadline:
            look()
            self._clock.sleep(ANSWERS_EVERY)

    def note_calm(self, progress: Progress) -> None:
        """Note what the load did before anything was triggered: it may fail as often again."""
        self._calm = _share(progress.acked, progress.failed)

    def well(self, settled: float | None) -> bool:
        """Tell whether all is well by now.

        Args:
            settled: when the cluster had settled; None if it has not.
        """
        if settled is None or self._load.acked_since(settled) < self._writers:
            self._since = None
            return False
        now = self._clock.now()
        if self._since is None:
            self._since = now, self._load.progress()
        begun, before = self._since
        if now - begun < self._quiet:
            return False
        progress = self._load.progress()
        acked, failed = progress.acked - before.acked, progress.failed - before.failed
        if _share(acked, failed) > TIMES_THE_CALM * self._calm:
            self._since = now, progress
            return False
        return True


def _share(acked: int, failed: int) -> float:
    return failed / (acked + failed) if failed else 0.0
