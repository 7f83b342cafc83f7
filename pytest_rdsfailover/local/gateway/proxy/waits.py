"""Who waits for a database connection, since when, and when that was long enough."""

import asyncio
import time
from collections.abc import Callable

from pytest_rdsfailover.local.gateway.proxy.session import ProxySession


class Waits:
    """The waits of one endpoint's clients.

    Attributes:
        longest: the longest wait so far, in seconds.
    """

    def __init__(self, give_up: Callable[[ProxySession], None]) -> None:
        self.longest = 0.0
        self._give_up = give_up
        self._begun: dict[ProxySession, tuple[float, asyncio.TimerHandle]] = {}

    def begin(self, session: ProxySession, patience: float) -> None:
        """Let a session wait; after *patience* seconds its wait ends and it is given up."""
        timer = asyncio.get_running_loop().call_later(patience, self._run_out, session)
        self._begun[session] = time.monotonic(), timer

    def end(self, session: ProxySession) -> None:
        """Note how long a session has waited, if it has at all."""
        wait = self._begun.pop(session, None)
        if wait is not None:
            began, timer = wait
            timer.cancel()
            self.longest = max(self.longest, time.monotonic() - began)

    def _run_out(self, session: ProxySession) -> None:
        self.end(session)
        self._give_up(session)
