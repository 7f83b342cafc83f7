"""What clients do at an endpoint of a cluster, as its other side sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

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
