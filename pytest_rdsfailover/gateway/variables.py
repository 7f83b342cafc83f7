"""Aurora's answers for system variables, put into statements and taken out of column names."""

import re

from pytest_rdsfailover.wire.results import column_name, encode_row, parse_row, renamed
from pytest_rdsfailover.wire.statements import Statement, references, replace_spans

AURORA_ID = b"aurora_server_id"
ROLE = frozenset({b"read_only", b"innodb_read_only"})
OURS = frozenset({b"transaction_read_only", b"tx_read_only"})
# The number in each replacement makes its text unlike anything a user writes, so that the name of
# the result's column, which servers take from the text, can be turned back.
MARKER = re.compile(rb"coalesce\((?:[01]|'[\w-]*'),(\d{10})\)")
BASE = 7_193_000_000


class Variables:
    """The variables that one session sees differently from what the real server has."""

    def __init__(self, instance: str) -> None:
        self._id = instance.encode()
        self._marked: dict[bytes, int] = {}
        self._texts: list[bytes] = []

    def value(self, name: bytes, *, reader: bool) -> bytes | None:
        """Return a variable's value as SQL; None if the server's own is right.

        A writer's `transaction_read_only` is the server's own: nobody but its user set it.
        """
        if name == AURORA_ID:
            return b"'" + self._id + b"'"
        if name in ROLE:
            return b"1" if reader else b"0"
        return b"0" if reader and name in OURS else None

    def rewrite(self, statement: Statement, *, reader: bool) -> bytes:
        """Return a statement's text with our values in place of the variables it reads.

        Statements that define something keep their text: it would be stored.
        """
        if b"@@" not in statement.sql or statement.words[:1] in ((b"CREATE",), (b"ALTER",)):
            return statement.sql
        spans = []
        for one in references(statement):
            value = None if one.target else self.value(one.name, reader=reader)
            if value is not None:
                text = statement.sql[one.start : one.end]
                spans.append((one.start, one.end, self._mark(value, text)))
        return replace_spans(statement.sql, spans) if spans else statement.sql

    def _mark(self, value: bytes, text: bytes) -> bytes:
        number = self._marked.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(text)
        return b"coalesce(%s,%d)" % (value, BASE + number)

    @property
    def marked(self) -> bool:
        """Tell whether any statement of the session was rewritten yet."""
        return bool(self._texts)

    def unmark(self, definition: bytes) -> bytes:
        """Return a column's definition with the name that the client's own text would give it."""
        if b"coalesce(" not in definition:
            return definition
        name, _, _ = column_name(definition)
        return renamed(definition, MARKER.sub(self._original, name))

    def _original(self, match: "re.Match[bytes]") -> bytes:
        number = int(match[1]) - BASE
        return self._texts[number] if 0 <= number < len(self._texts) else match[0]

    def shown(self, row: bytes, *, reader: bool) -> bytes:
        """Return a row of SHOW VARIABLES as this instance would show it."""
        values = parse_row(row)
        name = (values[0] or b"").lower()
        value = self.value(name, reader=reader)
        if value is None or len(values) != 2:  # noqa: PLR2004 - name and value
            return row
        switch = {b"1": b"ON", b"0": b"OFF"}.get(value, value.strip(b"'"))
        return encode_row([values[0], switch])

    def missing_row(self, statement: Statement) -> bytes | None:
        """Return the row of Aurora's own variable, if a SHOW VARIABLES asks for it."""
        last, before = statement.tokens[-1], statement.tokens[-2]
        if last.kind == "string" and before.word == b"LIKE":
            asked = like(last.text[1:-1].lower(), AURORA_ID)
        else:
            asked = last.word == SHOW[1]
        return encode_row([AURORA_ID, self._id]) if asked else None


SHOW = (b"SHOW", b"VARIABLES")


def shows_variables(words: tuple[bytes, ...]) -> bool:
    """Tell whether a statement with these leading words lists system variables."""
    return words[:1] == SHOW[:1] and SHOW[1] in words[1:3]


def like(pattern: bytes, text: bytes) -> bool:
    """Tell whether a text matches SQL's LIKE."""
    parts = re.split(rb"(\\.|%|_)", pattern)
    wild = {b"%": b".*", b"_": b"."}
    expression = b"".join(
        wild.get(part, re.escape(part[1:] if part[:1] == b"\\" and part[1:] else part))
        for part in parts
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None
