"""What a session may still ask about its latest statement, wherever that was executed. No I/O."""

import re
from collections.abc import Callable, Mapping

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

# Statements whose number of rows FOUND_ROWS() tells.
FINDS = re.compile(rb".[\s(]*(?:select|with|show|desc|call|values|table)\b", re.IGNORECASE)
NO_ROWS = -1  # what ROW_COUNT() tells after a result with rows, and after an error
Mark = Callable[[bytes, bytes], bytes]


class Aftermath:
    """What one statement left to ask about.

    Attributes:
        row_count: what ROW_COUNT() tells after it.
        found_rows: what FOUND_ROWS() tells after it.
        warnings: its warnings, errors and notes, as SHOW WARNINGS lists them; empty until they had to
            be kept, because the connection that has them was needed for something else.
    """

    __slots__ = ("found_rows", "row_count", "warnings")

    def __init__(self) -> None:
        self.row_count = self.found_rows = 0
        self.warnings: list[Row] = []

    def keep(self, warnings: list[Row]) -> None:
        """Keep the warnings that a connection is about to forget."""
        self.warnings = warnings

    def next(self, *, diagnostic: bool) -> "Aftermath":
        """Return that of the next statement; a *diagnostic* one leaves the warnings as they are."""
        later = Aftermath()
        later.found_rows = self.found_rows
        if diagnostic:
            later.warnings = self.warnings
        return later

    def note(self, message: bytes, payload: bytes, response: Response) -> None:
        """Note the end of a result.

        Args:
            message: the command.
            payload: the packet that ends the result.
            response: the answer that it belongs to.
        """
        if payload[0] == OK and not response.queried:
            self.row_count, _ = read_lenenc(payload, 1)
            return
        self.row_count = NO_ROWS
        if not response.failed and FINDS.match(message):
            self.found_rows = response.rows

    def told(self, message: bytes, dialect: SqlDialect, charset: bytes, mark: Mark) -> bytes:
        """Return a command that looks back with what it asks for put into it.

        Args:
            message: what the client sent; only its first statement looks back at another command.
            dialect: how the server reads it.
            charset: in which the warnings are.
            mark: returns a value as SQL that keeps the name of a column, which is its second argument.
        """
        first, *others = statements(message[1:], dialect)
        shows = first.words[:1] == (b"SHOW",)
        text = self._shown(first, charset) if shows else self._filled(first, mark)
        return message[:1] + b";".join((text, *(other.sql for other in others)))

    def _filled(self, statement: Statement, mark: Mark) -> bytes:
        """Return a statement with values in place of the functions and variables that tell them."""
        values = self._values()
        spans = [
            (reference.start, reference.end, values[reference.name])
            for reference in references(statement)
            if reference.name in values and not reference.target
        ]
        spans += _calls(statement, values)
        return replace_spans(
            statement.sql,
            [(a, b, mark(value, statement.sql[a:b])) for a, b, value in sorted(spans)],
        )

    def _values(self) -> dict[bytes, bytes]:
        errors = sum(level == b"Error" for level, *_ in self.warnings)
        return {
            b"warning_count": b"%d" % len(self.warnings), b"error_count": b"%d" % errors,
            b"row_count": b"%d" % self.row_count, b"found_rows": b"%d" % self.found_rows,
        }  # fmt: skip

    def _shown(self, statement: Statement, charset: bytes) -> bytes:
        """Return a SHOW WARNINGS or SHOW ERRORS, or a count of those, as a SELECT."""
        errors = any(token.word == b"ERRORS" for token in statement.tokens)
        rows = [row for row in self.warnings if row[0] == b"Error" or not errors]
        if statement.words[1:2] == (b"COUNT",):
            name = b"error_count" if errors else b"warning_count"
            return b"SELECT %d AS `@@session.%s`" % (len(rows), name)
        behind = statement.sql[statement.tokens[1].end :]
        if not rows:
            return (
                b"SELECT '' AS Level, 0 AS Code, '' AS Message FROM (SELECT 1) AS nothing WHERE 0"
            )
        listed = b" UNION ALL ".join(_row(row, charset) for row in rows)
        return b"SELECT * FROM (%s) AS warnings%s" % (listed, behind)


def _row(row: Row, charset: bytes) -> bytes:
    level, code, text = (value or b"" for value in row[:3])
    return b"SELECT '%s' AS Level, %s AS Code, CONVERT(X'%s' USING %s) AS Message" % (
        level, code, text.hex().encode(), charset,
    )  # fmt: skip


def _calls(statement: Statement, values: Mapping[bytes, bytes]) -> list[tuple[int, int, bytes]]:
    """Return where a statement calls a function without arguments that has one of the values."""
    run = statement.tokens
    return [
        (name.start, closed.end, values[name.name])
        for name, opened, closed in zip(run, run[1:], run[2:], strict=False)
        if name.name in values and (opened.text, closed.text) == (b"(", b")")
    ]
