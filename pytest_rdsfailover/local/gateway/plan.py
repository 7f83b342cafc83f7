"""What is to be sent to the real server for one command of a client. No I/O."""

import re
from dataclasses import replace

from pytest_rdsfailover.local.gateway.aurora import topology_setting
from pytest_rdsfailover.local.gateway.host import Host
from pytest_rdsfailover.local.gateway.rds_statements import NOT_SIMULATED
from pytest_rdsfailover.local.gateway.roles import (
    HARMLESS,
    PROTECT,
    RELEASE,
    Exchange,
    Treatment,
    commits_though_killed,
    hidden,
    refusal,
    treatment,
)
from pytest_rdsfailover.local.gateway.special_texts import ASK_WITHIN, is_special, is_stored
from pytest_rdsfailover.local.gateway.table_names import qualified
from pytest_rdsfailover.local.gateway.variables import NAMED_TABLES, SCHEMAS, Variables
from pytest_rdsfailover.local.gateway.write_forwarding import (
    NOT_PREPARED,
    UNAVAILABLE,
    UNSUPPORTED,
    Forwarding,
    consistency_asked,
    forwarding,
)
from pytest_rdsfailover.mysql.packets import (
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    STATUS_NO_BACKSLASH_ESCAPES,
    ServerFault,
)
from pytest_rdsfailover.mysql.responses import ANEW, EXECUTING, STATEMENT_ID, UNANSWERED, Command
from pytest_rdsfailover.mysql.statements import SqlDialect, Statement, statements

COMMIT = hidden(b"COMMIT")
LOCK = b"GET_LOCK"
USES = re.compile(rb"(?:\x03\s*use\s+|\x02)(?:`([^`]*)`|([^\s;]+))", re.IGNORECASE)


def lifting(exchange: Exchange, status: int) -> list[Exchange]:
    """Return an exchange with those around it that allow the session to write meanwhile.

    An open transaction would stay read-only, so it is ended before, and a new one is begun after.
    """
    opened, automatic = status & STATUS_IN_TRANS, status & STATUS_AUTOCOMMIT
    end = [COMMIT] if opened else []
    close = [] if automatic else [COMMIT]
    again = [hidden(b"START TRANSACTION READ ONLY")] if opened and automatic else []
    now = exchange._replace(lift=False, lifted=True)
    return [*end, hidden(RELEASE), now, *close, hidden(PROTECT), *again]


def withholding(exchange: Exchange, status: int) -> list[Exchange]:
    """Return an exchange between START TRANSACTION and COMMIT if it would commit by itself.

    A cut kills the session, but the server may finish the statement. As COMMIT is then never sent,
    nothing of it is stored.
    """
    now = exchange._replace(withheld=False)
    alone = status & STATUS_AUTOCOMMIT and not status & STATUS_IN_TRANS
    return [hidden(b"START TRANSACTION"), now, COMMIT] if alone else [now]


class Planner:
    """Plans the commands of one session.

    Args:
        host: its instance.
        variables: what its client finds in place of the server's own.
        direct: its client is no RDS Proxy, for which nothing is forwarded.

    Attributes:
        dialect: how its server reads SQL.
        locks: the session has asked for locks by name.
    """

    def __init__(self, host: Host, variables: Variables, *, direct: bool = True) -> None:
        self.dialect, self.locks = SqlDialect(), False
        self._lifted: set[bytes] = set()  # prepared statements for which a reader may write
        self._topological: set[bytes] = set()  # those that ask for the topology
        self._withheld: set[bytes] = set()  # those that must not commit by themselves
        self._forwarding: dict[bytes, Forwarding] = {}  # of each prepared statement
        self._levels: dict[bytes, bytes] = {}  # what commands under way set, by command
        self._host, self._variables, self._direct = host, variables, direct
        self._protected = False
        self._schema = b""  # one of SCHEMAS, or none of those

    @property
    def forwards(self) -> bool:
        """Tell whether its instance is a reader that forwards the session's writes."""
        wanted = self._host.volume.forwarding and bool(self._variables.consistency)
        return wanted and self._direct and not self._host.writer

    def sent(self, exchange: Exchange) -> None:
        """Note that one of our own exchanges is on its way."""
        if exchange.payload[1:] in (PROTECT, RELEASE):
            self._protected = exchange.payload[1:] == PROTECT

    def logged_in(self, payload: bytes) -> None:
        """Take a client's part of its login, which may name a database."""
        lowered = payload.lower()
        self._schema = next((name for name in SCHEMAS if name + b"\0" in lowered), b"")

    def answered(self, command: bytes) -> None:
        """Note which database a command that was carried out has made the current one."""
        if command[0] in ANEW:
            self.locks, self._variables.consistency = False, b""
        if self._levels:
            level = self._levels.pop(command, self._variables.consistency)
            self._variables.consistency = level
        uses = USES.match(command)
        if uses is not None:
            name = (uses[1] or uses[2] or b"").lower()
            self._schema = name if name in SCHEMAS else b""
        elif command[0] == Command.CHANGE_USER:
            self.logged_in(command)
        else:
            self._host.volume.accounts.carried_out(command, self.dialect)

    def prepared(self, statement: bytes, exchange: Exchange) -> None:
        """Remember what each execution of a prepared statement takes, by the statement's number."""
        if exchange.lifted:
            self._lifted.add(statement)
        if exchange.topology:
            self._topological.add(statement)
        if exchange.withheld:
            self._withheld.add(statement)
        self._forwarding[statement] = exchange.forwarding

    def closed(self, statement: bytes) -> None:
        """Forget a prepared statement."""
        self._lifted.discard(statement)
        self._topological.discard(statement)
        self._withheld.discard(statement)
        self._forwarding.pop(statement, None)

    def plan(self, message: bytes, status: int, *, multi: bool) -> list[Exchange]:
        """Return the exchanges that a command takes on this instance, as it is now.

        Args:
            message: the command.
            status: the session's latest status flags.
            multi: the client may send several statements at once.
        """
        reader = not self._host.writer
        command = message[0]
        if command == Command.QUERY and not (
            reader or self._protected or self._is_special(message)
        ):
            return [Exchange(payload=message)]  # the usual case, decided first
        if command in UNANSWERED or command in HARMLESS:
            return [Exchange(payload=message)]
        if command in EXECUTING:
            return self._execution(message, reader=reader)
        if command in (Command.QUERY, Command.STMT_PREPARE):
            return self._texts(message, status, multi=multi)
        return [*self._before(), Exchange(payload=message)]

    def _execution(self, message: bytes, *, reader: bool) -> list[Exchange]:
        """Return the exchanges that the execution of a prepared statement takes."""
        number = message[STATEMENT_ID]
        if self.forwards:
            fault = self._forwarding_fault(self._forwarding.get(number, Forwarding.FORWARDED))
            if fault is not None:
                return [_refusing(fault)]
        elif reader and number in self._lifted:
            return [Exchange(payload=message, lift=True)]
        topology = [self._topology()] if number in self._topological else []
        withheld = (self.forwards or not reader) and number in self._withheld
        return [*self._before(), *topology, Exchange(payload=message, withheld=withheld)]

    def _before(self) -> list[Exchange]:
        """Return what makes the session fit its instance's role."""
        if not (self._host.writer or self.forwards):
            return [hidden(PROTECT)]
        return [hidden(RELEASE)] if self._protected else []

    def _forwarding_fault(self, forwarding: Forwarding) -> ServerFault | None:
        """Return what a reader says to a statement that it cannot forward; None if it can."""
        if forwarding is Forwarding.REFUSED:
            return UNSUPPORTED
        lost = forwarding is Forwarding.FORWARDED and not self._host.writable()
        return UNAVAILABLE if lost else None

    def _texts(self, message: bytes, status: int, *, multi: bool) -> list[Exchange]:
        """Return the exchanges that a command with a text takes."""
        command, sql = message[:1], message[1:]
        reader = not self._host.writer
        whole = [*self._before(), Exchange(payload=message)]
        if not reader and not self._is_special(sql):
            return whole
        backslash = not status & STATUS_NO_BACKSLASH_ESCAPES
        dialect = replace(self.dialect, backslash=backslash)
        parts = statements(sql, dialect)
        self.locks = self.locks or any(LOCK in part.all_words for part in parts)
        if len(parts) > 1 and not (multi and command[0] == Command.QUERY):
            return whole  # a syntax error, for the server to report
        planned: list[Exchange] = []
        self._levels.clear()
        for number, written in enumerate(parts):
            part, fault = self._consistency(written, command, dialect)
            if part.words[:3] == (b"ALTER", b"SYSTEM", b"SIMULATE"):
                fault = NOT_SIMULATED
            if fault is not None:
                return [*planned, _refusing(fault)]
            text, topology = self._rewritten(part, dialect)
            one = Exchange(
                payload=command + text,
                more=number < len(parts) - 1,
                topology=topology,
                withheld=(self.forwards or not reader) and commits_though_killed(part),
                forwarding=forwarding(part) if reader else Forwarding.FORWARDED,
            )
            planned += [self._topology()] if topology else []
            planned += self._on_reader(part, one) if reader else [*self._before(), one]
        return planned

    def _consistency(
        self, part: Statement, command: bytes, dialect: SqlDialect
    ) -> tuple[Statement, ServerFault | None]:
        """Return a statement as the server can set a read consistency, and what is wrong with it."""
        asked = consistency_asked(part)
        if asked is None:
            return part, None
        if command[0] != Command.QUERY:
            return part, NOT_PREPARED
        if asked.fault is None:
            self._levels[command + asked.text] = asked.level
            (part,) = statements(asked.text, dialect)
        return part, asked.fault

    def _rewritten(self, statement: Statement, dialect: SqlDialect) -> tuple[bytes, bool]:
        """Return a statement as the server is to get it, and whether it asks for the topology.

        CREATE and ALTER keep their text, because the server may store it.
        """
        if is_stored(statement) or not self._is_special(statement.sql):
            return self._host.volume.accounts.in_known_words(statement), False
        if self._schema:
            (statement,) = statements(qualified(statement, self._schema, NAMED_TABLES), dialect)
        return self._variables.rewrite(
            statement,
            self._host.members(),
            reader=not self._host.writer,
            mariadb=self.dialect.mariadb,
            accounts=self._host.volume.accounts.tables(statement.sql),
        )

    def _is_special(self, sql: bytes) -> bool:
        """Tell whether a text may be one that is not sent as it is."""
        volume = self._host.volume
        told = volume.aurora.server is not None and b"VERSION" in sql[:ASK_WITHIN].upper()
        return told or bool(self._schema or volume.accounts.tables(sql)) or is_special(sql)

    def _topology(self) -> Exchange:
        """Return what tells the server how the cluster is now."""
        return hidden(topology_setting(self._host.members()))

    def _on_reader(self, statement: Statement, exchange: Exchange) -> list[Exchange]:
        """Return the exchanges that a statement takes on a reader."""
        how = treatment(statement)
        if how is Treatment.REFUSED:
            return [_refusing(refusal(self._host.read_only_error))]
        if self.forwards:
            fault = self._forwarding_fault(exchange.forwarding)
            return [*self._before(), exchange] if fault is None else [_refusing(fault)]
        if how is Treatment.LIFTED:
            return [exchange._replace(lift=True)]
        return [exchange] if how is Treatment.QUIET else [hidden(PROTECT), exchange]


def _refusing(fault: ServerFault) -> Exchange:
    return Exchange(payload=b"", refuse=fault)
