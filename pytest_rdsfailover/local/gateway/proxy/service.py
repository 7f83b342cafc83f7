"""The proxy, as its clients' sessions see it."""

from typing import Protocol, TypeVar

from pytest_rdsfailover.local.gateway.proxy.authentication import Directory
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.facts import ServerFacts
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings

S_contra = TypeVar("S_contra", contravariant=True)


class Service(Protocol[S_contra]):
    """Lends database connections to sessions of one kind, and hears of what they do."""

    settings: ProxySettings
    facts: ServerFacts
    directory: Directory

    def borrow(self, session: S_contra, last: Database | None) -> None:
        """Lend a database connection now or later."""

    def lent(self, session: S_contra) -> None:
        """Learn that a session has got its connection."""

    def give_back(self, database: Database) -> None:
        """Take a database connection back."""

    def leave(self, session: S_contra) -> None:
        """Let a session wait no longer."""

    def pinned(self, session: S_contra, reason: str, statement: bytes) -> None:
        """Note that a session keeps its connection."""

    def touch(self, session: S_contra) -> None:
        """Learn that a session has something to send."""

    def discard(self, database: Database) -> None:
        """End a database connection."""
