"""What a session may still ask about its latest statement, wherever that was executed. No I/O."""

import re
from collections.abc import Callable, Mapping, Sequence

from pytest_rdsfailover.local.gateway.proxy.errands import Row
from pytest_rdsfailover.mysql.packets import OK, read_lenenc
from pytest_rdsfailover.mysql.responses import Response
from pytest_rdsfailover.mysql.statements import (
    SqlDialect,
    Statement,
    references,
    replace_spans,
    statements,
)

# What may stand before a statement's first word.
LEAD = rb".(?:[\s(]|/\*.*?\*/|--[^\n]*\n|#[^\n]*\n)*+"
# Statements whose number of rows FOUND_ROWS() tells: queries, and those that servers execute as such.
FINDS = re.compile(
    LEAD + rb"(?:select|with|call|(?P<mysql>values|table)|show\s+(?!(?:create|grants|privileges"
    rb"|warnings|errors|full\s+processlist|processlist|engine|profiles|master|replicas?|slave|binary"
    rb"|binlog|relaylog)\b)|(?:desc|describe|explain)\b(?!\s*(?:\(|/|(?:select|with|insert|replace|update"
    rb"|delete|table|values|analyze|format|extended|partitions|for)\b)))",
    re.IGNORECASE | re.DOTALL,
)
# Statements that ask for warnings leave them as they are, and so does, on MariaDB, what names no table.
DIAGNOSTIC = re.compile(
    LEAD + rb"(?:show\s+(?:count\b.*\b)?(?:warnings|errors)|get\b.*\bdiagnostics)\b",
    re.IGNORECASE | re.DOTALL,
)
TABLELESS = re.compile(
    LEAD + rb"(?:(?:set|begin|start|commit|rollback|savepoint|release|do|use|values)\b"
    rb"|select\b(?!.*\bfrom\s+(?!dual\b))|prepare\b(?!.*\bfrom\b.*\bfrom\b))",
    re.IGNORECASE | re.DOTALL,
)
COUNTS = (b"warning_count", b"error_count")
NO_ROWS = -1  # what ROW_COUNT() tells after a result with rows, and after an error
Mark = Callable[[bytes, bytes], bytes]


class Aftermath:
    """What one statement left to ask about.

    Attributes:
        row_count: what ROW_COUNT() tells after it.
        found_rows: what FOUND_ROWS() tells after it.
        warnings: its warnings, errors and notes, as SHOW WARNINGS lists them.
        charset: that of their texts.
        counted: how many there were, which may be more than a server lists.
        warned: it came with warnings or an error of its own.
        elsewhere: FOUND_ROWS() is about a query that another connection executed.
    """

    __slots__ = (
        "_finds", "charset", "counted", "elsewhere", "found_rows", "row_count", "warned", "warnings",
    )  # fmt: skip

    def __init__(self, found_rows: int = 0) -> None:
        self.found_rows = found_rows
        self.row_count = self.counted = 0
        self.warnings: Sequence[Row] = ()
        self.charset = b""
        self._finds = self.warned = False
        self.elsewhere = True

    def next(self, message: bytes, *, mariadb: bool, here: bool = False) -> "Aftermath":
        """Return that of the next command, as far as it is no other than this one's.

        Args:
            message: the command.
            mariadb: that is what executes it.
            here: the connection that does has executed nothing since this one's.
        """
        later = Aftermath(self.found_rows)
        later.elsewhere = self.elsewhere or not here
        if self.warnings and (DIAGNOSTIC.match(message) or (mariadb and _is_tableless(message))):
            later.warnings, later.counted, later.charset = self.warnings, self.counted, self.charset
        finds = FINDS.match(message)
        later._finds = finds is not None and not (mariadb and finds["mysql"])
        return later

    def note(self, payload: bytes, response: Response) -> None:
        """Note the end of a result.

        Args:
            payload: the packet that ends it.
            response: the answer that it belongs to.
        """
        if response.warned:
            self.warned, self.counted = True, response.warnings
        if payload[0] == OK and not response.queried:
            self.row_count, _ = read_lenenc(payload, 1)
            return
        self.row_count = NO_ROWS
        if self._finds and not response.failed:
            self.found_rows, self.elsewhere = response.rows, False

    def told(self, message: bytes, dialect: SqlDialect, mark: Mark, *, here: bool = False) -> bytes:
        """Return a command that looks back with what it asks for put into it.

        Args:
            message: what the client sent; only its first statement looks back at another command.
            dialect: how the server reads it.
            mark: returns a value as SQL that keeps the name of a column, which is its second argument.
            here: the connection can tell it all by itself, except for rows found elsewhere.
        """
        if here and not self.elsewhere:
            return message
        first, *others = statements(message[1:], dialect)
        shows = first.words[:1] == (b"SHOW",)
        values = self._values()
        if dialect.mariadb and not _is_tableless(b"." + first.sql):
            values = {name: value for name, value in values.items() if name not in COUNTS}
        if here:
            values = {b"found_rows": values[b"found_rows"]}
        text = self._shown(first) if shows and not here else _filled(first, values, mark)
        if text == first.sql:
            return message
        return message[:1] + b";".join((text, *(other.sql for other in others)))

    def _values(self) -> dict[bytes, bytes]:
        errors = sum(level == b"Error" for level, *_ in self.warnings)
        warnings = max(self.counted, len(self.warnings))
        return {
            b"warning_count": b"%d" % warnings, b"error_count": b"%d" % errors,
            b"row_count": b"%d" % self.row_count, b"found_rows": b"%d" % self.found_rows,
        }  # fmt: skip

    def _shown(self, statement: Statement) -> bytes:
        """Return a SHOW WARNINGS or SHOW ERRORS, or a count of those, as a SELECT."""
        errors = any(token.word == b"ERRORS" for token in statement.tokens)
        rows = [row for row in self.warnings if row[0] == b"Error" or not errors]
        if statement.words[1:2] == (b"COUNT",):
            name = b"error_count" if errors else b"warning_count"
            return b"SELECT %s AS `@@session.%s`" % (self._values()[name], name)
        behind = statement.sql[statement.tokens[1].end :]
        if not rows:
            return (
                b"SELECT '' AS Level, 0 AS Code, '' AS Message FROM (SELECT 1) AS nothing WHERE 0"
            )
        listed = b" UNION ALL ".join(_row(row, self.charset) for row in rows)
        return b"SELECT * FROM (%s) AS warnings%s" % (listed, behind)


def _is_tableless(message: bytes) -> bool:
    """Tell whether no statement of a command names a table."""
    parts = [part for part in message[1:].split(b";") if part.strip()]
    return all(TABLELESS.match(b"." + part) for part in parts)


def _row(row: Row, charset: bytes) -> bytes:
    level, code, text = (value or b"" for value in row[:3])
    return b"SELECT '%s' AS Level, %s AS Code, CONVERT(X'%s' USING %s) AS Message" % (
        level, code, text.hex().encode(), charset,
    )  # fmt: skip


def _filled(statement: Statement, values: Mapping[bytes, bytes], mark: Mark) -> bytes:
    """Return a statement with values in place of the functions and variables that tell them."""
    spans = [
        (reference.start, reference.end, values[reference.name])
        for reference in references(statement)
        if reference.name in values and not reference.target
    ]
    spans += _calls(statement, values)
    return replace_spans(
        statement.sql, [(a, b, mark(value, statement.sql[a:b])) for a, b, value in sorted(spans)]
    )


def _calls(statement: Statement, values: Mapping[bytes, bytes]) -> list[tuple[int, int, bytes]]:
    """Return where a statement calls a function without arguments that has one of the values."""
    run = statement.tokens
    return [
        (name.start, closed.end, values[name.name])
        for name, opened, closed in zip(run, run[1:], run[2:], strict=False)
        if name.name in values and (opened.text, closed.text) == (b"(", b")")
    ]
