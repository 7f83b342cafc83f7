"""The protocol of a cluster that can fail over: all that a trial knows of its database."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.traffic import Sessions, Traffic

OLD_ENVIRONMENT = "-old1"  # what names of a blue/green deployment's blue side end with after it


class Target(Protocol):
    """A cluster whose writer can be moved to another instance."""

    @property
    def mode(self) -> Literal["local", "live"]:
        """Return `local` or `live`."""

    @property
    def writer(self) -> str:
        """Return the id of the instance that currently takes writes."""

    def prepare(self) -> None:
        """Make sure that a failover may be triggered; called before each load.

        Raises:
            RdsFailoverError: if none may.
        """

    def arm(self) -> None:
        """Do all that a trigger needs and that takes time; called while each load warms up.

        Raises:
            RdsFailoverError: if no failover could be triggered.
        """

    def fail_over(self, target: str | None, profile: str | None, seed: int) -> "Failover":
        """Start a failover and return as soon as it is triggered.

        Args:
            target: the instance to promote; None leaves the choice to the cluster.
            profile: the failover profile to play; None for the run's own.
            seed: decides every sampled duration.

        Raises:
            SettingError: if there is no such instance or profile.
            RdsFailoverError: if another failover is still on its way.
        """

    def permit(self, target: str | None) -> AbstractContextManager[None]:
        """Allow a trigger other than `fail_over` within the block, if any is allowed now.

        Args:
            target: the instance to promote; None leaves the choice open.

        Raises:
            RdsFailoverError: if none may; the block is not entered then.
        """

    def blue_green(self) -> AbstractContextManager["GreenTwin"]:
        """Give the cluster a green twin for the block, which a switchover may make the cluster.

        Raises:
            RdsFailoverError: if it can have none.
        """

    @property
    def failovers(self) -> "Sequence[Failover]":
        """Return every failover so far, in order."""

    def traffic(self, mark: str) -> Mapping[str, Traffic] | None:
        """Return what came to each endpoint, or to `SERVER`, so far; None where nobody can look.

        Args:
            mark: the prefix of all keys of a load; statements that carry it are counted from the
                first time that it is asked for.
        """

    def functions(self, *, patience: float, at_once: int) -> Any:
        """Return a client of AWS Lambda for calls of a load.

        Args:
            patience: seconds for which it waits for an answer.
            at_once: how many calls may be on at once.

        Raises:
            RdsFailoverError: if there is none.
        """

    def storage(self) -> Any:
        """Return a client of S3, whose signed URLs lead straight to the cluster's region.

        Raises:
            RdsFailoverError: if there is none.
        """

    def sessions(self, endpoint: str) -> Sessions | None:
        """Return the connections that clients have through an endpoint now; None if nobody can look.

        Args:
            endpoint: its name.
        """

    def check(self) -> None:
        """Raise `DiedError` if a server of ours that the trial needs has ended, `StoppedError` if it is stopped."""

    def rest(self) -> None:
        """Wait until the last failover is over.

        Raises:
            NotReadyError: if it does not end.
        """

    def audit_endpoint(self) -> Endpoint:
        """Return where the current writer can be read directly, whatever DNS says."""


class GreenTwin(Protocol):
    """The green side of a blue/green deployment."""

    @property
    def old_endpoint(self) -> Endpoint:
        """Return where the old environment can be read, once green is the cluster."""

    def switch_over(self, profile: str, seed: int) -> "Failover":
        """Start a switchover and return as soon as it is triggered.

        Args:
            profile: name or path of the switchover.
            seed: decides every sampled duration.

        Raises:
            SettingError: if there is no such switchover.
            RdsFailoverError: if none may be started now.
        """


class Failover(Protocol):
    """A failover on its way."""

    @property
    def profile(self) -> str:
        """Return the profile's name."""

    @property
    def triggered(self) -> float:
        """Return when it was triggered, on the monotonic clock."""

    @property
    def moves_writer(self) -> bool | None:
        """Tell whether another instance should be the writer afterwards; None if it is open."""

    def milestones(self) -> Sequence[Milestone]:
        """Return what has happened so far, in order of time, the trigger first."""

    def settled(self) -> bool:
        """Tell whether the cluster has done all that the profile says."""

    def told(self) -> bool:
        """Tell whether no more will be heard of it: AWS tells some milestones late, or never."""


def settled_at(failovers: Sequence[Failover]) -> float | None:
    """Return when the last failover had done all that its profile says; None if it has not.

    What AWS tells by its own clock does not count: it may come late, or never.
    """
    if not all(failover.settled() for failover in failovers):
        return None
    return [seen.at for seen in milestones(failovers) if not seen.uncertainty][-1]


def settled_by(failovers: Sequence[Failover], moment: float) -> float | None:
    """Return when the last failover was over; None without any, or if it lasted beyond *moment*."""
    settled = settled_at(failovers) if failovers else None
    return None if settled is None or settled > moment else settled


def milestones(failovers: Sequence[Failover]) -> list[Milestone]:
    """Return the milestones of all failovers in order of time."""
    found = [milestone for failover in failovers for milestone in failover.milestones()]
    return sorted(found, key=lambda milestone: milestone.at)


def moves_writer(failovers: Sequence[Failover]) -> bool | None:
    """Tell whether another instance should be the writer after all failovers; None without any.

    Two instances take turns: after an even number of failovers the writer is the one of before. So
    only a single failover is recognised by the writer; several are recognised by their milestones.
    """
    return failovers[0].moves_writer if len(failovers) == 1 else None
