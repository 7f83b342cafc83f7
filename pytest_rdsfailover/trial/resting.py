"""What needs a writer that takes writes: done while no failover is on."""

from collections.abc import Callable

from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import NotReadyError
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.mysql import driver

PATIENCE = 10.0  # seconds for which a writer that is away is asked again
EVERY = 0.1  # seconds between two tries
AWAY = frozenset({"refused", "reset", "timeout", "dns", "read-only"})


def at_rest(target: Target, what: str, work: Callable[[Endpoint], None], clock: Clock) -> None:
    """Wait until no failover is on, then do some work on the writer.

    Another failover may begin meanwhile, so that work which finds no writer is done again: it must
    bear that.

    Args:
        target: whose writer it is.
        what: what is done, for the error.
        work: is given the writer's endpoint.
        clock: measures the patience.

    Raises:
        NotReadyError: if a failover does not end, or no writer can be had.
    """
    begun = clock.now()
    while True:
        target.rest()
        try:
            return work(target.audit_endpoint())
        except Exception as error:
            if not _is_away(error):
                raise
            waited = clock.now() - begun
            if waited >= PATIENCE:
                raise NotReadyError(f"a writer to {what}", waited, str(error)) from error
            clock.sleep(EVERY)


def _is_away(error: Exception) -> bool:
    """Tell whether an error says that there is no writer; what it came after is another story."""
    code = error.args[0] if error.args else None
    return isinstance(code, int) and driver.KINDS.get(code) in AWAY
