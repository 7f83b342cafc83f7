"""Reads back what a load has stored; tries again for a while, because the audit proves everything."""

from collections.abc import Callable

from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import AuditError

PATIENCE = 10.0  # seconds for which a failing audit is tried again
EVERY = 0.02  # seconds between two tries


def read_back(workload: Workload, where: Callable[[], Endpoint], clock: Clock) -> Stored | None:
    """Return what is stored; None if nobody can tell.

    Args:
        workload: what wrote it.
        where: returns the endpoint to read from, asked before every try.
        clock: tells when to give up.

    Raises:
        AuditError: with the last reason.
    """
    deadline = clock.now() + PATIENCE
    while True:
        try:
            positions = workload.stored(where())
            if positions is None:
                return None
            found = list(positions)  # first: what is torn is known after that
            return Stored(positions=found, torn=list(workload.torn))
        except Exception as error:
            if clock.now() >= deadline:
                raise AuditError(f"the stored writes cannot be read back: {error}") from error
            clock.sleep(EVERY)
