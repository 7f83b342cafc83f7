"""What a statement does to the session it runs in, as far as RDS Proxy looks: pins, state, traces.

No SQL is judged by its text more than RDS Proxy does: where a transaction ends is told by the
protocol's status flags, never here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pytest_rdsfailover.gateway.proxy.state import TRACKED
from pytest_rdsfailover.wire.responses import Command
from pytest_rdsfailover.wire.statements import (
    PLAIN_TOKENS,
    SCOPES,
    TOKENS,
    Dialect,
    Statement,
    Token,
    statements,
)

LONGEST = 16 * 1024  # bytes of a statement that does not pin

TOO_LONG = "statement over 16 KB"
EXECUTABLE_COMMENT = "executable comment"
USER_VARIABLE = "user variable"
UNTRACKED = "variable that is not tracked"
TEMPORARY_TABLE = "temporary table"
LOCK_TABLES = "LOCK TABLES"
READ_LOCK = "FLUSH TABLES WITH READ LOCK"
NAMED_LOCK = "GET_LOCK"
FOUND_ROWS, ROW_COUNT = "FOUND_ROWS", "ROW_COUNT"
PREPARED = "prepared statement"
NEXT_TRANSACTION = "next transaction's characteristics"
HANDLER = "HANDLER"
XA = "XA transaction"

# Only a text that begins like this or has one of these (in capital letters) needs a closer look; a
# false alarm costs some microseconds. In a str they are found several times as fast as in bytes, or
# by a pattern.
BEGINS = re.compile(
    rb"\s*(?:[/#-]|(?:set|use|drop|lock|flush|create|call|prepare|handler|xa|begin)\b)",
    re.IGNORECASE,
)
HAS = (
    "@", ";", "/*!", "/*M!", "GET_LOCK", "FOUND_ROWS", "_COUNT", "LAST_INSERT_ID", "WARNINGS",
    "ERRORS", "DIAGNOSTICS",
)  # fmt: skip
FUNCTIONS = {
    b"GET_LOCK": NAMED_LOCK,
    b"FOUND_ROWS": FOUND_ROWS,
    b"ROW_COUNT": ROW_COUNT,
}
STATEMENTS: dict[tuple[bytes, ...], str] = {
    (b"LOCK", b"TABLE"): LOCK_TABLES,
    (b"LOCK", b"TABLES"): LOCK_TABLES,
    (b"CREATE", b"TEMPORARY"): TEMPORARY_TABLE,
    (b"CREATE", b"OR", b"REPLACE", b"TEMPORARY"): TEMPORARY_TABLE,
    (b"PREPARE",): PREPARED,
    (b"HANDLER",): HANDLER,
    (b"XA", b"START"): XA,
    (b"XA", b"BEGIN"): XA,
}
PREPARING = frozenset({Command.STMT_PREPARE, Command.STMT_EXECUTE})
NEXT_ONLY = frozenset({
    b"transaction_isolation", b"tx_isolation", b"transaction_read_only", b"tx_read_only",
})  # fmt: skip
# What a SET may do without naming a variable, and whether its effect is tracked.
SPECIAL = {
    b"NAMES": True, b"CHARSET": True, b"CHARACTER": True, b"PASSWORD": True, b"DEFAULT": True,
    b"STATEMENT": True, b"ROLE": False, b"RESOURCE": False,
}  # fmt: skip
OWN_SCOPES = frozenset({b"SESSION", b"LOCAL"})
DATABASE_CHARSET = frozenset({b"character_set_database", b"collation_database"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a command means for the session.

    Attributes:
        pin: why the session must keep its connection from now on; None if it need not.
        changes: tracked state may be different afterwards.
        leaves: something may be left behind that nobody tracks: the connection is reset before
            anybody else has it.
        looks_back: it asks about the statement before it.
        insert_id: it uses LAST_INSERT_ID().
    """

    pin: str | None = None
    changes: bool = False
    leaves: bool = False
    looks_back: bool = False
    insert_id: bool = False


NOTHING = Effect()


def effect(message: bytes, dialect: Dialect, *, exclude_sets: bool = False) -> Effect:
    """Return what a client's command means for its session.

    Args:
        message: the command.
        dialect: how the server reads SQL, in this session.
        exclude_sets: the session pinning filter EXCLUDE_VARIABLE_SETS is on.
    """
    if message[0] != Command.QUERY:
        return _effect_of_other(message)
    sql = message[1:]
    if len(sql) > LONGEST:
        return Effect(pin=TOO_LONG, changes=True, leaves=True, insert_id=True)
    if BEGINS.match(sql) is None and not _has_any(sql.upper().decode("latin-1")):
        return NOTHING
    if (b"/*!" in sql or b"/*M!" in sql) and has_executable_comment(sql, dialect):
        return Effect(pin=EXECUTABLE_COMMENT, changes=True, leaves=True)
    found = [_one(each, exclude_sets=exclude_sets) for each in statements(sql, dialect)]
    return _merged(found)


def _effect_of_other(message: bytes) -> Effect:
    """Return the effect of a command that is no text."""
    command = message[0]
    if command in PREPARING:
        uses = command == Command.STMT_PREPARE and b"LAST_INSERT_ID" in message.upper()
        return Effect(pin=PREPARED, leaves=True, insert_id=uses)
    return Effect(changes=command == Command.INIT_DB)


def _has_any(upper: str) -> bool:
    for each in HAS:  # noqa: SIM110 - a generator would take longer than what it looks for
        if each in upper:
            return True
    return False


def _merged(found: list[Effect]) -> Effect:
    if len(found) == 1:
        return found[0]
    return Effect(
        pin=next((each.pin for each in found if each.pin), None),
        changes=any(each.changes for each in found),
        leaves=any(each.leaves for each in found),
        looks_back=any(each.looks_back for each in found[:1]),
        insert_id=any(each.insert_id for each in found),
    )


def has_executable_comment(sql: bytes, dialect: Dialect) -> bool:
    """Tell whether a text has a comment that servers may run, outside of strings."""
    pattern = TOKENS if dialect.backslash else PLAIN_TOKENS
    # A hint (/*+ ... */) is none; an ordinary comment is skipped as a whole.
    return any(
        match.lastgroup == "opener" and match[0].rstrip(b"0123456789").endswith(b"!")
        for match in pattern.finditer(sql)
    )


def _one(statement: Statement, *, exclude_sets: bool) -> Effect:
    """Return the effect of one statement."""
    words, run = statement.words, statement.tokens
    first = words[0] if words else b""
    if first == b"SET":
        return _set(statement, exclude_sets=exclude_sets)
    pin = _pin(words, run)
    if pin is not None:
        return Effect(pin=pin, leaves=True, looks_back=pin in (FOUND_ROWS, ROW_COUNT))
    return Effect(
        changes=first == b"USE" or words[:2] in ((b"DROP", b"DATABASE"), (b"DROP", b"SCHEMA")),
        # What a procedure does to the session is not seen; it must not reach another one.
        leaves=first in (b"CALL", b"BEGIN") and words[:2] != (b"BEGIN", b"WORK") and len(run) > 1,
        looks_back=_looks_back(words, run),
        insert_id=any(token.word == b"LAST_INSERT_ID" for token in run),
    )


def _pin(words: tuple[bytes, ...], run: tuple[Token, ...]) -> str | None:
    """Return why a statement that is no SET pins."""
    for length in (1, 2, 4):
        found = STATEMENTS.get(words[:length])
        if found is not None:
            return found
    if words[:1] == (b"FLUSH",) and {b"LOCK", b"EXPORT"} & {token.word for token in run}:
        return READ_LOCK
    if any(token.word == b"SQL_CALC_FOUND_ROWS" for token in run):
        return FOUND_ROWS
    for token, after in pairwise(run):
        if token.word in FUNCTIONS and after.text == b"(":
            return FUNCTIONS[token.word]
    return USER_VARIABLE if _assigns(words, run) else None


def _assigns(words: tuple[bytes, ...], run: tuple[Token, ...]) -> bool:
    """Tell whether a statement gives a user variable a value."""
    hands_over = words[:1] in ((b"CALL",), (b"LOAD",))
    for position in _user_variables(run):
        before = run[position - 1].word if position else b""
        after = b"".join(token.text for token in run[position + 2 : position + 4])
        if hands_over or before == b"INTO" or after == b":=":
            return True
        if before == b"" and _in_into_list(run, position):
            return True
    return False


def _user_variables(run: tuple[Token, ...]) -> Iterator[int]:
    """Yield where user variables stand: an at sign directly before a name, and behind none."""
    for position, token in enumerate(run[:-1]):
        if token.text != b"@" or token.kind != "other" or run[position + 1].start != token.end:
            continue
        before = run[position - 1] if position else None
        # In user@host the at sign follows a name directly.
        if before is None or before.end != token.start or before.kind in ("other", "system"):
            yield position


def _in_into_list(run: tuple[Token, ...], position: int) -> bool:
    """Tell whether a user variable is one of several after INTO."""
    while position >= 3 and run[position - 1].text == b",":  # noqa: PLR2004 - at sign, name, comma
        position -= 3
        if run[position].text != b"@":
            return False
        if position and run[position - 1].word == b"INTO":
            return True
    return False


def _looks_back(words: tuple[bytes, ...], run: tuple[Token, ...]) -> bool:
    """Tell whether a statement asks for the warnings or errors of the one before it."""
    if words[:2] in ((b"SHOW", b"WARNINGS"), (b"SHOW", b"ERRORS"), (b"GET", b"DIAGNOSTICS")):
        return True
    if words[:2] == (b"SHOW", b"COUNT"):
        return True
    return any(
        token.kind == "system" and after.name in (b"warning_count", b"error_count")
        for token, after in pairwise(run)
    )


def _set(statement: Statement, *, exclude_sets: bool) -> Effect:
    """Return the effect of a SET."""
    words = statement.words
    if b"TRANSACTION" in words[1:3] and words[1] in (b"TRANSACTION", *SCOPES):
        own = words[1] in OWN_SCOPES
        if words[1] == b"TRANSACTION":
            return Effect(pin=NEXT_TRANSACTION, leaves=True)
        return Effect(changes=own)
    if words[1:2] and words[1] in SPECIAL and len(words) + 1 >= 3:  # noqa: PLR2004 - SET and what
        tracked = SPECIAL[words[1]]
        if not tracked:
            return Effect(pin=UNTRACKED, leaves=True)
        if words[1] in (b"NAMES", b"CHARSET", b"CHARACTER"):
            return Effect(changes=True)
        return NOTHING
    return _merged_set([_assignment(each) for each in _parts(statement)], exclude_sets)


def _merged_set(found: list[Effect], exclude_sets: bool) -> Effect:  # noqa: FBT001 - passed on
    merged = _merged([*found, NOTHING])
    if exclude_sets and merged.pin in (USER_VARIABLE, UNTRACKED):
        # RDS Proxy would let the value leak to whoever comes next; here it is just forgotten.
        return Effect(changes=merged.changes, leaves=True)
    return merged


def _parts(statement: Statement) -> list[tuple[Token, ...]]:
    """Return the assignments of a SET."""
    parts, depth = [list[Token]()], 0
    for token in statement.tokens[1:]:
        depth += {b"(": 1, b")": -1}.get(token.text, 0) if token.kind == "other" else 0
        if token.text == b"," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts if part]


def _assignment(part: tuple[Token, ...]) -> Effect:
    """Return the effect of one assignment: what is set, and in which scope."""
    if any(token.word == b"LAST_INSERT_ID" for token in part[:3]):
        return Effect(pin=UNTRACKED, leaves=True)
    if part[0].text == b"@" and part[0].kind == "other":
        return Effect(pin=USER_VARIABLE, leaves=True)
    system = part[0].kind == "system"
    rest = part[1:] if system else part
    scope = rest[0].word if rest and rest[0].word in SCOPES and len(rest) > 2 else b""  # noqa: PLR2004
    if scope:
        rest = rest[2:] if rest[1].text == b"." else rest[1:]
    if rest and rest[0].kind == "system":  # SET SESSION @@x is no SQL: for the server to say
        rest = rest[1:]
    name = rest[0].name if rest else b""
    if name in NEXT_ONLY and system and not scope:
        return Effect(pin=NEXT_TRANSACTION, leaves=True)
    if name in TRACKED or name in SPECIAL_NAMES:
        foreign = scope not in (b"", *OWN_SCOPES)
        return NOTHING if foreign else Effect(changes=True, leaves=name in DATABASE_CHARSET)
    if scope == b"LOCAL":
        return Effect(leaves=True)
    return Effect(pin=UNTRACKED, leaves=True)


SPECIAL_NAMES = frozenset({b"names", b"charset", b"character"})
