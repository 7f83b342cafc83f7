"""Counts statements and their answers by endpoint, to show that a load reached it. No I/O."""

from collections import OrderedDict
from dataclasses import dataclass, field

from pytest_rdsfailover.model.target import Traffic
from pytest_rdsfailover.mysql.responses import Command

MOST_MARKS = 8  # loads that are watched at the same time; of more, the oldest is forgotten
LOOKED_AT = 65_536  # bytes of a statement in which a mark is searched for
STATEMENTS = frozenset({Command.QUERY, Command.STMT_EXECUTE})


@dataclass(slots=True)
class MarkedCount:
    """Statements that carry a load's mark.

    Attributes:
        begun: how many came.
        confirmed: to how many of them the answer was no error.
    """

    begun: int = 0
    confirmed: int = 0


@dataclass(slots=True)
class Seen:
    """What the clients of one endpoint have done since the gateway started.

    Attributes:
        connections: how many were accepted.
        statements: how many statements they sent.
        marked: the statements that carry a mark, by mark.
    """

    connections: int = 0
    statements: int = 0
    marked: dict[bytes, MarkedCount] = field(default_factory=dict)

    def begin(self, message: bytes) -> MarkedCount | None:
        """Count a command; return where its answer is to be counted, if it carries a mark."""
        if message[0] not in STATEMENTS:
            return None
        self.statements += 1
        for mark, count in self.marked.items():
            if message.find(mark, 0, LOOKED_AT) >= 0:
                count.begun += 1
                return count
        return None


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
            self._seen[endpoint] = Seen(marked={mark: MarkedCount() for mark in self._marks})
        return self._seen[endpoint]

    def watch(self, mark: bytes) -> None:
        """Begin to count the statements that carry a mark; once is enough."""
        if mark in self._marks:
            return
        self._marks[mark] = None
        forgotten = [] if len(self._marks) <= MOST_MARKS else [self._marks.popitem(last=False)[0]]
        for seen in self._seen.values():
            seen.marked[mark] = MarkedCount()
            for old in forgotten:
                seen.marked.pop(old, None)

    def tell(self, mark: bytes) -> dict[str, Traffic]:
        """Return what came to each endpoint, with the count of a mark."""
        found = {}
        for endpoint, seen in self._seen.items():
            count = seen.marked.get(mark, MarkedCount())
            found[endpoint] = Traffic(
                connections=seen.connections,
                statements=seen.statements,
                marked=count.begun,
                confirmed=count.confirmed,
            )
        return found
