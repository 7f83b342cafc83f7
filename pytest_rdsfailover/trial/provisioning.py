"""Makes what a workload needs, and drops it; at rest, on the writer, if that is in the database."""

from functools import partial

from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.trial.resting import at_rest, rest_awhile, rest_briefly


def create(workload: Workload, target: Target, endpoint: Endpoint, clock: Clock) -> None:
    """Make what the workload needs.

    Raises:
        NotReadyError: if a failover does not end, or no writer can be had.
    """
    if workload.needs_writer:
        what = f"create {workload.made}"
        at_rest(target, what, workload.create, clock, rest=target.rest)
    else:
        workload.create(endpoint)


def drop(
    workload: Workload,
    target: Target,
    endpoint: Endpoint,
    clock: Clock,
    *,
    interrupted: bool = False,
) -> None:
    """Remove it; a failover that is late is waited for no longer than a trial waits.

    Args:
        workload: what has made it.
        target: where it is.
        endpoint: where the writers connect.
        clock: measures the patience.
        interrupted: whether somebody wants the run to end, and waits for no failover.

    Raises:
        NotReadyError: if a failover does not end, or no writer can be had.
    """
    if workload.needs_writer:
        late = partial(rest_briefly if interrupted else rest_awhile, target, clock)
        at_rest(target, f"drop {workload.made}", workload.drop, clock, rest=late)
    else:
        workload.drop(endpoint)
