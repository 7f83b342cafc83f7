"""The end of an observation: all is well again, or the load's time is over; and who is connected then."""

import gc
import math
from collections.abc import Callable
from dataclasses import dataclass

from pytest_rdsfailover.load.engine import Engine
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.model.traffic import Sessions
from pytest_rdsfailover.trial.disturbances import Disturbances
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.recovery import Recovery

HANG_UP = 0.2  # seconds before functions hang up in which their connections are looked at
NOTICED = 0.2  # seconds in which the gateway sees that clients have closed connections


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends an observation.

    Attributes:
        load: the writers.
        recovery: tells whether they are well.
        target: what failed over.
        endpoint: where they connect.
        plan: for how long.
        clock: measures it.
    """

    load: Engine
    recovery: Recovery
    target: Target
    endpoint: Endpoint
    plan: Plan
    clock: Clock

    def wait(
        self, disturbances: Disturbances, look: Callable[[], None], *, unfit: bool
    ) -> tuple[float, Sessions | None]:
        """Wait until observation ends; return when that was, and the endpoint's connections then.

        Args:
            disturbances: the failovers.
            look: is called now and then, and raises if waiting has become pointless.
            unfit: nothing was triggered, so that there is nothing to wait for.
        """
        ends = self.load.ends
        if ends is None:
            self.recovery.wait(disturbances, self.plan.bound, look=look)
            return self.clock.now(), self._open_sessions()  # before the writers hang up
        sessions = None
        if not unfit:
            self.load.wait(look, until=ends - HANG_UP)
            sessions = self._open_sessions(ends)
            self.load.wait(look)
        return min(self.clock.now(), ends), sessions

    def _open_sessions(self, before: float = math.inf) -> Sessions | None:
        """Return the endpoint's connections now; None if writers may have hung up already."""
        sessions = self.target.sessions(self.endpoint.name)
        if sessions is not None and sessions.left and self.plan.is_here:
            # What an application has dropped in a cycle of references is no connection of its own.
            gc.collect()
            self.clock.sleep(NOTICED)
            sessions = self.target.sessions(self.endpoint.name)
        return sessions if self.clock.now() < before else None
