"""Counts statements and their answers by endpoint, to show that a load reached it. No I/O."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_rdsfailover.local.gateway.keys import Key, Keys
from pytest_rdsfailover.model.target import Traffic
from pytest_rdsfailover.mysql.responses import EXECUTING, Command

MOST_MARKS = 8  # loads that are watched at the same time; of more, the oldest is forgotten
STATEMENTS = frozenset({Command.QUERY, *EXECUTING})
DUPLICATE = 1062  # who tries a write again learns by it that the write is stored
# What writes nothing, comments in front of it or not.
QUIET = re.compile(
    rb"(?:\s|/\*[^!].*?\*/|--\s[^\n]*\n|#[^\n]*\n)*"
    rb"(?:SELECT|SHOW|SET|USE|DO|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|DESC|DESCRIBE|EXPLAIN)\b",
    re.IGNORECASE | re.DOTALL,
)
LONGEST_HEAD = 4096  # bytes of a statement in which its first word is looked for


@dataclass(slots=True)
class Marked:
    """Statements that carry a load's mark.

    Attributes:
        keys: the load's keys, of which some are confirmed.
        begun: how many statements came.
        confirmed: to how many of them the answer was no error, or that their row is there already.
    """

    keys: Keys
    begun: int = 0
    confirmed: int = 0


@dataclass(frozen=True, slots=True)
class MarkedStatement:
    """A statement that carries a load's mark, until it is answered.

    Attributes:
        by: where it is counted.
        keys: the keys in it.
        looks: it can write nothing.
    """

    by: Marked
    keys: Sequence[Key]
    looks: bool

    def answered(self, error: int) -> None:
        """Count the answer: the code of an error, or 0."""
        if error in (0, DUPLICATE):
            self.by.confirmed += 1
            for key in self.keys:
                self.by.keys.note(key, confirmed=True, looks=self.looks)


@dataclass(slots=True)
class Seen:
    """What the clients of one endpoint have done since the gateway started.

    Attributes:
        connections: how many were accepted.
        statements: how many statements they sent.
        writes: how many of these may write and carry no mark.
        marked: the statements that carry a mark, by mark.
    """

    connections: int = 0
    statements: int = 0
    writes: int = 0
    marked: dict[bytes, Marked] = field(default_factory=dict)

    def begin(self, message: bytes) -> MarkedStatement | None:
        """Count a command; return what its answer is to be told to, if it carries a mark.

        The last statement with a key alone decides whether it is confirmed: who looks first
        whether a row is there has not stored it yet. Of a key that was to be written, no look tells.
        """
        if message[0] not in STATEMENTS:
            return None
        self.statements += 1
        for mark, marked in self.marked.items():
            place = message.find(mark)
            if place >= 0:
                marked.begun += 1
                keys, looks = marked.keys.found_in(message, place), _looks(message)
                if len(keys) == 1:
                    marked.keys.note(keys[0], confirmed=False, looks=looks)
                return MarkedStatement(marked, keys, looks)
        self.writes += not _looks(message)
        return None


def _looks(message: bytes) -> bool:
    """Tell whether a statement can write nothing, by its first word."""
    return message[0] == Command.QUERY and bool(QUIET.match(message, 1, LONGEST_HEAD))


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
        for endpoint, seen in self._seen.items():
            marked = seen.marked.get(mark) or Marked(Keys(mark))
            found[endpoint] = Traffic(
                connections=seen.connections,
                statements=seen.statements,
                writes=seen.writes,
                marked=marked.begun,
                confirmed=marked.confirmed,
                keys=marked.keys.counts(),
            )
        return found
