"""The cluster at one moment, as RDS shows it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_rdsfailover.local.aws_api.events import RESTARTED
from pytest_rdsfailover.local.gateway.views import PlayView
from pytest_rdsfailover.model.records import Milestone

WRITER, READER = "writer", "reader"
AVAILABLE, REBOOTING = "available", "rebooting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMember:
    """One instance of the cluster.

    Attributes:
        id: its identifier.
        writer: whether it is the cluster's writer, which it stays until another is promoted.
        status: `available` or `rebooting`, the latter from the call that restarts it until it is back.
        role: `writer` if it takes writes, else `reader`. A demoted writer is a reader already
            before its successor is promoted.
    """

    id: str
    writer: bool
    status: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The cluster at one moment.

    Attributes:
        members: all instances.
        moving: whether a failover is on its way.
        away: whether the last failover was to another region.
    """

    members: Sequence[ShownMember]
    moving: bool
    away: bool


def as_known(
    look: Look, plays: Iterable[tuple[PlayView, Sequence[Milestone]]], since: float
) -> Look:
    """Return the cluster as RDS shows it while it has not heard of what happened after *since*.

    RDS knows at once what it was asked for: what begins is shown, and only what comes of it is not.

    Args:
        look: the cluster as it is.
        plays: every failover and restart, with what it has done.
        since: the moment, by the clock of the milestones.
    """
    unheard = [
        (play, milestone)
        for play, milestones in plays
        for milestone in milestones
        if milestone.at > since
    ]
    demoted = [play.victim for play, milestone in unheard if milestone.name == "promoted"]
    back = {milestone.instance for _, milestone in unheard if milestone.name in RESTARTED}
    members = [
        replace(member, status=REBOOTING) if member.id in back else member
        for member in look.members
    ]
    if demoted and demoted[0] is not None:
        members = [as_writer(member, demoted[0]) for member in members]
    moving = look.moving or any(play.target is not None for play, _ in unheard)
    return replace(look, members=tuple(members), moving=moving)


def as_writer(member: ShownMember, writer: str) -> ShownMember:
    """Return an instance of a cluster with that writer."""
    is_it = member.id == writer
    return replace(member, writer=is_it, role=WRITER if is_it else READER)
