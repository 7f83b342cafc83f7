"""Lists of system variables, as SHOW and the servers' own tables have them, with our values in them.

No I/O.
"""

from collections.abc import Mapping

from pytest_rdsfailover.local.gateway.table_names import Tables
from pytest_rdsfailover.mysql.statements import Statement

SHOW, VARIABLES = b"SHOW", b"VARIABLES"


def shows_variables(words: tuple[bytes, ...]) -> bool:
    """Tell whether a statement with these leading words lists system variables."""
    listed = words[1:2] if words[1:2] == (VARIABLES,) else words[2:3]
    scoped = words[1:2] in ((VARIABLES,), (b"GLOBAL",), (b"SESSION",), (b"LOCAL",))
    return words[:1] == (SHOW,) and scoped and listed == (VARIABLES,)


def shown_variables(statement: Statement, tables: Tables, *, mariadb: bool) -> bytes:
    """Return a SHOW VARIABLES as a SELECT from one of the tables that `variable_tables` gives.

    Args:
        statement: for which `shows_variables` holds.
        tables: these tables.
        mariadb: the server is a MariaDB.
    """
    last = 1 if statement.tokens[1].word == VARIABLES else 2
    scope = b"global" if statement.tokens[1].word == b"GLOBAL" else b"session"
    table = tables[_schema(mariadb=mariadb), scope + b"_variables"]
    condition = statement.sql[statement.tokens[last].end :]
    if statement.tokens[last + 1 : last + 2] and statement.tokens[last + 1].word == b"LIKE":
        condition = b" WHERE Variable_name" + condition
    return (
        b"SELECT Variable_name, Value FROM (SELECT LOWER(VARIABLE_NAME) AS Variable_name,"
        b" VARIABLE_VALUE AS Value FROM %s AS listed) AS `variables`%s\nORDER BY Variable_name"
        % (table, condition)
    )


def variable_tables(
    other: Mapping[bytes, bytes], more: Mapping[bytes, bytes], *, mariadb: bool
) -> Tables:
    """Return the server's tables of variables as derived tables, by schema and name.

    Args:
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
        for name in (b"global_variables", b"session_variables")
    }


def _schema(*, mariadb: bool) -> bytes:
    return b"information_schema" if mariadb else b"performance_schema"
