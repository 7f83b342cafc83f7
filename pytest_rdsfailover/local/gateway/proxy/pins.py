"""Which sessions were pinned to a database connection, and why."""

import time
from typing import Protocol

from pytest_rdsfailover.local.gateway.proxy.stats import Pin

SHOWN = 200  # bytes of a statement that a pin shows
MOST = 10_000  # later ones are not kept: a test with so many has seen enough


class Pinned(Protocol):
    """A session that is pinned."""

    @property
    def number(self) -> int:
        """Return its connection id in the greeting."""

    @property
    def user(self) -> str:
        """Return who has logged in."""


class Pins(list[Pin]):
    """All pins of an endpoint since the proxy was last told to forget them, up to `MOST`."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint

    def note(self, session: Pinned, reason: str, statement: bytes) -> None:
        """Add a session that is pinned from now on."""
        if len(self) < MOST:
            shown = statement[:SHOWN].decode("utf-8", "replace")
            self.append(
                Pin(session=session.number, user=session.user, reason=reason, statement=shown,
                    at=time.monotonic(), endpoint=self._endpoint)
            )  # fmt: skip
