"""Aurora's answers for system variables, put into statements and taken out of column names."""

import re
from collections.abc import Sequence

from pytest_rdsfailover.local.gateway.aurora import (
    FUNCTION,
    GLOBAL_INSTANCES,
    GLOBAL_STATUS,
    SERVER_FUNCTION,
    TABLE,
    TopologyRow,
    function_spans,
    topology_tables,
)
from pytest_rdsfailover.local.gateway.rds_statements import in_known_words, schema_tables
from pytest_rdsfailover.local.gateway.shown_variables import (
    STATUS_TABLES,
    SYSTEM_TABLE,
    VARIABLE_TABLES,
    shown_variables,
    shows_status,
    shows_variables,
    system_table,
    variable_tables,
)
from pytest_rdsfailover.local.gateway.table_names import Tables, column_spans, table_spans
from pytest_rdsfailover.local.gateway.write_forwarding import CONSISTENCY
from pytest_rdsfailover.model.aurora_versions import USUAL_AURORA, AuroraVersion
from pytest_rdsfailover.mysql.results import column_name, renamed
from pytest_rdsfailover.mysql.statements import Statement, references, replace_spans
from pytest_rdsfailover.mysql.tls import TlsServer

AURORA_ID, AURORA_VERSION = b"aurora_server_id", b"aurora_version"
TLS_REQUIRED, SERVER_VERSION = b"require_secure_transport", b"version"
ROLE = frozenset({b"read_only", b"innodb_read_only"})
OURS = frozenset({b"transaction_read_only", b"tx_read_only"})
# A server names a column of a result after the text of its expression. So each replacement carries
# a number that no user writes: by it the column gets the name back that the user's text gives it.
MARKER = re.compile(rb"coalesce\((?:-?\d+|'[\w.-]*'),(\d{10})\)")
BASE = 7_193_000_000
PORT = b"3306"
# Lists of tables and columns are the server's own, unless a text may look for the topology table in them.
NAMED = (b"REPLICA", b"AURORA_GLOBAL")
# A session whose current database is one of these names their tables without it.
SCHEMAS = (b"information_schema", b"performance_schema")
NAMED_TABLES = frozenset(
    (
        TABLE,
        GLOBAL_STATUS,
        GLOBAL_INSTANCES,
        b"tables",
        b"columns",
        SYSTEM_TABLE,
        *VARIABLE_TABLES,
        *STATUS_TABLES,
    )
)


class Variables:
    """The variables that one session sees differently from what the real server has.

    Attributes:
        tls: what encrypts the way to the client, which the real server does not see; None if
            nothing does.
    """

    def __init__(self, instance: str, aurora: AuroraVersion = USUAL_AURORA) -> None:
        self._own = {
            AURORA_ID: instance.encode(),
            AURORA_VERSION: aurora.number.encode(),
            CONSISTENCY: b"",
            # Drivers tell instances apart by these two.
            b"hostname": b"ip-10-0-0-" + (instance.rpartition("-")[2]).encode(),
            b"port": PORT,
        }
        if aurora.tls_required:
            self._own[TLS_REQUIRED] = b"1"
        self._server = aurora.server and aurora.server.encode()
        self.tls: TlsServer | None = None
        self._marked: dict[bytes, int] = {}
        self._texts: list[bytes] = []

    @property
    def consistency(self) -> bytes:
        """Return how consistent reads of a session with forwarded writes are; empty for no forwarding."""
        return self._own[CONSISTENCY]

    @consistency.setter
    def consistency(self, level: bytes) -> None:
        self._own[CONSISTENCY] = level

    def value(self, name: bytes, *, reader: bool) -> bytes | None:
        """Return a variable's value as SQL; None if the server's own is right.

        A writer's `transaction_read_only` is the server's own: nobody but its user set it.
        """
        if name in self._own:
            own = self._own[name]
            return own if own.isdigit() else b"'%s'" % own
        if name == SERVER_VERSION and self._server:
            return b"'%s'" % self._server
        if name in ROLE:
            return b"1" if reader else b"0"
        return b"0" if reader and name in OURS else None

    def rewrite(
        self,
        statement: Statement,
        members: Sequence[TopologyRow],
        *,
        reader: bool,
        mariadb: bool,
        accounts: Tables,
    ) -> tuple[bytes, bool]:
        """Return a statement's text with our values in place of what only Aurora knows.

        Also return whether it asks for the topology of the *members*, which must then be told to
        the server first. The tables of *accounts* stand for the server's own in a SELECT.
        """
        self._server = None if mariadb else self._server
        upper = statement.sql.upper()
        listed = self._listed(upper, reader=reader, mariadb=mariadb)
        if shows_variables(statement.words) or (self.tls is not None and shows_status(statement)):
            return shown_variables(statement, listed, mariadb=mariadb), False
        known = in_known_words(statement)
        if known is not None:
            return known, False
        spans = []
        for variable in references(statement):
            value = None if variable.target else self.value(variable.name, reader=reader)
            if value is not None:
                spans.append((variable.start, variable.end, value))
        for function, told in (
            (FUNCTION, self._own[AURORA_VERSION]),
            (SERVER_FUNCTION, self._server),
        ):
            if told:
                spans += [(*span, b"'%s'" % told) for span in function_spans(statement, function)]
        marked = [
            (start, end, self.mark(value, statement.sql[start:end])) for start, end, value in spans
        ]
        named = any(name in upper for name in NAMED)
        asked = table_spans(statement, topology_tables(members)) if named else []
        if asked and statement.words[:1] == (b"TABLE",) and not mariadb:
            marked.append((statement.tokens[0].start, statement.tokens[0].end, b"SELECT * FROM"))
        tables = asked + table_spans(statement, listed)
        if statement.words[:1] == (b"SELECT",):
            tables += table_spans(statement, accounts)
        if named:
            tables += table_spans(statement, schema_tables())
        marked += column_spans(statement, tables)
        return replace_spans(statement.sql, sorted(marked + tables)), bool(asked)

    def _listed(self, upper: bytes, *, reader: bool, mariadb: bool) -> Tables:
        """Return the tables of variables that a text may name, as this instance shows them."""
        system = self._system(reader=reader, mariadb=mariadb) if b"VARIABLES" in upper else {}
        status = self._status(self.tls, mariadb=mariadb) if self.tls and b"STATUS" in upper else {}
        return {**system, **status}

    def _system(self, *, reader: bool, mariadb: bool) -> Tables:
        more = {name: self._own[name] for name in (AURORA_ID, AURORA_VERSION, CONSISTENCY)}
        other = {name: value for name, value in self._own.items() if name not in more}
        if TLS_REQUIRED in other:
            other[TLS_REQUIRED] = b"ON"
        if self._server:
            other[SERVER_VERSION] = self._server
        other |= dict.fromkeys(ROLE, b"ON" if reader else b"OFF")
        other |= dict.fromkeys(OURS, b"OFF") if reader else {}
        tables = variable_tables(VARIABLE_TABLES, other, more, mariadb=mariadb)
        return {**tables, **system_table(other, more)} if mariadb else tables

    def _status(self, tls: TlsServer, *, mariadb: bool) -> Tables:
        """Return the table of the session's status with what is true of its client's TLS."""
        told = {b"ssl_cipher": tls.cipher.encode(), b"ssl_version": tls.version.encode()}
        return variable_tables(STATUS_TABLES, told, {}, mariadb=mariadb)

    def mark(self, value: bytes, text: bytes) -> bytes:
        """Return a value as SQL that marks the columns it makes as named after *text*."""
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

    def unmark_error(self, error: bytes) -> bytes:
        """Return an error that quotes the client's own text, not ours."""
        return MARKER.sub(self._original, error)

    def _original(self, match: "re.Match[bytes]") -> bytes:
        number = int(match[1]) - BASE
        return self._texts[number] if 0 <= number < len(self._texts) else match[0]
