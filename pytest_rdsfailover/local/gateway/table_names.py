"""Where statements name tables that others are to be put in place of. No I/O."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from pytest_rdsfailover.mysql.statements import Statement, Token, replace_spans

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
# What stands before a table's name.
BEFORE = frozenset(b"FROM JOIN STRAIGHT_JOIN IN TABLE DESCRIBE DESC EXPLAIN".split())
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
        for start, end, new in sorted(_table_spans(statement.tokens, tables))
    ]


def _table_spans(run: Sequence[Token], tables: Tables) -> Iterator[Span]:
    unaliased = set[bytes]()
    for at, token in enumerate(run):
        table, name, after = _mention(run, at, tables)
        if table is None or name is None:
            continue
        if after is not None and after.text == b".":
            yield token.start, name.end, _quoted(name)  # a column of it
        elif after is not None and _is_alias(after):
            yield token.start, name.end, table
        else:
            unaliased.add(name.name)
            new = table + b" AS " + _quoted(name)
            if at and after and (run[at - 1].text, after.text) == (b"(", b")"):
                yield run[at - 1].start, after.end, new  # MySQL wants no brackets around it
            else:
                yield token.start, name.end, new
    for before, token, after in zip((None, *run), run, run[1:], strict=False):
        qualifies = after.text == b"." and token.name in unaliased
        if qualifies and (before is None or before.text not in (b".", b"@")):
            yield token.start, token.end, _quoted(token)


def _mention(
    run: Sequence[Token], at: int, tables: Tables
) -> tuple[bytes | None, Token | None, Token | None]:
    """Return what stands for the table named at a place, its name there, and what follows."""
    named = run[at : at + 3]
    before = run[at - 1].text if at else b""
    if len(named) < 3 or named[1].text != b"." or before in (b".", b"@"):  # noqa: PLR2004 - a.b
        return None, None, None
    after = run[at + 3] if at + 3 < len(run) else None
    return tables.get((named[0].name, named[2].name)), named[2], after


def _quoted(name: Token) -> bytes:
    return b"`" + name.name + b"`"


def qualified(statement: Statement, schema: bytes, tables: Collection[bytes]) -> bytes:
    """Return a statement's text with the session's schema before those tables that are named without.

    Args:
        statement: in which they are named.
        schema: in lower case.
        tables: their names, in lower case.
    """
    run, spans = statement.tokens, list[Span]()
    for before, token, after in zip(run, run[1:], (*run[2:], None), strict=False):
        elsewhere = before.text == b"." or (after is not None and after.word in (b"FROM", b"IN"))
        qualifies = after is not None and after.text == b"."
        named = before.word in BEFORE or before.text in (b",", b"(") or qualifies
        if token.name in tables and named and not elsewhere:
            spans.append((token.start, token.start, schema + b"."))
    lists = (
        [t for t in run[1:3] if t.word == b"TABLES"] if statement.words[:1] == (b"SHOW",) else []
    )
    if lists and not any(token.word in (b"FROM", b"IN") for token in run):
        spans.append((lists[0].end, lists[0].end, b" FROM " + schema))
    return replace_spans(statement.sql, sorted(spans))


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
        and not (_is_named(column) or _is_name(column))
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


def _is_name(column: Sequence[Token]) -> bool:
    """Tell whether a column is one of a table, which gives it its name, or all of those."""
    return all(token.name or token.text in (b".", b"*") for token in column)
