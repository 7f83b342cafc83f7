"""Who takes writes by the instances' own word, for when the AWS API cannot be asked."""

from collections.abc import Iterable

from pytest_rdsfailover.live.probes import ask_once
from pytest_rdsfailover.live.switchover_probes import SIDE
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.mysql import driver


def writer_by_own_word(endpoints: Iterable[Endpoint]) -> str | None:
    """Return the id of the one instance that says it takes writes; None if not just one says so.

    Args:
        endpoints: the instances' own.
    """
    writers = [name for name, refuses in filter(None, map(_ask, endpoints)) if not refuses]
    return writers[0] if len(writers) == 1 else None


def _ask(endpoint: Endpoint) -> tuple[str, int] | None:
    """Return an instance's id and whether it refuses writes; None if it does not answer."""
    try:
        return ask_once(endpoint, SIDE)
    except Exception as error:
        if driver.fault_of(error).kind == "client":  # not the server's, nor of the way there
            raise
        return None
