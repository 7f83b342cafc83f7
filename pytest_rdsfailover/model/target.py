"""The protocol of a cluster that can fail over: all that a trial knows of its database."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Protocol

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.records import Milestone

OLD_ENVIRONMENT = "-old1"  # what names of a blue/green deployment's blue side end with after it
SERVER = "server"  # in place of an endpoint: the writer itself, with all its clients


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderWrite:
    """A write with a load's mark that an instance answered well which takes no writes.

    Attributes:
        instance: which instance that was.
        began: when the statement came, in monotonic seconds.
        ended: when it was answered.
    """

    instance: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the clients of an endpoint have done.

    Attributes:
        connections: how many connections they made.
        statements: how many statements they sent.
        writes: how many of these may write, do not carry a load's mark, and are committed.
        uncommitted: how many such were answered well and never committed.
        refused: how many such failed, or were answered well by a reader, which stores nothing.
        unanswered: how many such lost their answer, or that of their commit: they may be stored.
        unchanged: how many such changed no row that lasts.
        rows: how many rows the answers to those that carry no mark say that they changed; of `SERVER`,
            all rows that were changed.
        calls: how many procedures they called that were answered well.
        failed_calls: how many that failed.
        rollbacks: how many ROLLBACK statements they sent; of `SERVER`, transactions rolled back.
        marked: how many carry the mark.
        confirmed: how many of the marked ones are committed, or were answered well and write nothing.
        commits: how many transactions with a marked write were committed; of `SERVER`, all that are
            known of.
        keys: how many keys of the load were confirmed, by the number of each writer of whom one was
            seen; nothing if none can be read in its statements, or they are too many.
        stored_keys: how many of these by what may write: the others were in questions only.
        uncommitted_keys: how many keys were written and never committed, by the number of their writer.
        unchanged_keys: how many were only in writes that changed no row that lasts.
        failing_keys: how many were stored by one write, while the latest one failed.
        lost_answers: the keys, by the number of their writer, of which nothing was answered any more
            after the answer to a write was lost.
        by_readers: writes with the mark that were answered well by an instance that takes none; there
            are none, unless a former writer was not fenced off. The latest ones, if they are many; None if
            nobody looked.
        unseen: whether nobody could look which transactions are open.
    """

    connections: int = 0
    statements: int = 0
    writes: int = 0
    uncommitted: int = 0
    refused: int = 0
    unanswered: int = 0
    unchanged: int = 0
    rows: int = 0
    calls: int = 0
    failed_calls: int = 0
    rollbacks: int = 0
    marked: int = 0
    confirmed: int = 0
    commits: int = 0
    keys: Mapping[str, int] = field(default_factory=dict)
    stored_keys: Mapping[str, int] = field(default_factory=dict)
    uncommitted_keys: Mapping[str, int] = field(default_factory=dict)
    unchanged_keys: Mapping[str, int] = field(default_factory=dict)
    failing_keys: Mapping[str, int] = field(default_factory=dict)
    lost_answers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_readers: Sequence[ReaderWrite] | None = None
    unseen: bool = False

    @classmethod
    def total(cls, parts: "Sequence[Traffic]") -> "Traffic":
        """Return what came to several endpoints together."""
        counts: dict[str, Any] = {
            name: sum(getattr(part, name) for part in parts) for name in COUNTS
        }
        keys: dict[str, Any] = {
            name: _sums([getattr(part, name) for part in parts]) for name in BY_WRITER
        }
        lost = _joined([part.lost_answers for part in parts])
        unseen = any(part.unseen for part in parts)
        looked = any(part.by_readers is not None for part in parts)
        by_readers = [write for part in parts for write in part.by_readers or ()]
        return replace(
            cls(unseen=unseen, lost_answers=lost, by_readers=by_readers if looked else None),
            **counts,
            **keys,
        )

    def minus(self, before: "Traffic") -> "Traffic":
        """Return what came since an earlier look; before the first one no key was confirmed."""
        counts = {name: getattr(self, name) - getattr(before, name) for name in COUNTS}
        return replace(self, **counts | {"uncommitted": max(0, counts["uncommitted"])})


COUNTS = tuple(field.name for field in fields(Traffic) if field.type is int or field.type == "int")
BY_WRITER = tuple(field.name for field in fields(Traffic) if field.name.endswith("keys"))


def _sums(parts: "Sequence[Mapping[str, int]]") -> dict[str, int]:
    return {name: sum(part.get(name, 0) for part in parts) for part in parts for name in part}


def _joined(parts: "Sequence[Mapping[str, Sequence[int]]]") -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for part in parts:
        for name, numbers in part.items():
            found.setdefault(name, set()).update(numbers)
    return {name: sorted(numbers) for name, numbers in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftSession:
    """A connection that is open to an instance that is not the writer, and was refused a write there.

    Attributes:
        instance: which instance that is.
        since: when the connection was made, in monotonic seconds.
        refused: when it was last told that this is no writer.
        refusals: how often it was told.
        error: the code of the last such error.
    """

    instance: str
    since: float
    refused: float
    refusals: int
    error: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The connections that clients have through an endpoint at one moment.

    Attributes:
        open: how many there are. RDS Proxy's clients sit on no instance, and are not among them.
        left: those of them that stayed where no writer is.
    """

    open: int
    left: Sequence[LeftSession]


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


def settled_at(failovers: Sequence[Failover]) -> float | None:
    """Return when the last failover had done all that its profile says; None if it has not."""
    if not all(failover.settled() for failover in failovers):
        return None
    return milestones(failovers)[-1].at


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
