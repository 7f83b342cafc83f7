"""Reads back what a load has stored; tries again for a while what a failover may have made fail."""

from collections.abc import Callable

from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.model.clock import Clock
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import AuditError, ExitedWorkError
from pytest_rdsfailover.mysql import driver

PATIENCE = 10.0  # seconds for which a failing audit is tried again
EVERY = 0.02  # seconds between two tries
# The server's own errors that pass: of resources that ran out, of a network, of locks, of a
# statement that was ended, and RDS Proxy's words for anything and for a wait in vain.
PASSING = frozenset({
    1021, 1037, 1040, 1041, 1105, 1129, 1135, 1158, 1159, 1160, 1161, 1180, 1203, 1205, 1213, 1226,
    1317, 3024, 9501,
})  # fmt: skip
# Of Python's own errors those that the same call raises again, whatever the database does.
MISTAKES = (TypeError, AttributeError, NameError, LookupError, ValueError, ImportError,
            AssertionError, ArithmeticError, NotImplementedError, ExitedWorkError)  # fmt: skip


def read_back(workload: Workload, where: Callable[[], Endpoint], clock: Clock) -> Stored | None:
    """Return what is stored; None if nobody can tell.

    Args:
        workload: what wrote it.
        where: returns the endpoint to read from, asked before every try.
        clock: tells when to give up.

    Raises:
        AuditError: with the last reason; at once if trying again cannot help.
    """
    deadline, endpoint = clock.now() + PATIENCE, None
    while True:
        try:
            endpoint = where()
            positions = workload.stored(endpoint)
            if positions is None:
                return None
            found = list(positions)  # first: what is torn is known after that
            return Stored(positions=found, torn=list(workload.torn))
        except AuditError:
            raise
        except Exception as error:
            why = f"the stored writes cannot be read back: {type(error).__name__}: {error}"
            passing, lost = passing_codes(endpoint), endpoint.lost() if endpoint else ""
            if lost:
                raise AuditError(f"{why}; {lost}") from error
            if is_mistake(error, passing):
                raise AuditError(f"{why}; no failover makes this fail, so it was not tried again"
                                 ) from error  # fmt: skip
            if clock.now() >= deadline:
                raise AuditError(f"{why}; {_remedy(error)}") from error
            clock.sleep(EVERY)


def passing_codes(endpoint: Endpoint | None) -> frozenset[int]:
    """Return the server's own errors that pass at an endpoint, so that trying again may help.

    While a secret is rotated the database refuses its old password for a moment before there is a new one,
    and for good where that cannot be read.
    """
    rotates = endpoint is not None and endpoint.renew is not None and not endpoint.lost()
    return PASSING | {driver.ACCESS_DENIED} if rotates else PASSING


def is_mistake(error: BaseException, passing: frozenset[int] = PASSING) -> bool:
    """Tell whether an error is of the code that reads back, and not of a connection or a server.

    An error that wraps one of a connection is no mistake, whichever library's class it has.
    """
    kinds = {(fault.kind, fault.code) for fault in map(driver.fault_of, driver.chain(error))}
    if any(kind not in {"server", "client"} or code in passing for kind, code in kinds):
        return False
    if any(kind == "server" for kind, _ in kinds):
        return True
    return isinstance(error, MISTAKES)


def _remedy(error: BaseException) -> str:
    """Return what to do about an error that trying again did not cure."""
    kind = driver.fault_of(error).kind
    if kind == "reset":
        return (
            f"tried for {PATIENCE:g} s. The failover has cut this connection, and nothing replaces"
            " it: connect in stored, or let the pool drop what is cut"
        )
    if kind == "read-only":
        return (
            f"tried for {PATIENCE:g} s. This connection stayed on the demoted writer: connect in"
            " stored, or let the pool drop connections on read-only errors"
        )
    return f"tried for {PATIENCE:g} s"
