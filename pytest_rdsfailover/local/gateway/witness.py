"""Counts what clients do by endpoint, to show that a load reached it and was committed. No I/O."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pytest_rdsfailover.local.gateway.keys import Key, Keys
from pytest_rdsfailover.local.gateway.statement_kind import Does
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.traffic import ReaderWrite, Traffic

MOST_BY_READERS = 1000  # of each load
MOST_MARKS = 8  # loads that are watched at the same time; of more, the oldest is forgotten


@dataclass(slots=True)
class Marked:
    """Statements that carry a load's mark.

    Attributes:
        keys: the load's keys, of which some are confirmed.
        begun: how many statements came.
        confirmed: how many of them are committed, or had a row that is there already.
        commits: how many transactions with such a statement were committed.
        by_readers: such writes that were answered well by an instance that takes none.
    """

    keys: Keys
    begun: int = 0
    confirmed: int = 0
    commits: int = 0
    by_readers: deque[ReaderWrite] = field(default_factory=lambda: deque(maxlen=MOST_BY_READERS))


class SeenStatement(NamedTuple):
    """A client's statement, until what it did is committed.

    Attributes:
        seen: where it is counted.
        marked: where it is counted as a load's; None if it carries no mark.
        keys: the keys in it.
        does: what it does with rows.
    """

    seen: "Seen"
    marked: Marked | None
    keys: Sequence[Key]
    does: Does

    def begin(self) -> None:
        """Count that it came."""
        if self.marked is None:
            return
        self.marked.begun += 1
        for key in self.keys:
            self.marked.keys.see(key)
            if self.does is Does.WRITES:
                self.marked.keys.begin(key, alone=len(self.keys) == 1)

    def ask(self) -> None:
        """Count a good answer to what writes nothing: who looks for rows has not stored them."""
        if self.marked is not None and self.does in (Does.ASKS, Does.CALCULATES):
            self.marked.confirmed += 1
            for key in self.keys:
                self.marked.keys.ask(key)

    def write(self) -> None:
        """Count a good answer to a write, which is not committed yet."""
        if self.marked is None:
            self.seen.uncommitted += 1
        else:
            for key in self.keys:
                self.marked.keys.write(key)

    def wrote_at(self, reader: str, began: int, ended: int) -> None:
        """Note a good answer to a write from an instance that takes none, with its times in nanoseconds."""
        if self.marked is not None:
            self.marked.by_readers.append(
                ReaderWrite(instance=reader, began=to_seconds(began), ended=to_seconds(ended))
            )

    def leave(self) -> None:
        """Count a good answer to a write that changed no row that lasts."""
        if self.marked is None:
            self.seen.unchanged += 1
        else:
            for key in self.keys:
                self.marked.keys.leave(key)

    def lose(self) -> None:
        """Learn that nobody saw what became of it: it may be stored."""
        if self.does is not Does.WRITES:
            return
        if self.marked is None:
            self.seen.unanswered += 1
            return
        for key in self.keys:
            self.marked.keys.lose(key)

    def refuse(self) -> None:
        """Count an error that is the answer to a write, or a reader's good answer, which stores nothing."""
        self.seen.refused += self.marked is None

    def commit(self) -> None:
        """Count that what was written is committed."""
        if self.does is not Does.WRITES:
            self.ask()
        elif self.marked is None:
            self.seen.uncommitted -= 1
            self.seen.writes += 1
        else:
            self._confirm(self.keys)

    def find(self, open_keys: set[Key]) -> None:
        """Learn that a row like its own is there already: it is its own if a write with its key may be.

        Keys that are only written in an open transaction are not there so far.
        """
        if self.marked is not None:
            keys = self.marked.keys
            found = [key for key in self.keys if key not in open_keys and keys.may_be_stored(key)]
            if found or open_keys.issuperset(self.keys):
                self._confirm(found)

    def _confirm(self, keys: Sequence[Key]) -> None:
        if self.marked is not None:
            self.marked.confirmed += 1
            for key in keys:
                self.marked.keys.confirm(key)


@dataclass(slots=True)
class Seen:
    """What the clients of one endpoint have done since the gateway started.

    Attributes:
        connections: how many were accepted.
        statements: how many statements they sent.
        writes: how many of these may write, carry no mark, and are committed.
        uncommitted: how many such were answered well and are not committed so far.
        refused: how many such failed, or were answered well by a reader, which stores nothing.
        unanswered: how many such lost their answer, or that of their commit: they may be stored.
        unchanged: how many such changed no row that lasts.
        rows: how many rows the answers to such say that they changed.
        calls: how many procedures were called, and answered well.
        failed_calls: how many were, and failed.
        rollbacks: how many ROLLBACK statements the server was sent.
        marked: the statements that carry a mark, by mark.
        prepared: what XA transactions wrote that were prepared and not ended, by their names.
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
    marked: dict[bytes, Marked] = field(default_factory=dict)
    prepared: dict[bytes, list[SeenStatement]] = field(default_factory=dict)

    def statement(self, message: bytes, does: Does, *texts: bytes) -> SeenStatement:
        """Return a statement with the keys in it, or else in one of the *texts* that it is made from."""
        for mark, marked in self.marked.items():
            for part in (message, *texts):
                place = part.find(mark)
                if place >= 0:
                    return SeenStatement(self, marked, marked.keys.found_in(part, place), does)
        return SeenStatement(self, None, (), does)


class TrafficCounter:
    """What was seen at each endpoint.

    A mark is the prefix of all keys of a load: a statement with it is that load's work.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self._marks: OrderedDict[bytes, None] = OrderedDict()

    def at(self, endpoint: str) -> Seen:
        """Return what was seen at an endpoint, to be counted on."""
        if endpoint not in self._seen:
            self._seen[endpoint] = Seen(marked={mark: Marked(Keys(mark)) for mark in self._marks})
        return self._seen[endpoint]

    def watch(self, mark: bytes) -> None:
        """Begin to count the statements that carry a mark; once is enough."""
        if mark in self._marks:
            return
        self._marks[mark] = None
        forgotten = [] if len(self._marks) <= MOST_MARKS else [self._marks.popitem(last=False)[0]]
        for seen in self._seen.values():
            seen.marked[mark] = Marked(Keys(mark))
            for old in forgotten:
                seen.marked.pop(old, None)

    def tell(self, mark: bytes) -> dict[str, Traffic]:
        """Return what came to each endpoint, with the counts of a mark."""
        found = {}
        everywhere = [seen.marked[mark].keys for seen in self._seen.values() if mark in seen.marked]
        for endpoint, seen in self._seen.items():
            marked = seen.marked.get(mark) or Marked(Keys(mark))
            found[endpoint] = Traffic(
                connections=seen.connections,
                statements=seen.statements,
                writes=seen.writes,
                uncommitted=seen.uncommitted,
                refused=seen.refused,
                unanswered=seen.unanswered,
                unchanged=seen.unchanged,
                rows=seen.rows,
                calls=seen.calls,
                failed_calls=seen.failed_calls,
                rollbacks=seen.rollbacks,
                marked=marked.begun,
                confirmed=marked.confirmed,
                commits=marked.commits,
                keys=marked.keys.counts(),
                stored_keys=marked.keys.stored(),
                uncommitted_keys=marked.keys.uncommitted(),
                unchanged_keys=marked.keys.unchanged(),
                failing_keys=marked.keys.failing(),
                lost_answers=marked.keys.lost(everywhere),
                by_readers=tuple(marked.by_readers),
            )
        return found
