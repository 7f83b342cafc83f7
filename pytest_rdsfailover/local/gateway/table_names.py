"""Where statements name tables that others are to be put in place of. No I/O."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_rdsfailover.mysql.statements import Statement, Token

# Words that may follow a table's name, so that they are no alias of it.
FOLLOWERS = frozenset(
    b"WHERE GROUP ORDER LIMIT HAVING UNION EXCEPT INTERSECT MINUS JOIN INNER LEFT RIGHT CROSS"
    b" NATURAL STRAIGHT_JOIN ON USING FOR LOCK INTO PROCEDURE WINDOW USE FORCE IGNORE SET OFFSET"
    b" FETCH ROWS END RETURNING VALUES".split()
)
# An executable comment may begin or end in the middle of the table's name.
COMMENT, BRACKET = re.compile(rb"/\*(?!M?!).*?\*/", re.DOTALL), re.compile(rb"/\*M?!\d*|\*/")

# What stands before the first column of a SELECT, what ends its columns, and ends of an expression.
MODIFIERS = frozenset(
    b"ALL DISTINCT DISTINCTROW HIGH_PRIORITY STRAIGHT_JOIN SQL_SMALL_RESULT SQL_BIG_RESULT"
    b" SQL_BUFFER_RESULT SQL_CACHE SQL_NO_CACHE SQL_CALC_FOUND_ROWS".split()
)
BEHIND = frozenset(b"FROM INTO WHERE GROUP HAVING ORDER LIMIT UNION EXCEPT INTERSECT FOR".split())
ENDS = frozenset((b"END", b"NULL", b"TRUE", b"FALSE", b"UNKNOWN"))
LONGEST_NAME = 255  # letters of a column's name

Span = tuple[int, int, bytes]
Tables = Mapping[tuple[bytes, bytes], bytes]


def table_spans(statement: Statement, tables: Tables) -> list[Span]:
    """Return what to put in place of each mention of a table.

    Args:
        statement: in which they are named.
        tables: derived tables by schema and name, both in lower case.
    """
    return [
        (start, end, new + b" ".join(BRACKET.findall(COMMENT.sub(b"", statement.sql[start:end]))))
        for start, end, new in _table_spans(statement.tokens, tables)
    ]


def _table_spans(run: Sequence[Token], tables: Tables) -> Iterator[Span]:
    for at in range(len(run) - 2):
        schema, dot, name = run[at : at + 3]
        table = tables.get((schema.name, name.name)) if dot.text == b"." else None
        if table is None or (at and run[at - 1].text in (b".", b"@")):
            continue
        after = run[at + 3] if at + 3 < len(run) else None
        if after is not None and after.text == b".":
            yield schema.start, name.end, b"`" + name.name + b"`"  # a column of it
        elif after is not None and _is_alias(after):
            yield schema.start, name.end, table
        else:
            yield schema.start, name.end, table + b" AS `" + name.name + b"`"


def _is_alias(token: Token) -> bool:
    """Tell whether what follows a table's name is another name for it."""
    return token.kind == "quoted" or (token.kind == "word" and token.word not in FOLLOWERS)


def column_spans(statement: Statement, replaced: Sequence[Span]) -> list[Span]:
    """Return names for the columns of a SELECT that have none, and whose text is to be replaced.

    A server names such a column after its text, which the client must not notice to be another one.
    """
    return [
        (column[-1].end, column[-1].end, b" AS `" + text[:LONGEST_NAME].encode() + b"`")
        for column in _columns(statement.tokens)
        if any(column[0].start <= start < column[-1].end for start, _, _ in replaced)
        and not _is_named(column)
        for text in [
            statement.sql[column[0].start : column[-1].end]
            .decode("utf-8", "replace")
            .replace("`", "``")
        ]
    ]


def _columns(run: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the columns of a statement that is a SELECT."""
    if not run or run[0].word != b"SELECT":
        return
    depth, column = 0, list[Token]()
    for token in run[1:]:
        if token.kind == "other":
            depth += {b"(": 1, b")": -1}.get(token.text, 0)
        if not depth and (token.word in BEHIND or token.text == b","):
            if column:
                yield column
            column = []
            if token.word in BEHIND:
                return
        elif column or token.word not in MODIFIERS:
            column.append(token)
    if column:
        yield column


def _is_named(column: Sequence[Token]) -> bool:
    """Tell whether a column ends with a name of its own."""
    last, before = column[-1], column[-2] if len(column) > 1 else None
    if before is None or last.kind not in ("word", "quoted", "string"):
        return False
    ended = before.text == b")" or before.kind in ("word", "quoted", "string")
    return before.word == b"AS" or (ended and last.word not in ENDS)
