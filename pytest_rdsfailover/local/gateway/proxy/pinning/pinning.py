"""What a client's command means for its session, as far as RDS Proxy looks: pins, state, traces.

No SQL is judged by its text more than RDS Proxy does: where a transaction ends is told by the
protocol's status flags, never here.
"""

import re
from dataclasses import replace

from pytest_rdsfailover.local.gateway.proxy.pinning.effects import (
    EXECUTABLE_COMMENT,
    NOTHING,
    PREPARED,
    TOO_LONG,
    Effect,
    merged,
)
from pytest_rdsfailover.local.gateway.proxy.pinning.plain_statements import plain
from pytest_rdsfailover.local.gateway.proxy.pinning.set_statements import for_statement, set_effect
from pytest_rdsfailover.mysql.responses import Command
from pytest_rdsfailover.mysql.statements import (
    PLAIN_TOKENS,
    TOKENS,
    SqlDialect,
    Statement,
    statements,
)

LONGEST = 16 * 1024  # bytes of a statement that does not pin

# A text needs a closer look if it begins like this, or has one of HAS (compared in capital letters).
# - A false alarm costs some microseconds.
# - SELECT, INSERT, UPDATE and DELETE are ruled out first: they are most statements.
# - A block (IF, LOOP ...) is found by its semicolon, GET DIAGNOSTICS by its second word.
# - A search in a str is several times as fast as one in bytes, or by a pattern.
BEGINS = re.compile(
    rb"\s*(?:[/#-]|(?!select|insert|update|delete)"
    rb"(?:set|use|drop|lock|flush|create|call|load|analyze|prepare|execute|handler|xa|begin|backup|savepoint)\b)",
    re.IGNORECASE,
)
HAS = (
    "@", ";", "/*!", "/*M!", "GET_LOCK", "FOUND_ROWS", "_COUNT", "LAST_INSERT_ID", "WARNINGS",
    "ERRORS", "DIAGNOSTICS", "RETURNING",
)  # fmt: skip
PREPARING = frozenset({Command.STMT_PREPARE, Command.STMT_EXECUTE})


def effect(message: bytes, dialect: SqlDialect, *, exclude_sets: bool = False) -> Effect:
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
        return Effect(pin=TOO_LONG, changes=True, leaves=True, insert_id=True, reads=True)
    if BEGINS.match(sql) is None and not _has_any(sql.upper().decode("latin-1")):
        return NOTHING
    if (b"/*!" in sql or b"/*M!" in sql) and has_executable_comment(sql, dialect):
        return Effect(pin=EXECUTABLE_COMMENT, changes=True, leaves=True, reads=True)
    effects = [_one(statement, exclude_sets=exclude_sets) for statement in statements(sql, dialect)]
    if len(effects) == 1:
        return effects[0]
    # Only the first statement can look back at another text; the others look back at it.
    return replace(merged(effects), looks_back=effects[0].looks_back)


def _effect_of_other(message: bytes) -> Effect:
    """Return the effect of a command that is no text."""
    command = message[0]
    if command in PREPARING:
        return Effect(pin=PREPARED, leaves=True, reads=b"@" in message)
    return Effect(changes=command == Command.INIT_DB)


def _has_any(upper: str) -> bool:
    for text in HAS:  # noqa: SIM110 - a generator would take longer than what it looks for
        if text in upper:
            return True
    return False


def has_executable_comment(sql: bytes, dialect: SqlDialect) -> bool:
    """Tell whether a text has a comment that servers may run, outside of strings."""
    pattern = TOKENS if dialect.backslash else PLAIN_TOKENS
    # A hint (/*+ ... */) is none; an ordinary comment is skipped as a whole.
    return any(
        match.lastgroup == "opener" and match[0].rstrip(b"0123456789").endswith(b"!")
        for match in pattern.finditer(sql)
    )


def _one(statement: Statement, *, exclude_sets: bool) -> Effect:
    """Return the effect of one statement."""
    words = statement.words
    if words[:2] == (b"SET", b"STATEMENT"):
        # The variables are set for this statement only, but what their values call lasts.
        values, behind = for_statement(statement)
        return merged((plain(values), _one(behind, exclude_sets=exclude_sets)))
    if words[:1] == (b"SET",):
        return set_effect(statement, exclude_sets=exclude_sets)
    return plain(statement)
