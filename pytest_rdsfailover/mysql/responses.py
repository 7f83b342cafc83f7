"""Where the answer to a command ends, and what status it reports: one state machine a command."""

import enum
import re
from collections.abc import Callable

from pytest_rdsfailover.mysql.packets import (
    EOF,
    ERR,
    HEADER,
    LOCAL_INFILE,
    MAX_PAYLOAD,
    OK,
    STATUS_CURSOR_EXISTS,
    STATUS_MORE_RESULTS,
    ProtocolError,
    end_of,
    ending,
    is_eof,
    read_lenenc,
    status_of,
)


class Command(enum.IntEnum):
    """What a client may ask, by the first byte of its message."""

    QUIT = 0x01
    INIT_DB = 0x02
    QUERY = 0x03
    FIELD_LIST = 0x04
    STATISTICS = 0x09
    PROCESS_INFO = 0x0A
    PROCESS_KILL = 0x0C
    PING = 0x0E
    CHANGE_USER = 0x11
    BINLOG_DUMP = 0x12
    TABLE_DUMP = 0x13
    STMT_PREPARE = 0x16
    STMT_EXECUTE = 0x17
    STMT_SEND_LONG_DATA = 0x18
    STMT_CLOSE = 0x19
    STMT_RESET = 0x1A
    SET_OPTION = 0x1B
    STMT_FETCH = 0x1C
    BINLOG_DUMP_GTID = 0x1E
    RESET_CONNECTION = 0x1F
    STMT_BULK_EXECUTE = 0xFA


UNANSWERED = frozenset({Command.QUIT, Command.STMT_SEND_LONG_DATA, Command.STMT_CLOSE})
ANEW = frozenset({Command.CHANGE_USER, Command.RESET_CONNECTION})  # the session begins anew
ENDLESS = frozenset({Command.BINLOG_DUMP, Command.TABLE_DUMP, Command.BINLOG_DUMP_GTID})
RESULTS = frozenset({
    Command.QUERY, Command.PROCESS_INFO, Command.STMT_EXECUTE, Command.STMT_BULK_EXECUTE,
})  # fmt: skip


EXECUTING = frozenset({Command.STMT_EXECUTE, Command.STMT_BULK_EXECUTE})
STATEMENT_ID = slice(1, 5)  # where a command keeps the number of a prepared statement


# What an UPDATE's answer says in the server's language: rows matched, rows changed, warnings.
MATCHED = re.compile(rb"[^\d][1-9]\d*\D+\b0\D+\d+\D*$")


class Part(enum.Enum):
    """What a packet of an answer is."""

    PLAIN = enum.auto()  # passes without meaning anything to us
    COLUMNS = enum.auto()  # the number of columns that follow
    COLUMN = enum.auto()  # a column's definition
    ROW = enum.auto()  # a row of a result
    ASK = enum.auto()  # the client must send something before the answer goes on
    END = enum.auto()  # OK, EOF or ERR: the end of a result


class Response:
    """The answer to one command, fed one message start at a time.

    Attributes:
        done: nothing more will come.
        status: the latest status flags; None before there were any, and for an error.
        failed: the answer ended with an error.
        error: the code of that error; 0 if there was none.
        queried: the latest result has columns.
        rows: how many rows the latest result has.
        warned: the latest result came with warnings or an error.
        warnings: how many warnings the latest result came with; 0 for an error, which does not tell.
        changed: how many rows all its results say that they changed.
        matched: whether one of them found rows that were as they should be.
    """

    __slots__ = (
        "_deprecate_eof", "_execute", "_left", "_longest_end", "_state", "_then",
        "changed", "done", "error", "failed", "matched", "queried", "rows", "status", "warned", "warnings",
    )  # fmt: skip

    def __init__(self, command: int, *, deprecate_eof: bool) -> None:
        self.done = command in UNANSWERED
        self.status: int | None = None
        self.failed = self.warned = self.queried = False
        self.error = self.rows = self.warnings = self.changed = 0
        self.matched = False
        self._deprecate_eof = deprecate_eof
        # A row may begin with 0xfe too, but then it is longer than a packet, or than this.
        self._longest_end = MAX_PAYLOAD - 1 if deprecate_eof else 5
        self._execute = command in EXECUTING
        self._left = 0  # column definitions still to come
        self._then: tuple[int, ...] = ()  # further groups of definitions, of a prepared statement
        self._state: Callable[[Response, bytes], Part] = START.get(command, Response._simple)

    @property
    def idle(self) -> bool:
        """Tell whether it says that no row was changed, nor found as it should be."""
        return not (self.queried or self.changed or self.matched)

    def feed(self, payload: bytes) -> Part:
        """Take the first packet of the server's next message; say what it is.

        Raises:
            ProtocolError: if no server may say this here.
        """
        if self.done or not payload:
            raise ProtocolError("the server sent what nobody asked for")
        return self._state(self, payload)

    def skip(self, data: bytes) -> int:
        """Follow the packets that only make a result longer; return where the others begin.

        Those are the definitions of columns, and the rows. Whatever else *data* holds is for `feed`,
        and so is a packet that goes on in the next one.
        """
        at = 0
        if self._state is Response._head:
            at = self._skip_head(data)
        if self._state is Response._column:
            at = self._skip_columns(data, at)
        if self._state is Response._row:
            at = self._skip_rows(data, at)
        return at

    def _skip_head(self, data: bytes) -> int:
        """Skip the number of columns if it is a plain one."""
        end = end_of(data, 0)
        if end != HEADER + 1 or not OK < data[HEADER] < LOCAL_INFILE:
            return 0
        self._left, self._state = data[HEADER], Response._column
        self.queried, self.rows = True, 0
        return end

    def _skip_columns(self, data: bytes, at: int) -> int:
        """Skip definitions of columns, and what stands between them and the rows."""
        end = end_of(data, at)
        while end and self._left and data[at + HEADER] != ERR:
            self._left, at = self._left - 1, end
            end = end_of(data, at)
        if self._left:
            return at
        if self._deprecate_eof:
            self._state = Response._row
        elif end and not self._execute and is_eof(data[at + HEADER : end]):  # there is no cursor
            self._state, at = Response._row, end
        return at

    def _skip_rows(self, data: bytes, at: int) -> int:
        """Skip rows."""
        longest, rows = HEADER + self._longest_end, 0
        while end := end_of(data, at):
            first = data[at + HEADER]
            if first == ERR or (first == EOF and end - at <= longest):
                break
            rows, at = rows + 1, end
        self.rows += rows
        return at

    def _end(self, payload: bytes) -> Part:
        """Note the end of a result, and whether another one follows."""
        if payload[0] == ERR:
            self.status = None
            self.failed = self.warned = self.done = True
            self.warnings = 0
            self.error = int.from_bytes(payload[1:3], "little")
            return Part.END
        self.status, self.warnings = ending(payload)
        if payload[0] == OK:
            changed, _ = read_lenenc(payload, 1)
            self.changed += changed
            self.matched = self.matched or (not changed and bool(MATCHED.search(payload)))
        self.warned = self.warnings > 0
        self.done = not self.status & STATUS_MORE_RESULTS
        return Part.END

    def _simple(self, payload: bytes) -> Part:
        if payload[0] not in (OK, EOF, ERR):
            raise ProtocolError(f"the server answered with 0x{payload[0]:02x}")
        self._end(payload)
        self.done = True
        return Part.END

    def _single(self, payload: bytes) -> Part:
        self.done = True
        if payload[0] == ERR:
            return self._end(payload)
        return Part.PLAIN

    def _endless(self, payload: bytes) -> Part:
        return self._end(payload) if payload[0] == ERR else Part.PLAIN

    def _login(self, payload: bytes) -> Part:
        """Follow an authentication, whose other packets the client answers (or not)."""
        return self._end(payload) if payload[0] in (OK, ERR) else Part.ASK

    def _head(self, payload: bytes) -> Part:
        """Take the first packet of a result."""
        if payload[0] in (OK, ERR):
            self.queried = False
            return self._end(payload)
        if payload[0] == LOCAL_INFILE:
            return Part.ASK
        self._left, end = read_lenenc(payload, 0)
        if end != len(payload) or not self._left:
            raise ProtocolError("a result without a number of columns")
        self.queried, self.rows = True, 0
        self._state = Response._column
        return Part.COLUMNS

    def _column(self, payload: bytes) -> Part:
        if payload[0] == ERR:
            return self._end(payload)
        if self._left:
            self._left -= 1
            if not self._left and self._deprecate_eof:
                self._state = Response._row
            return Part.COLUMN
        if not is_eof(payload):
            raise ProtocolError("the column definitions have no end")
        self.status = status_of(payload)
        # With a cursor the rows come only when they are fetched.
        if self._execute and self.status & STATUS_CURSOR_EXISTS:
            self._state = Response._head
            return self._end(payload)
        self._state = Response._row
        return Part.PLAIN

    def _row(self, payload: bytes) -> Part:
        if payload[0] == ERR:
            return self._end(payload)
        if payload[0] == EOF and len(payload) <= self._longest_end:
            self._state = Response._head
            return self._end(payload)
        self.rows += 1
        return Part.ROW

    def _prepare(self, payload: bytes) -> Part:
        if payload[0] == ERR:
            return self._end(payload)
        if payload[0] != OK or len(payload) < 9:  # noqa: PLR2004 - id and two counts
            raise ProtocolError("a prepared statement without an id")
        columns = int.from_bytes(payload[5:7], "little")
        parameters = int.from_bytes(payload[7:9], "little")
        self._then = tuple(count for count in (parameters, columns) if count)
        self._definitions()
        return Part.PLAIN

    def _definitions(self) -> None:
        """Go to the next group of definitions of a prepared statement, if there is one."""
        self.done = not self._then
        if self._then:
            self._left, *then = self._then
            self._then = tuple(then)
            self._state = Response._definition

    def _definition(self, payload: bytes) -> Part:
        if payload[0] == ERR:
            return self._end(payload)
        if self._left:
            self._left -= 1
            if not self._left and self._deprecate_eof:
                self._definitions()
            return Part.COLUMN
        if not is_eof(payload):
            raise ProtocolError("the definitions of a prepared statement have no end")
        self.status = status_of(payload)
        self._definitions()
        return Part.PLAIN


START: dict[int, Callable[[Response, bytes], Part]] = {
    Command.STATISTICS: Response._single,  # noqa: SLF001 - of the same file
    Command.FIELD_LIST: Response._row,  # noqa: SLF001
    Command.STMT_FETCH: Response._row,  # noqa: SLF001
    Command.STMT_PREPARE: Response._prepare,  # noqa: SLF001
    Command.CHANGE_USER: Response._login,  # noqa: SLF001
    **dict.fromkeys(RESULTS, Response._head),  # noqa: SLF001
    **dict.fromkeys(ENDLESS, Response._endless),  # noqa: SLF001
}
