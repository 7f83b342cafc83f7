"""The sessions of one instance that a restart keeps, and those that it ends."""

from collections.abc import Sequence
from typing import Protocol

from pytest_rdsfailover.local.gateway.kept_session import KeptSession


class RestartingLink(Protocol):
    """A client's connection and its way to the server."""

    session: KeptSession
    ended: bool

    def hold(self) -> None:
        """Begin no further command."""

    def renew(self, names: tuple[bytes, ...]) -> None:
        """Let the session lose what a restart takes; it gets back these variables."""


class KeptLinks:
    """What becomes of an instance's links while it restarts.

    Args:
        links: those that stay.
        names: the variables that their sessions get back.
        lost: threads of the sessions that do not.

    Attributes:
        lost: the same.
    """

    def __init__(
        self, links: Sequence[RestartingLink], names: tuple[bytes, ...], lost: set[int]
    ) -> None:
        self._links, self._names, self.lost = links, names, lost
        for link in links:
            link.hold()

    @property
    def busy(self) -> set[int]:
        """Return the threads whose statements are to be interrupted."""
        return {
            link.session.thread_id
            for link in self._here
            if link.session.busy and link.session.thread_id is not None
        }

    @property
    def settled(self) -> bool:
        """Tell whether nothing of them is on its way."""
        return all(link.session.settled for link in self._here)

    @property
    def _here(self) -> list[RestartingLink]:
        """Return those whose client has not hung up meanwhile."""
        return [link for link in self._links if not link.ended]

    def renew(self) -> None:
        """Let them lose what a restart takes from them."""
        for link in self._here:
            link.renew(self._names)
