"""What is to be sent to the real server for one command of a client. No I/O."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from pytest_rdsfailover.local.gateway.aurora import TopologyRow, topology_setting
from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.rds_statements import NOT_SIMULATED
from pytest_rdsfailover.local.gateway.roles import (
    HARMLESS,
    PROTECT,
    RELEASE,
    Exchange,
    Treatment,
    hidden,
    refusal,
    treatment,
)
from pytest_rdsfailover.local.gateway.variables import Variables
from pytest_rdsfailover.mysql.packets import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_NO_BACKSLASH_ESCAPES,
)
from pytest_rdsfailover.mysql.responses import UNANSWERED, Command
from pytest_rdsfailover.mysql.statements import SqlDialect, Statement, statements

STATEMENT_ID = slice(1, 5)  # where a command keeps the number of a prepared statement
ASK_WITHIN = 1 << 16  # bytes of a text in which Aurora's own names are looked for
# One of these is in each text that asks for what only Aurora, or RDS, knows.
NAMES = (
    "REPLICA",
    "AURORA_VERSION",
    "VARIABLES",
    "RDS_KILL",
    "VOLUME",
    "SIMULATE",
    "SESSION_STATUS",
)


class Host(Protocol):
    """What a session must know of its instance; may change while the session lives."""

    @property
    def id(self) -> str:
        """Return the instance's id."""

    @property
    def writer(self) -> bool:
        """Tell whether it takes writes now."""

    @property
    def read_only_error(self) -> int:
        """Return what it answers to writes when it takes none."""

    @property
    def commits(self) -> Commits:
        """Return where its commits are counted."""

    def members(self) -> Sequence[TopologyRow]:
        """Return all instances of its cluster, as Aurora's topology table has them now."""


def lifting(exchange: Exchange, status: int) -> list[Exchange]:
    """Return an exchange with those around it that allow the session to write meanwhile.

    An open transaction would stay read-only, so it is ended before, and a new one is begun after.
    """
    opened, automatic = status & STATUS_IN_TRANS, status & STATUS_AUTOCOMMIT
    end = [hidden(b"COMMIT")] if opened else []
    close = [] if automatic else [hidden(b"COMMIT")]
    again = [hidden(b"START TRANSACTION READ ONLY")] if opened and automatic else []
    now = exchange._replace(lift=False, lifted=True)
    return [*end, hidden(RELEASE), now, *close, hidden(PROTECT), *again]


class Planner:
    """Plans the commands of one session.

    Attributes:
        dialect: how its server reads SQL.
    """

    def __init__(self, host: Host, variables: Variables) -> None:
        self.dialect = SqlDialect()
        self._lifted: set[bytes] = set()  # prepared statements for which a reader may write
        self._topological: set[bytes] = set()  # those that ask for the topology
        self._host, self._variables = host, variables
        self._protected = False

    def sent(self, exchange: Exchange) -> None:
        """Note that one of our own exchanges is on its way."""
        if exchange.payload[1:] in (PROTECT, RELEASE):
            self._protected = exchange.payload[1:] == PROTECT

    def prepared(self, statement: bytes, exchange: Exchange) -> None:
        """Remember what each execution of a prepared statement takes, by the statement's number."""
        if exchange.lifted:
            self._lifted.add(statement)
        if exchange.topology:
            self._topological.add(statement)

    def closed(self, statement: bytes) -> None:
        """Forget a prepared statement."""
        self._lifted.discard(statement)
        self._topological.discard(statement)

    def plan(self, message: bytes, status: int, *, multi: bool) -> list[Exchange]:
        """Return the exchanges that a command takes on this instance, as it is now.

        Args:
            message: the command.
            status: the session's latest status flags.
            multi: the client may send several statements at once.
        """
        reader = not self._host.writer
        command = message[0]
        if command == Command.QUERY and not (reader or self._protected or asks_aurora(message)):
            return [Exchange(payload=message)]  # the usual case, decided first
        if command in UNANSWERED or command in HARMLESS:
            return [Exchange(payload=message)]
        if command == Command.STMT_EXECUTE and reader and message[STATEMENT_ID] in self._lifted:
            return [Exchange(payload=message, lift=True)]
        if command == Command.STMT_EXECUTE and message[STATEMENT_ID] in self._topological:
            return [*self._before(), self._topology(), Exchange(payload=message)]
        if command in (Command.QUERY, Command.STMT_PREPARE):
            return self._texts(message, status, multi=multi)
        return [*self._before(), Exchange(payload=message)]

    def _before(self) -> list[Exchange]:
        """Return what makes the session fit its instance's role."""
        if not self._host.writer:
            return [hidden(PROTECT)]
        return [hidden(RELEASE)] if self._protected else []

    def _texts(self, message: bytes, status: int, *, multi: bool) -> list[Exchange]:
        """Return the exchanges that a command with a text takes."""
        command, sql = message[:1], message[1:]
        reader = not self._host.writer
        whole = [*self._before(), Exchange(payload=message)]
        if not reader and not asks_aurora(sql):
            return whole
        backslash = not status & STATUS_NO_BACKSLASH_ESCAPES
        parts = statements(sql, replace(self.dialect, backslash=backslash))
        if len(parts) > 1 and not (multi and command[0] == Command.QUERY):
            return whole  # a syntax error, for the server to report
        planned: list[Exchange] = []
        for number, part in enumerate(parts):
            if part.words[:3] == (b"ALTER", b"SYSTEM", b"SIMULATE"):
                return [*planned, Exchange(payload=b"", refuse=NOT_SIMULATED)]
            text, topology = self._rewritten(part, reader=reader)
            one = Exchange(payload=command + text, more=number < len(parts) - 1, topology=topology)
            planned += [self._topology()] if topology else []
            planned += self._on_reader(part, one) if reader else [*self._before(), one]
        return planned

    def _rewritten(self, statement: Statement, *, reader: bool) -> tuple[bytes, bool]:
        """Return a statement as the server is to get it, and whether it asks for the topology.

        CREATE and ALTER keep their text, because the server may store it.
        """
        if statement.words[:1] in ((b"CREATE",), (b"ALTER",)) or not asks_aurora(statement.sql):
            return statement.sql, False
        return self._variables.rewrite(
            statement, self._host.members(), reader=reader, mariadb=self.dialect.mariadb
        )

    def _topology(self) -> Exchange:
        """Return what tells the server how the cluster is now."""
        return hidden(topology_setting(self._host.members()))

    def _on_reader(self, statement: Statement, exchange: Exchange) -> list[Exchange]:
        """Return the exchanges that a statement takes on a reader."""
        how = treatment(statement)
        if how is Treatment.REFUSED:
            return [Exchange(payload=b"", refuse=refusal(self._host.read_only_error))]
        if how is Treatment.LIFTED:
            return [exchange._replace(lift=True)]
        return [exchange] if how is Treatment.QUIET else [hidden(PROTECT), exchange]


def asks_aurora(sql: bytes) -> bool:
    """Tell whether a text may ask for what only Aurora knows; looks at its beginning only."""
    begin = sql[:ASK_WITHIN].upper().decode("latin-1")  # a search in bytes is several times as slow
    for name in NAMES:
        if name in begin:
            return True
    shows = "SHOW" in begin and ("INFORMATION_SCHEMA" in begin or "STATUS" in begin)
    return shows or b"@@" in sql
