"""What Aurora has and the real server has not: its topology table, and its version.

Statements are rewritten so that the real server computes the answer: whatever a client joins,
filters or aliases works as it would on Aurora. No I/O.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.mysql.statements import Statement

REPLICA_LAG = 0.018  # seconds, which readers tell while nobody has said how far they are behind
TABLE = b"replica_host_status"
FUNCTION, SERVER_FUNCTION = b"aurora_version", b"version"
MASTER = b"MASTER_SESSION_ID"
# User variables that carry the topology into statements; set before each statement that needs
# them, so that a statement prepared before a failover tells the truth after it.
WRITERS, AGES, LAG = b"@`rdsfailover writers`", b"@`rdsfailover ages`", b"@`rdsfailover lag`"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyRow:
    """One instance as Aurora's topology table has it.

    Attributes:
        id: its name.
        writer: it has the master's session.
        age: seconds since it was last heard of.
        lag: how far it is behind if it is a reader, in seconds.
    """

    id: str
    writer: bool
    age: float
    lag: float = REPLICA_LAG


def topology_setting(members: Sequence[TopologyRow]) -> bytes:
    """Return the statement that tells the server how the cluster is now."""
    writers = b",".join(row.id.encode() for row in members if row.writer)
    ages = b",".join(b"%d" % round(row.age * 1e6) for row in members)
    lag = max((row.lag for row in members), default=REPLICA_LAG)
    return b"SET %s = '%s', %s = '%s', %s = %.3fe0" % (WRITERS, writers, AGES, ages, LAG, lag * 1e3)


def topology_table(members: Sequence[TopologyRow]) -> bytes:
    """Return the topology table as a derived table, for rows that `topology_setting` fills."""
    return b"(" + b" UNION ALL ".join(_row(*row) for row in enumerate(members, 1)) + b")"


def _row(number: int, member: TopologyRow) -> bytes:
    name = member.id.encode()
    master = b"FIND_IN_SET('%s', %s)" % (name, WRITERS)
    age = b"SUBSTRING_INDEX(SUBSTRING_INDEX(%s, ',', %d), ',', -1)" % (AGES, number)
    seen = b"NOW(6) - INTERVAL CAST(%s AS SIGNED) MICROSECOND" % age
    columns = {
        b"SERVER_ID": b"'%s'" % name,
        b"SESSION_ID": b"IF(%s, '%s', '%s')" % (master, MASTER, _session(number)),
        b"LAST_UPDATE_TIMESTAMP": seen,
        b"REPLICA_LAG_IN_MILLISECONDS": b"IF(%s, 0e0, %s + 0e0)" % (master, LAG),
        b"CPU": b"5e0",
        b"IS_CURRENT": b"1",
    }
    return b"SELECT " + b", ".join(b"%s AS %s" % (what, name) for name, what in columns.items())


def _session(number: int) -> bytes:
    """Return the session id of a reader: a UUID, as Aurora's are."""
    return b"5ca1ab1e-0000-4000-8000-%012d" % number


def function_spans(statement: Statement, function: bytes = FUNCTION) -> Iterator[tuple[int, int]]:
    """Yield where a statement calls AURORA_VERSION(), or another function that takes nothing."""
    run = statement.tokens
    for at in range(len(run) - 2):
        name, opened, closed = run[at : at + 3]
        called = (name.name, opened.text, closed.text)
        if called == (function, b"(", b")") and not (at and run[at - 1].text == b"."):
            yield name.start, closed.end
