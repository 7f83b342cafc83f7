"""Lists of system and status variables, as SHOW and the servers' own tables have them, with our values.

No I/O.
"""

from collections.abc import Mapping, Sequence

from pytest_rdsfailover.local.gateway.table_names import Tables
from pytest_rdsfailover.mysql.statements import Statement

SHOW, VARIABLES, STATUS = b"SHOW", b"VARIABLES", b"STATUS"
SCOPES = (b"GLOBAL", b"SESSION", b"LOCAL")
VARIABLE_TABLES, STATUS_TABLES = (b"global_variables", b"session_variables"), (b"session_status",)
SYSTEM_TABLE = b"system_variables"  # MariaDB's, whose columns these are
OF_SYSTEM_TABLE = (
    b"VARIABLE_NAME SESSION_VALUE GLOBAL_VALUE GLOBAL_VALUE_ORIGIN DEFAULT_VALUE VARIABLE_SCOPE"
    b" VARIABLE_TYPE VARIABLE_COMMENT NUMERIC_MIN_VALUE NUMERIC_MAX_VALUE NUMERIC_BLOCK_SIZE"
    b" ENUM_VALUE_LIST READ_ONLY COMMAND_LINE_ARGUMENT GLOBAL_VALUE_PATH"
).split()
STATUS_NAME = b"CONCAT(LEFT(VARIABLE_NAME, 1), LOWER(SUBSTRING(VARIABLE_NAME, 2)))"


def shows_variables(words: tuple[bytes, ...]) -> bool:
    """Tell whether a statement with these leading words lists system variables."""
    return _shown(words) == VARIABLES


def shows_status(statement: Statement) -> bool:
    """Tell whether a statement lists status variables of its session, those of TLS among them.

    Others are left to the server, because our way to list them would count in them.
    """
    words, upper = statement.words, statement.sql.upper()
    if _shown(words) != STATUS or words[1] == b"GLOBAL":
        return False
    return words[-1] == STATUS or b"SSL" in upper or b"CIPHER" in upper


def _shown(words: tuple[bytes, ...]) -> bytes:
    """Return what a SHOW with these leading words lists, whatever the scope."""
    if words[:1] != (SHOW,):
        return b""
    return b"".join(words[2:3] if words[1:2] and words[1] in SCOPES else words[1:2])


def shown_variables(statement: Statement, tables: Tables, *, mariadb: bool) -> bytes:
    """Return a SHOW VARIABLES or STATUS as a SELECT from one of the tables that `variable_tables` gives.

    Args:
        statement: for which `shows_variables` or `shows_status` holds.
        tables: these tables.
        mariadb: the server is a MariaDB.
    """
    last = 2 if statement.tokens[1].word in SCOPES else 1
    listed = statement.tokens[last].word
    scope = b"global" if statement.tokens[1].word == b"GLOBAL" else b"session"
    table = tables[_schema(mariadb=mariadb), scope + b"_" + listed.lower()]
    more = statement.tokens[last + 1 :]
    condition = b""
    if more:  # without a comment around it, `/*!50000 ... */`, whose end would be alone
        condition = b" " + statement.sql[more[0].start : more[-1].end]
    if more and more[0].word == b"LIKE":
        condition = b" WHERE Variable_name" + condition
    name = b"LOWER(VARIABLE_NAME)" if listed == VARIABLES else STATUS_NAME
    return (
        b"SELECT Variable_name, Value FROM (SELECT %s AS Variable_name,"
        b" VARIABLE_VALUE AS Value FROM %s AS listed) AS `variables`%s\nORDER BY Variable_name"
        % (name, table, condition)
    )


def variable_tables(
    names: Sequence[bytes],
    other: Mapping[bytes, bytes],
    more: Mapping[bytes, bytes],
    *,
    mariadb: bool,
) -> Tables:
    """Return the server's tables of variables as derived tables, by schema and name.

    Args:
        names: of the tables.
        other: values that differ from the server's, by the variable's name in lower case.
        more: values of variables that the server has not.
        mariadb: the server is a MariaDB.
    """
    schema = _schema(mariadb=mariadb)
    cases = b" ".join(b"WHEN '%s' THEN '%s'" % pair for pair in other.items())
    rows = b"".join(
        b" UNION ALL SELECT '%s', '%s'" % (name.upper() if mariadb else name, value)
        for name, value in more.items()
    )
    return {
        (
            schema,
            name,
        ): b"(SELECT VARIABLE_NAME, CASE LOWER(VARIABLE_NAME) %s ELSE VARIABLE_VALUE END"
        b" AS VARIABLE_VALUE FROM %s.%s%s)" % (cases, schema, name, rows)
        for name in names
    }


def system_table(other: Mapping[bytes, bytes], more: Mapping[bytes, bytes]) -> Tables:
    """Return MariaDB's table of both scopes' values as `variable_tables` does the others."""
    cases = b" ".join(b"WHEN '%s' THEN '%s'" % pair for pair in other.items())
    shown = [
        b"IF(%s IS NULL, NULL, CASE LOWER(VARIABLE_NAME) %s ELSE %s END) AS %s"
        % (name, cases, name, name)
        if name in (b"SESSION_VALUE", b"GLOBAL_VALUE")
        else name
        for name in OF_SYSTEM_TABLE
    ]
    told = {b"SESSION_VALUE": b"NULL", b"VARIABLE_SCOPE": b"'GLOBAL'", b"READ_ONLY": b"'YES'"}
    rows = b"".join(
        b" UNION ALL SELECT "
        + b", ".join(
            {
                b"VARIABLE_NAME": b"'%s'" % variable.upper(),
                b"GLOBAL_VALUE": b"'%s'" % value,
                **told,
            }.get(name, b"NULL")
            for name in OF_SYSTEM_TABLE
        )
        for variable, value in more.items()
    )
    schema, name = b"information_schema", SYSTEM_TABLE
    columns = b", ".join(shown)
    return {(schema, name): b"(SELECT %s FROM %s.%s%s)" % (columns, schema, name, rows)}


def _schema(*, mariadb: bool) -> bytes:
    return b"information_schema" if mariadb else b"performance_schema"
