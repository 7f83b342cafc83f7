"""What a failover's script acts on, apart from the router: sessions, RDS Proxy, a blue/green deployment."""

from typing import Protocol

from pytest_rdsfailover.local.gateway.fencing import KeptSessions


class SessionCutter(Protocol):
    """The clients' sessions, by instance."""

    def cut(self, instance: str, how: str) -> set[int]:
        """End an instance's sessions; return the threads that may still work in the server."""

    def keep(self, instance: str) -> KeptSessions:
        """Let an instance's sessions wait; end those that a restart does not keep."""

    def go_on(self, instance: str) -> None:
        """Let the sessions go on that an instance has kept, if it has."""

    def reset_silent(self, instance: str) -> None:
        """Reset the sessions that an instance had left hanging."""


class Follower(Protocol):
    """What follows the writer by itself: RDS Proxy."""

    @property
    def serving(self) -> bool:
        """Tell whether it sends requests to a writer."""

    def hold(self, *, refuse: bool) -> None:
        """Queue requests until `follow`; refuse new clients if that is wanted."""

    def follow(self) -> None:
        """Send requests to the writer again as soon as there is one."""

    def hang_up(self) -> None:
        """End the connections of all clients."""


class Switchable(Protocol):
    """A blue/green deployment."""

    async def act(self, action: str) -> str:
        """Do what a step of a switchover says; return its milestone."""

    async def held(self, seconds: int) -> str:
        """Return which guardrail fails if writes may have been open for so long; empty for none."""
