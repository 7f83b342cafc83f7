"""Whether somebody has stopped a process of ours (SIGSTOP), so that whoever waits for it waits in vain."""

from pytest_rdsfailover.local.processes.identity import is_stopped
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.errors import StoppedError

GOES_ON_WITHIN = 5.0  # seconds; what is stopped for longer is taken to stay so
LOOK_EVERY = 0.02  # seconds between two looks whether it goes on


class StopCheck:
    """Tells one process that stays stopped from one that is stopped for a moment.

    Args:
        what: what errors call it.
        program: the name of its program, if that says more.
    """

    def __init__(self, what: str, program: str = "") -> None:
        self._what, self._program, self._patience = what, program, GOES_ON_WITHIN

    def stays(self, pid: int) -> bool:
        """Tell whether it is stopped and does not go on; the first time that is waited for."""
        going = wait_until(
            lambda: not is_stopped(pid),
            timeout=self._patience,
            clock=MonotonicClock(),
            every=LOOK_EVERY,
        )
        self._patience = GOES_ON_WITHIN if going else 0.0
        return not going

    def check(self, pid: int) -> None:
        """Raise StoppedError if it stays stopped."""
        if self.stays(pid):
            raise self.error(pid)

    def error(self, pid: int) -> StoppedError:
        """Return the error that says so."""
        known = ", ".join(filter(None, (self._program, f"process {pid}")))
        return StoppedError(f"{self._what} ({known})", pid, GOES_ON_WITHIN)
