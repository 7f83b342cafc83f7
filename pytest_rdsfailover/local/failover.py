"""A failover of a local cluster, whoever started it: what the gateway plays, or has played."""

from collections.abc import Sequence

from pytest_rdsfailover.local.gateway.client import GatewayClient, PlayView
from pytest_rdsfailover.model.records import Milestone


class LocalFailover:
    """A failover that the gateway plays."""

    def __init__(self, gateway: GatewayClient, number: int, play: PlayView) -> None:
        self._gateway, self._number = gateway, number
        self.profile, self.triggered = play.name, play.started
        self.moves_writer = play.target is not None
        self.dns_ttl = play.dns_ttl
        self._final: Sequence[Milestone] | None = None

    def milestones(self) -> Sequence[Milestone]:
        """Return the trigger and what the gateway did since, in order of time."""
        if self._final is not None:
            return self._final
        over = self._gateway.plays()[self._number].over  # first: nothing may happen in between
        trigger = Milestone(name="trigger", at=self.triggered, planned=self.triggered)
        found = [trigger, *self._gateway.milestones(self._number)]
        if over:
            self._final = found
        return found

    def settled(self) -> bool:
        """Tell whether the gateway has done all that the profile says."""
        self.milestones()
        return self._final is not None
