"""What Aurora has and the real server has not: its topology table, and its view of variables.

Statements are rewritten so that the real server computes the answer: whatever a client joins,
filters or aliases works as it would on Aurora. No I/O.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.mysql.statements import Statement, Token

VERSION = b"3.10.0"
REPLICA_LAG = 18  # milliseconds
TABLE = b"replica_host_status"
FUNCTION = b"aurora_version"
MASTER = b"MASTER_SESSION_ID"
# User variables that carry the topology into statements; set before each statement that needs
# them, so that a statement prepared before a failover tells the truth after it.
WRITERS, AGES = b"@`rdsfailover writers`", b"@`rdsfailover ages`"
# Words that may follow a table's name, so that they are no alias of it.
FOLLOWERS = frozenset(
    b"WHERE GROUP ORDER LIMIT HAVING UNION EXCEPT INTERSECT MINUS JOIN INNER LEFT RIGHT CROSS"
    b" NATURAL STRAIGHT_JOIN ON USING FOR LOCK INTO PROCEDURE WINDOW USE FORCE IGNORE SET OFFSET"
    b" FETCH ROWS END RETURNING VALUES".split()
)
# An executable comment may begin or end in the middle of the table's name.
COMMENT, BRACKET = re.compile(rb"/\*(?!M?!).*?\*/", re.DOTALL), re.compile(rb"/\*M?!\d*|\*/")

Span = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyRow:
    """One instance as Aurora's topology table has it.

    Attributes:
        id: its name.
        writer: it has the master's session.
        age: seconds since it was last heard of.
    """

    id: str
    writer: bool
    age: float


def topology_setting(members: Sequence[TopologyRow]) -> bytes:
    """Return the statement that tells the server how the cluster is now."""
    writers = b",".join(row.id.encode() for row in members if row.writer)
    ages = b",".join(b"%d" % round(row.age * 1e6) for row in members)
    return b"SET %s = '%s', %s = '%s'" % (WRITERS, writers, AGES, ages)


def topology_table(members: Sequence[TopologyRow]) -> bytes:
    """Return the topology table as a derived table, for rows that `topology_setting` fills."""
    return b"(" + b" UNION ALL ".join(_row(n, one) for n, one in enumerate(members, 1)) + b")"


def _row(number: int, member: TopologyRow) -> bytes:
    name = member.id.encode()
    master = b"FIND_IN_SET('%s', %s)" % (name, WRITERS)
    age = b"SUBSTRING_INDEX(SUBSTRING_INDEX(%s, ',', %d), ',', -1)" % (AGES, number)
    seen = b"NOW(6) - INTERVAL CAST(%s AS SIGNED) MICROSECOND" % age
    columns = {
        b"SERVER_ID": b"'%s'" % name,
        b"SESSION_ID": b"IF(%s, '%s', '%s')" % (master, MASTER, _session(number)),
        b"LAST_UPDATE_TIMESTAMP": seen,
        b"REPLICA_LAG_IN_MILLISECONDS": b"IF(%s, 0e0, %de0)" % (master, REPLICA_LAG),
        b"CPU": b"5e0",
        b"IS_CURRENT": b"1",
    }
    return b"SELECT " + b", ".join(b"%s AS %s" % (what, name) for name, what in columns.items())


def _session(number: int) -> bytes:
    """Return the session id of a reader: a UUID, as Aurora's are."""
    return b"5ca1ab1e-0000-4000-8000-%012d" % number


def topology_spans(statement: Statement, table: bytes) -> list[Span]:
    """Return what to put in place of each mention of the topology table."""
    return [
        (start, end, new + b" ".join(BRACKET.findall(COMMENT.sub(b"", statement.sql[start:end]))))
        for start, end, new in _topology_spans(statement.tokens, table)
    ]


def _topology_spans(run: Sequence[Token], table: bytes) -> Iterator[Span]:
    for at in range(len(run) - 2):
        schema, dot, name = run[at : at + 3]
        if (schema.name, dot.text, name.name) != (b"information_schema", b".", TABLE):
            continue
        after = run[at + 3] if at + 3 < len(run) else None
        if at and run[at - 1].text in (b".", b"@"):
            continue
        if after is not None and after.text == b".":
            yield schema.start, name.end, b"`" + TABLE + b"`"  # a column of it
        elif after is not None and _is_alias(after):
            yield schema.start, name.end, table
        else:
            yield schema.start, name.end, table + b" AS `" + TABLE + b"`"


def _is_alias(token: Token) -> bool:
    """Tell whether what follows a table's name is another name for it."""
    return token.kind == "quoted" or (token.kind == "word" and token.word not in FOLLOWERS)


def function_spans(statement: Statement) -> Iterator[tuple[int, int]]:
    """Yield where a statement calls AURORA_VERSION()."""
    run = statement.tokens
    for at in range(len(run) - 2):
        name, opened, closed = run[at : at + 3]
        called = (name.kind, name.name, opened.text, closed.text)
        if called == ("word", FUNCTION, b"(", b")") and not (at and run[at - 1].text == b"."):
            yield name.start, closed.end


SHOW, VARIABLES = b"SHOW", b"VARIABLES"


def shows_variables(words: tuple[bytes, ...]) -> bool:
    """Tell whether a statement with these leading words lists system variables."""
    listed = words[1:2] if words[1:2] == (VARIABLES,) else words[2:3]
    scoped = words[1:2] in ((VARIABLES,), (b"GLOBAL",), (b"SESSION",), (b"LOCAL",))
    return words[:1] == (SHOW,) and scoped and listed == (VARIABLES,)


def shown_variables(
    statement: Statement,
    other: Mapping[bytes, bytes],
    more: Mapping[bytes, bytes],
    *,
    mariadb: bool,
) -> bytes:
    """Return a SHOW VARIABLES as a SELECT that has our values in place of the server's.

    Args:
        statement: for which `shows_variables` holds.
        other: values that differ from the server's, by the variable's name in lower case.
        more: values of variables that the server has not.
        mariadb: the server is a MariaDB.
    """
    last = 1 if statement.tokens[1].word == VARIABLES else 2
    scope = b"global" if statement.tokens[1].word == b"GLOBAL" else b"session"
    schema = b"information_schema" if mariadb else b"performance_schema"
    cases = b" ".join(b"WHEN '%s' THEN '%s'" % pair for pair in other.items())
    rows = b"".join(b" UNION ALL SELECT '%s', '%s'" % pair for pair in more.items())
    condition = statement.sql[statement.tokens[last].end :]
    if statement.tokens[last + 1 : last + 2] and statement.tokens[last + 1].word == b"LIKE":
        condition = b" WHERE Variable_name" + condition
    return (
        b"SELECT Variable_name, Value FROM (SELECT LOWER(VARIABLE_NAME) AS"
        b" Variable_name, CASE LOWER(VARIABLE_NAME) %s ELSE VARIABLE_VALUE END AS Value FROM %s.%s_variables%s)"
        b" AS `variables`%s\nORDER BY Variable_name" % (cases, schema, scope, rows, condition)
    )
