"""What Aurora has and the real server has not: its tables of the topology, and its version.

Statements are rewritten so that the real server computes the answer: whatever a client joins,
filters or aliases works as it would on Aurora. No I/O.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.mysql.statements import Statement

REPLICA_LAG = 0.018  # seconds, which readers tell while nobody has said how far they are behind
SCHEMA = b"information_schema"
TABLE = b"replica_host_status"
GLOBAL_STATUS, GLOBAL_INSTANCES = b"aurora_global_db_status", b"aurora_global_db_instance_status"
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
        region: in which it is if it belongs to a global database; empty for none.
    """

    id: str
    writer: bool
    age: float
    lag: float = REPLICA_LAG
    region: str = ""


def topology_setting(members: Sequence[TopologyRow]) -> bytes:
    """Return the statement that tells the server how the cluster is now."""
    writers = b",".join(row.id.encode() for row in members if row.writer)
    ages = b",".join(b"%d" % round(row.age * 1e6) for row in members)
    lag = max((row.lag for row in members), default=REPLICA_LAG)
    return b"SET %s = '%s', %s = '%s', %s = %.3fe0" % (WRITERS, writers, AGES, ages, LAG, lag * 1e3)


def topology_tables(members: Sequence[TopologyRow]) -> Mapping[tuple[bytes, bytes], bytes]:
    """Return the tables of the topology as derived tables, for rows that `topology_setting` fills."""
    numbered = [*enumerate(members, 1)]
    regions = {member.region: member for member in members if member.region}
    return {
        (SCHEMA, TABLE): _table([_row(*row) for row in numbered]),
        (SCHEMA, GLOBAL_STATUS): _table(
            [_global_row(region, members) for region in regions] or [_global_row("", members)],
            empty=not regions,
        ),
        (SCHEMA, GLOBAL_INSTANCES): _table(
            [_global_instance_row(*row) for row in numbered], empty=not regions
        ),
    }


def _table(rows: Sequence[Mapping[bytes, bytes]], *, empty: bool = False) -> bytes:
    none = b" FROM (SELECT 1) AS nothing WHERE 1 = 0" if empty else b""
    selects = (
        b"SELECT " + b", ".join(b"%s AS %s" % (what, name) for name, what in row.items()) + none
        for row in rows
    )
    return b"(" + b" UNION ALL ".join(selects) + b")"


def _master(name: bytes) -> bytes:
    """Return an expression that tells whether an instance has the master's session."""
    return b"FIND_IN_SET('%s', %s)" % (name, WRITERS)


def _session_of(number: int, name: bytes) -> bytes:
    return b"IF(%s, '%s', '%s')" % (_master(name), MASTER, _session(number))


def _lag_of(master: bytes) -> bytes:
    return b"IF(%s, 0e0, %s + 0e0)" % (master, LAG)


def _global_row(region: str, members: Sequence[TopologyRow]) -> Mapping[bytes, bytes]:
    """Return a region of a global database: the primary is not behind, and nothing else is counted."""
    here = [_master(member.id.encode()) for member in members if member.region == region]
    lag = _lag_of(b" OR ".join(here))
    return {
        b"AWS_REGION": b"'%s'" % region.encode(),
        b"HIGHEST_LSN_WRITTEN": b"1",
        b"DURABILITY_LAG_IN_MILLISECONDS": lag,
        b"RPO_LAG_IN_MILLISECONDS": lag,
        b"LAST_LAG_CALCULATION_TIMESTAMP": b"NOW(6)",
        b"OLDEST_READ_VIEW_TRX_ID": b"1",
    }


def _global_instance_row(number: int, member: TopologyRow) -> Mapping[bytes, bytes]:
    name = member.id.encode()
    return {
        b"SERVER_ID": b"'%s'" % name,
        b"SESSION_ID": _session_of(number, name),
        b"AWS_REGION": b"'%s'" % member.region.encode(),
        b"DURABLE_LSN": b"1",
        b"HIGHEST_LSN_RECEIVED": b"1",
        b"OLDEST_READ_VIEW_TRX_ID": b"1",
        b"OLDEST_READ_VIEW_LSN": b"1",
        b"VISIBILITY_LAG_IN_MSEC": _lag_of(_master(name)),
    }


def _row(number: int, member: TopologyRow) -> Mapping[bytes, bytes]:
    name = member.id.encode()
    age = b"SUBSTRING_INDEX(SUBSTRING_INDEX(%s, ',', %d), ',', -1)" % (AGES, number)
    seen = b"NOW(6) - INTERVAL CAST(%s AS SIGNED) MICROSECOND" % age
    return {
        b"SERVER_ID": b"'%s'" % name,
        b"SESSION_ID": _session_of(number, name),
        b"LAST_UPDATE_TIMESTAMP": seen,
        b"REPLICA_LAG_IN_MILLISECONDS": _lag_of(_master(name)),
        b"CPU": b"5e0",
        b"IS_CURRENT": b"1",
    }


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
