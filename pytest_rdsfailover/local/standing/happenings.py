"""What happens in a cluster, told once each and in order, whoever has made it happen."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pytest_rdsfailover.local.gateway.client import GatewayClient
from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.model.durations import format_moment
from pytest_rdsfailover.model.records import Milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that the cluster did in a failover.

    Attributes:
        failover: the number of the failover since the cluster started, from 1.
        profile: its profile.
        name: `trigger`, `writer_cut`, `promoted` ...; `over` when nothing of it is left to do.
        instance: the instance that it happened to; of a trigger the one to be promoted.
        after: seconds since the trigger.
        at: when, in seconds of the epoch.
    """

    failover: int
    profile: str
    name: str
    instance: str | None
    after: float
    at: float

    def __str__(self) -> str:
        clock = f"{datetime.fromtimestamp(self.at).astimezone():%H:%M:%S.%f}"[:-3]
        about = (
            f"failover {self.failover}, profile {self.profile}" if self.name == "trigger" else ""
        )
        parts = (clock, f"{format_moment(self.after):>10}", self.name, about, self.instance or "")
        return "  ".join(filter(None, parts))


class Happenings:
    """Tells what has happened since it was asked last.

    Args:
        gateway: the gateway of the cluster.
        skip: how many failovers, the first ones, are of no interest.
    """

    def __init__(self, gateway: GatewayClient, skip: int = 0) -> None:
        self._gateway, self._play, self._told = gateway, skip, 0
        self._offset = time.time() - time.monotonic()

    def new(self) -> Iterator[Happening]:
        """Yield what is new, in order of time.

        Raises:
            GatewayError: if the gateway does not answer.
        """
        # Asked first: of one that is over, all is there.
        for play in self._gateway.plays(self._play):
            milestones = [
                Milestone(name="trigger", at=play.started, instance=play.target),
                *self._gateway.milestones(self._play),
            ]
            if play.over:
                milestones.append(Milestone(name="over", at=milestones[-1].at))
            for milestone in milestones[self._told :]:
                yield self._happening(play, milestone)
            self._told = len(milestones)
            if not play.over:
                return
            self._play, self._told = self._play + 1, 0

    def _happening(self, play: PlayView, milestone: Milestone) -> Happening:
        return Happening(
            failover=self._play + 1,
            profile=play.name,
            name=milestone.name,
            instance=milestone.instance,
            after=milestone.at - play.started,
            at=milestone.at + self._offset,
        )
