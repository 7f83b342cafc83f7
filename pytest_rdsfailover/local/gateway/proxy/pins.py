"""Who began to keep a database connection, and why."""

import time
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedPin:
    """A session that began to keep its connection.

    Attributes:
        session: the client's connection id, as the proxy's greeting gave it.
        user: who it is.
        reason: why.
        statement: what it sent, cut off where it is long.
        at: when, in nanoseconds of the monotonic clock.
    """

    session: int
    user: str
    reason: str
    statement: str
    at: int


class Pins(list[NotedPin]):
    """All pins since the proxy was last told to forget them, up to `MOST`."""

    def note(self, session: Pinned, reason: str, statement: bytes) -> None:
        """Add a session that is pinned from now on."""
        if len(self) < MOST:
            shown = statement[:SHOWN].decode("utf-8", "replace")
            self.append(
                NotedPin(session=session.number, user=session.user, reason=reason, statement=shown,
                    at=time.monotonic_ns())
            )  # fmt: skip
