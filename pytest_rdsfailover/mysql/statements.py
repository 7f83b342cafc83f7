"""Just enough SQL to find statements, their first words and the system variables they name.

Works on bytes, for character sets in which quotes and backslashes are single bytes (UTF-8, Latin-1
and all others a client may use except Shift-JIS, GBK and Big5).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

STRING = rb"""'(?:[^'\\]++|\\.|'')*+'?|"(?:[^"\\]++|\\.|"")*+"?"""
PLAIN_STRING = rb"""'(?:[^']++|'')*+'?|"(?:[^"]++|"")*+"?"""
REST = rb"""
    |(?P<opener>/\*M?!\d*)
    |(?P<blank>\s++|--(?=[\s\x00-\x1f]|\Z)[^\n]*+|\#[^\n]*+|/\*.*?(?:\*/|\Z))
    |(?P<closer>\*/)
    |(?P<quoted>`(?:[^`]++|``)*+`?)
    |(?P<word>[\w$\x80-\xff]++)
    |(?P<system>@@)
    |(?P<other>.)
"""
TOKENS = re.compile(rb"(?P<string>" + STRING + rb")" + REST, re.VERBOSE | re.DOTALL)
PLAIN_TOKENS = re.compile(rb"(?P<string>" + PLAIN_STRING + rb")" + REST, re.VERBOSE | re.DOTALL)
SCOPES = frozenset({b"GLOBAL", b"SESSION", b"LOCAL", b"PERSIST", b"PERSIST_ONLY"})
SHORT_VERSION = 5  # digits of a version in an executable comment


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlDialect:
    """How a server reads SQL.

    Attributes:
        version: its version number, as 101106 or 90704.
        mariadb: it is a MariaDB.
        backslash: a backslash in a string escapes the next byte.
    """

    version: int = 80000
    mariadb: bool = False
    backslash: bool = True


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL that is neither space nor comment.

    Attributes:
        kind: `word`, `quoted` (identifier), `string`, `system` (two at signs) or `other`.
        text: the piece itself.
        start: where it starts.
        end: where it ends.
    """

    kind: str
    text: bytes
    start: int
    end: int

    @property
    def word(self) -> bytes:
        """Return a word in upper case; nothing for what is no word."""
        return self.text.upper() if self.kind == "word" else b""

    @property
    def name(self) -> bytes:
        """Return the identifier in lower case, quoted or not; nothing for what is none."""
        if self.kind == "quoted":
            return self.text.strip(b"`").lower()
        return self.text.lower() if self.kind == "word" else b""


def tokens(sql: bytes, dialect: SqlDialect, start: int = 0) -> Iterator[Token]:
    """Yield the tokens of a text; executable comments are opened up if the server would."""
    pattern = TOKENS if dialect.backslash else PLAIN_TOKENS
    while start < len(sql):
        match = pattern.match(sql, start)
        if match is None:  # pragma: no cover - the last alternative takes any byte
            return
        kind, start = match.lastgroup or "other", match.end()
        if kind == "opener" and not _executes(match[0], dialect):
            close = sql.find(b"*/", start)
            start = len(sql) if close < 0 else close + 2
        elif kind not in ("opener", "closer", "blank"):
            yield Token(kind, match[0], match.start(), start)


def _executes(opener: bytes, dialect: SqlDialect) -> bool:
    """Tell whether the server runs what stands in an executable comment."""
    if b"M" in opener and not dialect.mariadb:
        return False
    digits = opener.lstrip(b"/*M!")
    if len(digits) < SHORT_VERSION:
        return True
    number = int(digits[:6])
    if dialect.mariadb and b"M" not in opener and 50700 <= number <= 99999:  # noqa: PLR2004
        return False  # MariaDB leaves what is meant for MySQL 5.7 and later alone
    return number <= dialect.version


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a text.

    Attributes:
        sql: its text, without the semicolon.
        tokens: its tokens, with positions in *sql*.
    """

    sql: bytes
    tokens: tuple[Token, ...]

    @property
    def words(self) -> tuple[bytes, ...]:
        """Return its leading words in upper case, up to the first token that is no word."""
        words = []
        for token in self.tokens:
            if not token.word:
                break
            words.append(token.word)
        return tuple(words)

    @property
    def all_words(self) -> frozenset[bytes]:
        """Return every word and quoted name in it, in upper case."""
        return frozenset(t.name.upper() for t in self.tokens)


STORED = frozenset({b"PROCEDURE", b"FUNCTION", b"TRIGGER", b"EVENT", b"PACKAGE"})
LOOPS = frozenset({b"IF", b"LOOP", b"WHILE", b"FOR", b"REPEAT", b"CASE", b"DECLARE"})


def is_compound(words: tuple[bytes, ...], inner: frozenset[bytes]) -> bool:
    """Tell whether a statement may have semicolons of its own."""
    first = words[0] if words else b""
    if first in (b"CREATE", b"ALTER"):
        return bool(inner & STORED)
    return first in LOOPS or words[:2] == (b"BEGIN", b"NOT")


def statements(sql: bytes, dialect: SqlDialect) -> list[Statement]:
    """Return the statements of a text; a compound one takes all the text that is left.

    An empty statement at the end is left out, as servers do; others stay, so that the server can
    complain about them.
    """
    found = []
    start, run = 0, list[Token]()
    everything = list(tokens(sql, dialect))
    for position, token in enumerate(everything):
        if token.text != b";" or token.kind != "other":
            run.append(token)
            continue
        piece = _statement(sql, start, token.start, run)
        if is_compound(piece.words, piece.all_words):
            run = [*run, *everything[position:]]
            break
        found.append(piece)
        start, run = token.end, []
    if run or not found:
        found.append(_statement(sql, start, len(sql), run))
    return found


def _statement(sql: bytes, start: int, end: int, run: list[Token]) -> Statement:
    moved = (Token(t.kind, t.text, t.start - start, t.end - start) for t in run)
    return Statement(sql[start:end], tuple(moved))


@dataclass(frozen=True, slots=True)
class Reference:
    """A system variable named in a statement, as `@@session.read_only`.

    Attributes:
        name: the variable, in lower case.
        start: where the two at signs stand.
        end: where the name ends.
        target: the statement sets it, instead of reading it.
    """

    name: bytes
    start: int
    end: int
    target: bool


def references(statement: Statement) -> list[Reference]:
    """Return the system variables that a statement names, in order."""
    found, run = [], statement.tokens
    setting = statement.words[:1] == (b"SET",)
    depth = 0
    for position, token in enumerate(run):
        depth += {b"(": 1, b")": -1}.get(token.text, 0) if token.kind == "other" else 0
        if token.kind != "system" or position + 1 == len(run):
            continue
        last = position + 1
        if (
            run[last].name.upper() in SCOPES
            and last + 2 < len(run)
            and run[last + 1].text == b"."
            and run[last + 2].name
        ):
            last += 2
        after = run[last + 1].text if last + 1 < len(run) else b""
        before = run[position - 1] if position else token
        target = (
            setting and not depth and after in (b"=", b":")
            and (before.word == b"SET" or before.text == b",")
        )  # fmt: skip
        found.append(Reference(run[last].name, token.start, run[last].end, target))
    return found


def replace_spans(sql: bytes, spans: list[tuple[int, int, bytes]]) -> bytes:
    """Return a text in which spans (start, end, new text), given in order, are replaced."""
    parts, at = [], 0
    for start, end, text in spans:
        parts += [sql[at:start], text]
        at = end
    return b"".join([*parts, sql[at:]])
