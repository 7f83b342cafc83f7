"""What a statement that is no SET means for its session, by its first words and what it names."""

from itertools import pairwise

from pytest_rdsfailover.local.gateway.proxy.pinning.effects import (
    BACKUP_LOCK,
    FOUND_ROWS,
    HANDLER,
    LOCK_TABLES,
    NAMED_LOCK,
    PREPARED,
    READ_LOCK,
    ROW_COUNT,
    TEMPORARY_TABLE,
    USER_VARIABLE,
    XA,
    Effect,
)
from pytest_rdsfailover.mysql.statements import LOOPS, Statement, Token, references

FUNCTIONS = {
    b"GET_LOCK": NAMED_LOCK,
    b"FOUND_ROWS": FOUND_ROWS,
    b"ROW_COUNT": ROW_COUNT,
}
STATEMENTS: dict[tuple[bytes, ...], str] = {
    (b"LOCK", b"TABLE"): LOCK_TABLES,
    (b"LOCK", b"TABLES"): LOCK_TABLES,
    (b"LOCK", b"INSTANCE"): BACKUP_LOCK,
    (b"BACKUP", b"LOCK"): BACKUP_LOCK,
    (b"BACKUP", b"STAGE", b"START"): BACKUP_LOCK,
    (b"CREATE", b"TEMPORARY"): TEMPORARY_TABLE,
    (b"CREATE", b"OR", b"REPLACE", b"TEMPORARY"): TEMPORARY_TABLE,
    (b"PREPARE",): PREPARED,
    (b"EXECUTE",): PREPARED,
    (b"HANDLER",): HANDLER,
    (b"XA", b"START"): XA,
    (b"XA", b"BEGIN"): XA,
}
# These statements give user variables a value without INTO or the sign of an assignment.
HANDING_OVER = frozenset({b"CALL", b"LOAD", b"GET"})


def plain(statement: Statement) -> Effect:
    """Return the effect of a statement that is no SET."""
    words, run = statement.words, statement.tokens
    pin = _pin(words, run)
    looks_back = pin in (FOUND_ROWS, ROW_COUNT) or _looks_back(words, run)
    unseen = _is_unseen(words, run)
    reads = unseen or any(token.text == b"@" and token.kind == "other" for token in run)
    if pin is not None:
        return Effect(pin=pin, leaves=True, looks_back=looks_back, reads=reads)
    return Effect(
        changes=words[:1] == (b"USE",)
        or words[:2] in ((b"DROP", b"DATABASE"), (b"DROP", b"SCHEMA")),
        # What a procedure does to the session is not seen, and must not reach another session.
        leaves=unseen,
        looks_back=looks_back,
        insert_id=unseen or _concerns_insert_id(words, run),
        reads=reads,
        saves=words[:1] == (b"SAVEPOINT",),
    )


def _is_unseen(words: tuple[bytes, ...], run: tuple[Token, ...]) -> bool:
    """Tell whether a statement runs others that are not seen: those of a procedure or block."""
    first = words[0] if words else b""
    if first in (b"CALL", b"BEGIN"):
        return words[:2] != (b"BEGIN", b"WORK") and len(run) > 1
    return first in LOOPS


def _pin(words: tuple[bytes, ...], run: tuple[Token, ...]) -> str | None:
    """Return why a statement that is no SET pins."""
    for length in (1, 2, 4):
        pin = STATEMENTS.get(words[:length])
        if pin is not None:
            return pin
    if words[:1] == (b"FLUSH",) and {b"LOCK", b"EXPORT"} & {token.word for token in run}:
        return READ_LOCK
    if any(token.word == b"SQL_CALC_FOUND_ROWS" for token in run):
        return FOUND_ROWS
    for token, after in pairwise(run):
        if after.text == b"(" and _called(token) in FUNCTIONS:
            return FUNCTIONS[_called(token)]
    return USER_VARIABLE if _assigns(words, run) else None


def _called(token: Token) -> bytes:
    """Return the function that a token before a bracket names, quoted in any way or not."""
    return token.text.strip(b'`"').upper()


def _assigns(words: tuple[bytes, ...], run: tuple[Token, ...]) -> bool:
    """Tell whether a statement gives a user variable a value.

    An account, user@host, has an at sign too, but never in one of these places.
    """
    hands_over = bool(words) and words[0] in HANDING_OVER
    for position, token in enumerate(run):
        if token.text != b"@" or token.kind != "other":
            continue
        into = position > 0 and run[position - 1].word == b"INTO"
        if hands_over or into or _assigned(run[position + 1 :]):
            return True
    return False


def _assigned(run: tuple[Token, ...]) -> bool:
    """Tell whether an assignment's sign follows the name that tokens begin with."""
    end = 1
    # Names of user variables may have dots: @a.b is one.
    while end < len(run) and run[end].start == run[end - 1].end and _goes_on(run[end]):
        end += 1
    return b"".join(token.text for token in run[end : end + 2]) == b":="


def _goes_on(token: Token) -> bool:
    """Tell whether a token may stand within the name of a user variable."""
    return token.kind == "word" or token.text == b"."


def _looks_back(words: tuple[bytes, ...], run: tuple[Token, ...]) -> bool:
    """Tell whether a statement asks for the warnings or errors of the one before it."""
    if words[:2] in ((b"SHOW", b"WARNINGS"), (b"SHOW", b"ERRORS"), (b"SHOW", b"COUNT")):
        return True
    if words[:1] == (b"GET",) and b"DIAGNOSTICS" in words[:3]:
        return True
    return any(
        reference.name in (b"warning_count", b"error_count")
        for reference in references(Statement(b"", run))
    )


def _concerns_insert_id(words: tuple[bytes, ...], run: tuple[Token, ...]) -> bool:
    """Tell whether a statement asks for the last insert id, or makes one that its end does not tell."""
    names = {_called(token) for token in run}
    # MariaDB's ANALYZE executes an INSERT, and answers by rows.
    silent = words[:1] == (b"LOAD",) or (
        words[:1] == (b"ANALYZE",) and not names.isdisjoint((b"INSERT", b"REPLACE"))
    )
    return (
        silent
        or not names.isdisjoint((b"LAST_INSERT_ID", b"RETURNING"))
        or (b"IDENTITY" in names and any(token.kind == "system" for token in run))
    )
