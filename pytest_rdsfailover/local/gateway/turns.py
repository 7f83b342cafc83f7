"""Calls at the end of an event loop's turn, when all bytes received in it are worked on."""

import asyncio
import selectors
from collections.abc import Callable

Call = Callable[[], None]
AtEnd = Callable[[Call], None]


class Turns(selectors.DefaultSelector):
    """A selector for an event loop, which makes calls at the end of each of the loop's turns.

    `call_soon` would take another turn for them, and with it another system call.
    """

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[Call] = []

    def at_end(self, call: Call) -> None:
        """Make a call once, before the loop waits for what comes next."""
        self._calls.append(call)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Make the calls, or wait for events if there are none: calls may have made work."""
        if not self._calls:
            return super().select(timeout)
        calls, self._calls = self._calls, []
        for call in calls:
            _make(call)
        return super().select(0)


def _make(call: Call) -> None:
    """Make a call; an exception goes to the loop's handler, as if the loop had made the call."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - one call must not end the loop
        context = {"message": f"{call!r} failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)


def event_loop(turns: Turns) -> asyncio.AbstractEventLoop:
    """Return an event loop with these turns."""
    return asyncio.SelectorEventLoop(turns)
