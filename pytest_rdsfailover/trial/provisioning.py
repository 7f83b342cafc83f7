"""Makes what a workload needs, and drops it; at rest, on the writer, if that is in the database."""

from functools import partial

from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.mysql import driver
from pytest_rdsfailover.trial.resting import BRIEF, REST, at_rest, rest_or_go_on

UNREACHED = frozenset({"refused", "dns"})  # of a connection that was never there


class Provision:
    """Makes what a workload needs; drops it if it has been made, or may have been.

    Args:
        target: where it is.
        endpoint: where the writers connect.
        clock: measures the patience.
    """

    def __init__(self, target: Target, endpoint: Endpoint, clock: Clock) -> None:
        self._target, self._endpoint, self._clock = target, endpoint, clock
        self._made = False  # or may have been

    def create(self, workload: Workload) -> None:
        """Make it.

        Raises:
            NotReadyError: if a failover does not end, or no writer can be had.
        """
        if workload.needs_writer:
            work = partial(self._create, workload)
            at_rest(
                self._target, f"create {workload.made}", work, self._clock, rest=self._target.rest
            )
        else:
            self._made = True
            workload.create(self._endpoint)

    def drop(self, workload: Workload, *, interrupted: bool = False) -> None:
        """Remove it; a failover that is late is waited for no longer than a trial waits.

        Args:
            workload: what has made it.
            interrupted: whether somebody wants the run to end, and waits for no failover.

        Raises:
            NotReadyError: if no writer can be had.
        """
        if self._made and workload.needs_writer:
            within = BRIEF if interrupted else REST
            late = partial(rest_or_go_on, self._target, self._clock, within)
            at_rest(self._target, f"drop {workload.made}", workload.drop, self._clock, rest=late)
        elif self._made:
            workload.drop(self._endpoint)

    def _create(self, workload: Workload, control: Endpoint) -> None:
        """Make it; a try that the server has refused, or that never reached it, has made nothing."""
        before, self._made = self._made, True
        try:
            workload.create(control)
        except Exception as error:
            fault = driver.fault_of(error)
            answered = fault.kind in {"server", "read-only"} and fault.code not in driver.UNDECIDED
            if answered or fault.kind in UNREACHED:
                self._made = before
            raise
