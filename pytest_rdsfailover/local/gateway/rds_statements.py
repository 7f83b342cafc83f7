"""Statements that only RDS and Aurora know, in words that the real server knows. No I/O."""

from collections.abc import Mapping, Sequence

from pytest_rdsfailover.local.gateway.aurora import (
    GLOBAL_INSTANCES,
    GLOBAL_STATUS,
    SCHEMA,
    TABLE,
)
from pytest_rdsfailover.local.gateway.table_names import Tables
from pytest_rdsfailover.mysql.packets import ServerFault
from pytest_rdsfailover.mysql.statements import Statement, Token

LISTED = b"Tables_in_information_schema"
KILLS = {b"rds_kill": b"KILL CONNECTION ", b"rds_kill_query": b"KILL QUERY "}
NOT_SIMULATED = ServerFault(
    1235, "42000", "This local cluster does not simulate ALTER SYSTEM SIMULATE"
)
DESCRIBES = frozenset({b"DESCRIBE", b"DESC", b"EXPLAIN"})
FROM = frozenset({b"FROM", b"IN"})
# The columns of the tables of the topology, and what DESCRIBE tells of their types.
Columns = Mapping[bytes, bytes]
TABLES: Mapping[bytes, Columns] = {
    TABLE: {
        b"SERVER_ID": b"varchar(100)", b"SESSION_ID": b"varchar(100)",
        b"LAST_UPDATE_TIMESTAMP": b"datetime(6)", b"REPLICA_LAG_IN_MILLISECONDS": b"double",
        b"CPU": b"double", b"IS_CURRENT": b"int",
    },
    GLOBAL_STATUS: {
        b"AWS_REGION": b"varchar(100)", b"HIGHEST_LSN_WRITTEN": b"bigint",
        b"DURABILITY_LAG_IN_MILLISECONDS": b"double", b"RPO_LAG_IN_MILLISECONDS": b"double",
        b"LAST_LAG_CALCULATION_TIMESTAMP": b"datetime(6)", b"OLDEST_READ_VIEW_TRX_ID": b"bigint",
    },
    GLOBAL_INSTANCES: {
        b"SERVER_ID": b"varchar(100)", b"SESSION_ID": b"varchar(100)",
        b"AWS_REGION": b"varchar(100)", b"DURABLE_LSN": b"bigint",
        b"HIGHEST_LSN_RECEIVED": b"bigint", b"OLDEST_READ_VIEW_TRX_ID": b"bigint",
        b"OLDEST_READ_VIEW_LSN": b"bigint", b"VISIBILITY_LAG_IN_MSEC": b"double",
    },
}  # fmt: skip
OF_ALL = {b"TABLE_SCHEMA": SCHEMA, b"TABLE_CATALOG": b"def"}
# What both servers have in the schema's own lists.
OF_TABLES = (
    b"TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE VERSION ROW_FORMAT TABLE_ROWS"
    b" AVG_ROW_LENGTH DATA_LENGTH MAX_DATA_LENGTH INDEX_LENGTH DATA_FREE AUTO_INCREMENT CREATE_TIME"
    b" UPDATE_TIME CHECK_TIME TABLE_COLLATION CHECKSUM CREATE_OPTIONS TABLE_COMMENT"
).split()
OF_COLUMNS = (
    b"TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION COLUMN_DEFAULT IS_NULLABLE"
    b" DATA_TYPE CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION NUMERIC_SCALE"
    b" DATETIME_PRECISION CHARACTER_SET_NAME COLLATION_NAME COLUMN_TYPE COLUMN_KEY EXTRA PRIVILEGES"
    b" COLUMN_COMMENT GENERATION_EXPRESSION"
).split()


def in_known_words(statement: Statement) -> bytes | None:
    """Return a statement as the real server knows it; None for one that it may know itself."""
    words, run = statement.words, statement.tokens
    if words[:3] == (b"SHOW", b"VOLUME", b"STATUS"):
        return b"SELECT 'Disks' AS Variable_name, '96' AS Value UNION ALL SELECT 'Nodes', '74'"
    if words[:1] == (b"CALL",):
        return _kill(statement)
    if words[:1] == (b"SHOW",):
        return _listed_tables(statement) or _shown_columns(statement) or _shown_rest(statement)
    described = _table(run[1:4])
    if described is not None and words[0] in DESCRIBES:
        return _columns(TABLES[described], _like(run[4:], statement.sql), full=False)
    return None


def schema_tables() -> Tables:
    """Return the schema's lists of tables and columns, with the tables of the topology in them."""
    named = {table: {b"TABLE_NAME": table.upper(), **OF_ALL} for table in TABLES}
    rows = [
        {**name, b"TABLE_TYPE": b"SYSTEM VIEW", b"CREATE_OPTIONS": b"", b"TABLE_COMMENT": b""}
        for name in named.values()
    ]
    columns = [
        {
            **named[table], b"COLUMN_NAME": name, b"ORDINAL_POSITION": b"%d" % number,
            b"IS_NULLABLE": b"YES", b"DATA_TYPE": kind.partition(b"(")[0], b"COLUMN_TYPE": kind,
            b"COLUMN_KEY": b"", b"EXTRA": b"", b"PRIVILEGES": b"select", b"COLUMN_COMMENT": b"",
        }
        for table, types in TABLES.items()
        for number, (name, kind) in enumerate(types.items(), 1)
    ]  # fmt: skip
    return {
        (SCHEMA, b"tables"): _with_rows(b"TABLES", OF_TABLES, rows),
        (SCHEMA, b"columns"): _with_rows(b"COLUMNS", OF_COLUMNS, columns),
    }


def _with_rows(table: bytes, names: Sequence[bytes], rows: Sequence[dict[bytes, bytes]]) -> bytes:
    """Return one of the schema's tables with further rows, as a derived table."""
    selects = [b"SELECT %s FROM information_schema.%s" % (b", ".join(names), table)]
    for row in rows:
        values = [b"'%s'" % row[name] if name in row else b"NULL" for name in names]
        selects.append(b"SELECT " + b", ".join(values))
    return b"(" + b" UNION ALL ".join(selects) + b")"


def _kill(statement: Statement) -> bytes | None:
    """Return CALL mysql.rds_kill(n), or rds_kill_query, as a KILL."""
    run = statement.tokens
    if len(run) < 7 or run[1].name != b"mysql" or run[3].name not in KILLS:  # noqa: PLR2004 - CALL a.b(n)
        return None
    if any(token.text == b"," for token in run[5:-1]):
        return None  # too many arguments
    return KILLS[run[3].name] + statement.sql[run[4].end : run[-1].start]


def _table(run: Sequence[Token]) -> bytes | None:
    """Return which table of the topology is named; None for another one."""
    *schema, table = [token.name or token.text for token in run] or [b""]
    return table if schema == [SCHEMA, b"."] and table in TABLES else None


def _shown_columns(statement: Statement) -> bytes | None:
    """Return SHOW COLUMNS of a table of the topology as a SELECT."""
    run = [token for token in statement.tokens[1:] if token.word != b"EXTENDED"]
    full = [token.word for token in run[:1]] == [b"FULL"]
    run = run[full:]
    if len(run) < 5 or run[0].word not in (b"COLUMNS", b"FIELDS"):  # noqa: PLR2004 - COLUMNS FROM a.b
        return None
    named = [token.name or token.text for token in run[1:5]]
    of_two = named[3] == SCHEMA and {run[1].word, run[3].word} <= FROM
    table = named[1] if of_two and named[1] in TABLES else None
    if table is None and run[1].word in FROM:
        table = _table(run[2:5])
    if table is None:
        return None
    condition = statement.sql[run[4].end :]
    if [token.word for token in run[5:6]] == [b"LIKE"]:
        condition = b" WHERE Field" + condition
    return _columns(TABLES[table], condition, full=full)


def _shown_rest(statement: Statement) -> bytes | None:
    """Return SHOW INDEX and SHOW CREATE TABLE of a table of the topology."""
    run = statement.tokens
    table = _table(run[3:6])
    if table is None:
        return None
    if run[1].word in (b"INDEX", b"INDEXES", b"KEYS"):
        # One of the schema's tables that both servers have, and no index in it either.
        return statement.sql[: run[5].start] + b"ENGINES" + statement.sql[run[5].end :]
    if (run[1].word, run[2].word) != (b"CREATE", b"TABLE"):
        return None
    columns = b",\n".join(b"  `%s` %s" % column for column in TABLES[table].items())
    made = b"CREATE TEMPORARY TABLE `%s` (\n%s\n)" % (table.upper(), columns)
    return b"SELECT '%s' AS `Table`, '%s' AS `Create Table`" % (table.upper(), made)


def _like(run: Sequence[Token], sql: bytes) -> bytes:
    """Return the condition that a column's name, or a pattern, behind DESCRIBE means."""
    if not run:
        return b""
    pattern = sql[run[0].start : run[0].end] if run[0].kind == "string" else b"'%s'" % run[0].name
    return b" WHERE Field LIKE " + pattern


def _columns(columns: Columns, condition: bytes, *, full: bool) -> bytes:
    collation, more = b"NULL AS Collation, ", b", 'select' AS `Privileges`, '' AS Comment"
    rows = b" UNION ALL ".join(
        b"SELECT '%s' AS Field, '%s' AS Type, %s'YES' AS `Null`, '' AS `Key`, NULL AS `Default`,"
        b" '' AS Extra%s" % (name, kind, collation if full else b"", more if full else b"")
        for name, kind in columns.items()
    )
    return b"SELECT * FROM (%s) AS described%s" % (rows, condition)


def _listed_tables(statement: Statement) -> bytes | None:
    """Return SHOW TABLES FROM information_schema as a SELECT that lists those of the topology, too."""
    run = list(statement.tokens[1:])
    full = [token.word for token in run[:1]] == [b"FULL"]
    run = run[full:]
    if len(run) < 3 or run[0].word != b"TABLES" or run[1].word not in FROM:  # noqa: PLR2004
        return None
    if run[2].name != SCHEMA:
        return None
    name, condition = LISTED, statement.sql[run[2].end :]
    if len(run) > 4 and run[3].word == b"LIKE":  # noqa: PLR2004 - TABLES FROM s LIKE p
        name = b"%s (%s)" % (LISTED, run[4].text.strip(b"'\""))
        condition = b" WHERE `%s`%s" % (name, condition)
    more = b", TABLE_TYPE AS Table_type" if full else b""
    tables = schema_tables()[SCHEMA, b"tables"]
    return (
        b"SELECT * FROM (SELECT TABLE_NAME AS `%s`%s FROM %s AS every WHERE TABLE_SCHEMA ="
        b" 'information_schema') AS listed%s ORDER BY 1" % (name, more, tables, condition)
    )
