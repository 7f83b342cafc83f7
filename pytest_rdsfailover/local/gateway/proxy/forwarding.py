"""How a database connection works on a client's commands, and what it learns of each. No I/O."""

import re
from dataclasses import replace
from typing import Any

from pytest_rdsfailover.local.gateway.proxy.aftermath import Aftermath
from pytest_rdsfailover.local.gateway.proxy.borrowing import BorrowingSession
from pytest_rdsfailover.local.gateway.proxy.carried import may_name_id
from pytest_rdsfailover.local.gateway.proxy.database import Database
from pytest_rdsfailover.local.gateway.proxy.errands import Row
from pytest_rdsfailover.local.gateway.proxy.pinning.pinning import effect
from pytest_rdsfailover.local.gateway.proxy.service import Service
from pytest_rdsfailover.mysql.packets import (
    IN_TRANS,
    MAX_PAYLOAD,
    OK,
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS_READONLY,
    STATUS_NO_BACKSLASH_ESCAPES,
    Packet,
    ServerFault,
    error_packet,
    frame,
    read_lenenc,
    renumbered,
)
from pytest_rdsfailover.mysql.query_attributes import AttributesReader
from pytest_rdsfailover.mysql.responses import Command, Part, Response
from pytest_rdsfailover.mysql.statements import SqlDialect

# Other commands leave most of what can be asked about the latest statement as it is, unless they fail.
STATEMENTS = frozenset({Command.QUERY, Command.STMT_PREPARE, Command.STMT_EXECUTE})
RESULTS, UTF8 = b"character_set_results", b"utf8mb4"
# What ends a transaction that the flags do not show, because nothing was read in it.
ENDS = re.compile(
    rb".\s*(?:commit|rollback\b(?!.*\bto\b)|begin|start\s+transaction|set\s+(?:\w+\s+)?autocommit)\b",
    re.IGNORECASE | re.DOTALL,
)


class Forwarder(BorrowingSession):
    """A client's commands, one at a time, on a connection that it has or borrows."""

    __slots__ = ("_aftermath", "_asked", "_first", "_held", "_sent", "_shift", "_told")

    def __init__(self, service: Service[Any], number: int) -> None:
        super().__init__(service, number)
        self._first = self._shift = 0  # numbers of the command's first packet, and of its last
        self._aftermath = Aftermath()
        self._sent = False
        self._held = b""  # the end of an answer, until the proxy's own work is done
        self._told = 0  # the id in the answer to the latest INSERT
        self._asked = False  # the client is to send data, not a command

    @property
    def _dialect(self) -> SqlDialect:
        """Return how the server reads this session's SQL."""
        dialect = self._service.facts.dialect
        escapes = not self._status & STATUS_NO_BACKSLASH_ESCAPES
        return dialect if escapes else replace(dialect, backslash=False)

    def next_command(self) -> None:
        """Work on what the client has sent ahead; the subclass implements it."""
        raise NotImplementedError

    def forward(self, message: bytes) -> None:
        """Let a database connection work on a command: the one it has, or one it borrows."""
        settings = self._service.settings
        self.message, self._sent, self._told = message, False, 0
        self._first = self._shift - len(message) // MAX_PAYLOAD
        self._effect = effect(message, self._dialect, exclude_sets=settings.excludes_variable_sets)
        if self.database is None:
            self._borrow()
        else:
            self._go()

    def lend(self, database: Database) -> None:
        """Take a database connection; bring it into this session's state, then use it."""
        same = database is self._last and database.uses == self._last_uses + 1
        self.waiting, self.database, database.client = False, database, self
        database.session.variables.tls = self.tls
        self._service.lent(self)
        if same:  # no other session has used it since: its state is this session's
            self._go()
            return
        # This session must see nothing that another session's statement left.
        if self._effect.reads and not database.fresh:
            database.reset(self._adopt)
        else:
            self._adopt(database)

    def _adopt(self, database: Database) -> None:
        """Bring a connection into this session's state, then use it."""
        database.adopt(self._carried.schema, self._carried.wanted(database), self._go)

    def broken(self, fault: ServerFault) -> None:
        """Learn that a statement of the proxy's own failed on this session's connection."""
        self.database, self.pin = None, None
        if self._sent:
            self.closing = True  # what the command did to the session is not known any more
        else:
            self._give_up(fault)

    def _give_up(self, fault: ServerFault) -> None:
        self._answer(error_packet(fault))
        self.message = b""
        self.next_command()

    def _go(self) -> None:
        """Send the command, on a connection that is in this session's state."""
        database = self.database
        if database is None:
            return
        effect, insert_id = self._effect, self._carried.insert_id
        concerned = effect.insert_id or effect.pin is not None
        if concerned and not self.pin and database.insert_id != insert_id:
            database.insert_id = insert_id
            database.ask(b"SET LAST_INSERT_ID = %d" % insert_id, lambda _: self._go())
            return
        if effect.pin is not None and self.pin is None:
            self.pin = effect.pin
            self._service.pinned(self, self.pin, self.message[1:])
        database.dirty = database.dirty or effect.leaves
        self._sent = True
        message = self._looking_back(database)
        database.fresh = False
        if not database.command(message):
            self._finished()

    def _looking_back(self, database: Database) -> bytes:
        """Return the command, with what it asks about the one before it if that was elsewhere."""
        before, message = self._aftermath, self.message
        if message[0] not in STATEMENTS:
            before.warned, before.row_count = False, 0
            return message
        here = database.aftermath is before
        if self._effect.looks_back:
            mark = database.session.variables.mark
            message = before.told(message, self._dialect, mark, here=here)
        mariadb = self._service.facts.dialect.mariadb
        self._aftermath = before.next(self.message, mariadb=mariadb, here=here)
        whole = message is self.message and (here or not self._aftermath.warnings)
        database.aftermath = self._aftermath if whole else None
        return message

    def answer(self, packet: Packet, part: Part | None, response: Response) -> None:
        """Take a packet of the server's answer."""
        sequence, payload = packet
        framed = frame(payload, sequence + self._first)
        if part is Part.END:
            self._note(payload, response)
        elif self.attributes is not None and part is Part.PLAIN:
            self._note_prepared(self.attributes, payload)
        if part is not None and response.done:
            self._held = framed
            self._finished()
            return
        self._asked = self._asked or part is Part.ASK
        self._send(framed)

    def _note_prepared(self, attributes: AttributesReader, payload: bytes) -> None:
        """Note how many parameters a statement has that was prepared."""
        if self.message[0] == Command.STMT_PREPARE and payload[0] == OK:
            attributes.prepared(payload)

    def relay(self, data: bytes) -> None:
        """Take packets of the server's answer that are no end of a result."""
        self._send(renumbered(data, self._first))

    def _note(self, payload: bytes, response: Response) -> None:
        """Note what the end of a result tells: status flags, and the id that an INSERT made."""
        if self.message[0] in STATEMENTS or response.failed:
            self._aftermath.note(payload, response)
        if response.warned and self.database is not None:
            self.database.aftermath = self._aftermath  # it has no older warnings any more
        if response.failed and self.database is not None:
            self._effect = replace(self._effect, insert_id=True)  # its first rows may have made one
        if response.status is None:
            return
        ended = self._status & STATUS_IN_TRANS_READONLY and not response.status & IN_TRANS
        if ended and self._effect.changes and self.database is not None:
            # A SET autocommit ends a read-only transaction, but servers go on refusing writes.
            self.database.dirty = True
        self._status = response.status
        if payload[0] == OK:
            number, _ = read_lenenc(payload, read_lenenc(payload, 1)[1])
            if number and self.database is not None:
                self._told = number
                if may_name_id(number, self.message):
                    self._effect = replace(self._effect, insert_id=True)  # it may not be a new one
                else:
                    self._carried.insert_id = self.database.insert_id = number

    def _finished(self) -> None:
        """Note what a command has done to the session, then send its client the end of the answer.

        The order matters: a client that has its answer is idle, and must not notice what happens to
        the database connection after that.
        """
        self._asked = False
        database = self.database
        if database is None:
            return
        aftermath, lasts = self._aftermath, self.pin is not None and not self._effect.changes
        here = database.noisy and database.aftermath is aftermath
        if (aftermath.warned or here) and not lasts:
            database.ask(b"SHOW WARNINGS", self._keep_warnings)
        else:
            self._learn(database)

    def _keep_warnings(self, rows: list[Row]) -> None:
        """Keep what the connection will not be able to tell once somebody else has had it.

        The flags of this answer tell whether a transaction is open, which no error does.
        """
        self._aftermath.warnings = rows
        if self.database is not None:
            self._aftermath.charset = self.database.state.get(RESULTS) or UTF8
            self.database.noisy = bool(rows)
            self._learn(self.database)

    def _learn(self, database: Database) -> None:
        """Ask what a command has changed in the session, as far as its answer did not tell."""
        if self._effect.changes:
            self._carried.learn(database, self.message, self._status, self._ask_insert_id)
        else:
            self._ask_insert_id()

    def _ask_insert_id(self) -> None:
        """Ask for the id that a statement may have made."""
        if self._effect.insert_id and not self.pin and self.database is not None:
            self.database.ask(b"SELECT LAST_INSERT_ID()", self._learn_insert_id)
        else:
            self._rest()

    def _learn_insert_id(self, rows: list[Row]) -> None:
        """Note the id that a statement has made: its answer does not tell it, or tells another."""
        number, database = int(rows[0][0] or 0) if rows else 0, self.database
        made = database is not None and number != database.insert_id
        if database is not None and (made or 0 < number == self._told):
            self._carried.insert_id = database.insert_id = number
        self._rest()

    def _rest(self) -> None:
        """End the answer; return the connection between two transactions, unless it is pinned."""
        if self._effect.saves:
            self._saved = not self._status & (STATUS_AUTOCOMMIT | IN_TRANS)
        elif self._saved:
            self._saved = not (self._status & IN_TRANS or ENDS.match(self.message))
        self.message = b""
        if self._held:
            self._service.touch(self)
            self.to_client += self._held
            self._held = b""
        database = self.database
        if database is not None and not self.pin:
            if database.status is not None:
                self._status = database.status
            if not self.in_transaction:
                self._return(database)
        self.next_command()

    def _answer(self, payload: bytes) -> None:
        """Answer the command with a packet of our own."""
        self._say(payload, self._shift + 1)
