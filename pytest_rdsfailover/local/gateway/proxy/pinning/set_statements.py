"""What a SET means for its session: each of its parts is judged on its own."""

from dataclasses import replace

from pytest_rdsfailover.local.gateway.proxy.pinning.effects import (
    NEXT_TRANSACTION,
    NOTHING,
    UNTRACKED,
    USER_VARIABLE,
    Effect,
    merged,
)
from pytest_rdsfailover.local.gateway.proxy.pinning.plain_statements import plain
from pytest_rdsfailover.local.gateway.proxy.state import TRACKED
from pytest_rdsfailover.mysql.statements import SCOPES, Statement, Token

Part = tuple[Token, ...]

NEXT_ONLY = frozenset({
    b"transaction_isolation", b"tx_isolation", b"transaction_read_only", b"tx_read_only",
})  # fmt: skip
# What a part of a SET may do without naming a variable.
SPECIAL = {
    b"NAMES": Effect(changes=True), b"CHARSET": Effect(changes=True),
    b"CHARACTER": Effect(changes=True), b"CHAR": Effect(changes=True),
    b"PASSWORD": NOTHING, b"DEFAULT": NOTHING,
    b"ROLE": Effect(pin=UNTRACKED, leaves=True), b"RESOURCE": Effect(pin=UNTRACKED, leaves=True),
}  # fmt: skip
OWN_SCOPES = frozenset({b"SESSION", b"LOCAL"})
DATABASE_CHARSET = frozenset({b"character_set_database", b"collation_database"})


def set_effect(statement: Statement, *, exclude_sets: bool) -> Effect:
    """Return the effect of a SET.

    Args:
        statement: the SET, but none FOR another statement.
        exclude_sets: the session pinning filter EXCLUDE_VARIABLE_SETS is on.
    """
    words = statement.words
    if b"TRANSACTION" in words[1:3] and words[1] in (b"TRANSACTION", *SCOPES):
        if words[1] == b"TRANSACTION":
            return Effect(pin=NEXT_TRANSACTION, leaves=True)
        return Effect(changes=words[1] in OWN_SCOPES)
    return merged([_part(part, exclude_sets=exclude_sets) for part in _parts(statement)])


def for_statement(statement: Statement) -> tuple[Statement, Statement]:
    """Return what stands before and behind the FOR of SET STATEMENT ... FOR ..."""
    run, depth = statement.tokens, 0
    for position, token in enumerate(run):
        depth += _depth(token)
        if token.word == b"FOR" and not depth:
            behind = run[position + 1 :]
            return Statement(statement.sql, run[:position]), Statement(statement.sql, behind)
    return statement, Statement(statement.sql, ())


def _depth(token: Token) -> int:
    """Return how a token changes the number of open brackets."""
    return {b"(": 1, b")": -1}.get(token.text, 0) if token.kind == "other" else 0


def _parts(statement: Statement) -> list[Part]:
    """Return the parts of a SET, without further names of a SET DEFAULT ROLE: they set nothing."""
    parts, depth = [list[Token]()], 0
    for token in statement.tokens[1:]:
        depth += _depth(token)
        if token.text == b"," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    names = statement.words[1:2] == (b"DEFAULT",)
    return [tuple(part) for part in parts if part and not (names and _is_name(part))]


def _is_name(part: list[Token]) -> bool:
    """Tell whether a part of a SET DEFAULT ROLE is another role or user."""
    return part[0].word not in SPECIAL and all(token.text != b"=" for token in part)


def _part(part: Part, *, exclude_sets: bool) -> Effect:
    """Return the effect of one part: what its value does, and what it sets."""
    special = SPECIAL.get(part[0].word) if len(part) > 1 else None
    effect = _with_value(part, _assignment(part) if special is None else special)
    if exclude_sets and special is None and effect.pin in (USER_VARIABLE, UNTRACKED):
        # RDS Proxy would let the value leak to the next session; here it is forgotten.
        return replace(effect, pin=None, leaves=True)
    return effect


def _with_value(part: Part, effect: Effect) -> Effect:
    """Return the effect of a part together with what its value does."""
    if sum(token.kind in ("other", "system") for token in part) <= 1:
        return effect  # the value calls nothing and names no variable
    return merged((plain(Statement(b"", part)), effect))


def _assignment(part: Part) -> Effect:
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
    if rest and rest[0].kind == "system":  # SET SESSION @@x is no SQL: the server will refuse it
        rest = rest[1:]
    name = rest[0].name if rest else b""
    if name in NEXT_ONLY and system and not scope:
        return Effect(pin=NEXT_TRANSACTION, leaves=True)
    if name in TRACKED:
        foreign = scope not in (b"", *OWN_SCOPES)
        return NOTHING if foreign else Effect(changes=True, leaves=name in DATABASE_CHARSET)
    if scope == b"LOCAL":
        return Effect(leaves=True)
    return Effect(pin=UNTRACKED, leaves=True)
