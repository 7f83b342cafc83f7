"""Waits for a cluster to rest, and does work that needs a writer."""

from collections.abc import Callable
from contextlib import suppress

from pytest_rdsfailover.analysis.proof import AWAY
from pytest_rdsfailover.load.audit import passing_codes
from pytest_rdsfailover.model.clock import Clock, wait_until
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import NotReadyError
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.mysql import driver

REST = 60.0  # seconds after the bound of a trial in which its last failover has to end
BRIEF = (
    3.0  # the same for a trial that was interrupted; CI kills a run 10 s or more after it says so
)
PATIENCE = 10.0  # seconds for which a writer that is away is asked again
EVERY = 0.1  # seconds between two tries
NEWS = 0.1  # seconds until the end of a process is known here; its clients may notice it earlier


def rest_awhile(target: Target, clock: Clock, within: float = REST) -> None:
    """Wait until the last failover is over, at most as long as one that is late may take.

    `Target.rest` waits until a failover must be stuck, which on a real cluster is a quarter of an
    hour: too long for a trial that has its verdict.

    Raises:
        NotReadyError: if it does not end.
        RdsFailoverError: if it cannot end, for a server of ours has ended or failed.
    """
    target.check()  # first: what does not answer any more could not tell of failovers
    last = target.failovers[-1:]

    def over() -> bool:
        target.check()
        return all(failover.settled() for failover in last)

    if not wait_until(over, timeout=within, clock=clock):
        raise NotReadyError(f"the failover {last[0].profile!r}", within)


def rest_or_go_on(target: Target, clock: Clock, within: float = REST) -> None:
    """Wait for the last failover to end, and go on if it has not, or nobody can tell."""
    with suppress(NotReadyError):
        rest_awhile(target, clock, within)


def check_late(target: Target, clock: Clock) -> None:
    """Raise DiedError if a server of ours has ended just now, so that something else has failed."""
    clock.sleep(NEWS)
    target.check()


def at_rest(
    target: Target,
    what: str,
    work: Callable[[Endpoint], None],
    clock: Clock,
    *,
    rest: Callable[[], None],
) -> None:
    """Wait until no failover is on, then do some work on the writer.

    Another failover may begin meanwhile, and everybody who comes back may take all connections: so
    work which finds no writer, or a server that cannot serve just now, is done again. It must bear that.

    Args:
        target: whose writer it is.
        what: what is done, for the error.
        work: is given the writer's endpoint.
        clock: measures the patience.
        rest: waits until no failover is on.

    Raises:
        NotReadyError: if a failover does not end, or no writer can be had.
        RdsFailoverError: if none can be had, for a server of ours has ended or failed.
    """
    begun, endpoint = clock.now(), None
    while True:
        rest()
        try:
            endpoint = target.audit_endpoint()
            return work(endpoint)
        except Exception as error:
            waited, lost = clock.now() - begun, "" if endpoint is None else endpoint.lost()
            if lost:
                raise NotReadyError(
                    f"a writer to {what}", waited, why=f"{error}; {lost}"
                ) from error
            if not _passes(error, endpoint):
                raise
            target.check()
            if waited >= PATIENCE:
                raise NotReadyError(f"a writer to {what}", waited, why=str(error)) from error
            clock.sleep(EVERY)


def _passes(error: Exception, endpoint: Endpoint | None) -> bool:
    """Tell whether an error says that there is no writer for now; errors before it do not count."""
    code = error.args[0] if error.args else None
    if not isinstance(code, int):
        return False
    return driver.KINDS.get(code) in AWAY or code in passing_codes(endpoint)
