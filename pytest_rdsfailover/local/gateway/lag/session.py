"""A client's session whose reads are answered from the past while its instance lags. No I/O."""

import re
import time
from collections.abc import Callable, Sequence

from pytest_rdsfailover.local.gateway.lag.reads import (
    SYSTEM_SCHEMAS,
    AnswerPart,
    Past,
    Read,
    reads_rows,
)
from pytest_rdsfailover.local.gateway.lag.snapshot import carried
from pytest_rdsfailover.local.gateway.proxy.state import Values, question
from pytest_rdsfailover.local.gateway.roles import Exchange, hidden, worded
from pytest_rdsfailover.local.gateway.session import InstanceSession
from pytest_rdsfailover.local.gateway.statement_kind import Transacts, kind
from pytest_rdsfailover.local.gateway.write_forwarding import GLOBAL, SESSION
from pytest_rdsfailover.mysql.handshake import Capability
from pytest_rdsfailover.mysql.packets import (
    ERR,
    IN_TRANS,
    STATUS_AUTOCOMMIT,
    STATUS_IN_TRANS,
    ProtocolError,
    ending,
    parse_error,
    with_status,
)
from pytest_rdsfailover.mysql.responses import ANEW, Command, Part, Response
from pytest_rdsfailover.mysql.results import parse_row

DEFINITION_CHANGED = 1412  # since the snapshot: it cannot show the table
# What leaves a session's variables and its current database as they are.
KEEPS_STATE = re.compile(
    rb"\x03\s*(?:SELECT|SHOW|COMMIT|ROLLBACK|BEGIN|START|SAVEPOINT|RELEASE|DO)\b[^;]*;?\s*\Z|\x0e",
    re.IGNORECASE,
)
ENDS = frozenset({Transacts.COMMITS, Transacts.ROLLS_BACK})
ISOLATION = (b"transaction_isolation", b"tx_isolation")
QUERY, CHANGE_USER = bytes((Command.QUERY,)), bytes((Command.CHANGE_USER,))


def _is_answer(parts: Sequence[AnswerPart]) -> bool:
    """Tell whether a snapshot has answered; not if it was lost, or cannot show a table."""
    if not parts:
        return False
    payload, part = parts[-1]
    failed = part is Part.END and payload[0] == ERR
    return not (failed and parse_error(payload).code == DEFINITION_CHANGED)


def _ended(payload: bytes, status: int, *, deprecates: bool) -> bytes:
    """Return the EOF of a snapshot as the client has the end of a result."""
    payload = with_status(payload, status)
    return payload[:1] + b"\0\0" + payload[3:5] + payload[1:3] if deprecates else payload


def _directly(work: Callable[[bytes], None], data: bytes) -> None:
    work(data)


class LaggedSession(InstanceSession):
    """A session whose SELECTs from tables are answered by snapshots.

    In a transaction that may read only once, all of them are answered by the same.

    Attributes:
        hear: lets the session work on what a snapshot has for it, and sends what comes of it.
    """

    hear: Callable[[Callable[[bytes], None], bytes], None] = staticmethod(_directly)
    _state: Values | None = None  # None while it is unknown
    _schema: bytes | None = None
    _question: Exchange | None = None  # our own, about the state
    _asking: bytes = b""  # the client's command that waits for its answer
    _read: Read | None = None
    _past: Past | None = None  # what the client's transaction reads from
    _after = 0.0
    _wrote = 0.0  # when a forwarded write was answered last, in monotonic seconds
    _passed = False  # a part of the answer

    def ended(self) -> None:
        """Learn that nothing more is taken: a read under way is answered to nobody."""
        super().ended()
        self._drop_read()
        self._let_go()

    def forget(self) -> None:
        """Ask for the state again, and read from another snapshot."""
        self._state = None
        self._let_go()

    def _begin(self, message: bytes) -> None:
        """Send a read to a snapshot, all else to the session's own server."""
        if self._lags(message):
            self._begin_read(message)
            return
        if self._state is not None or self._past is not None:
            self._keep_up(message)
        if message[:1] == CHANGE_USER:
            self._login.user = ""  # whose password we need not know
        super()._begin(message)

    def _lags(self, message: bytes) -> bool:
        """Tell whether a command is answered from the past."""
        lag = self._host.volume.lag
        return (
            lag is not None
            and not self._host.writer
            and message[0] == Command.QUERY
            and not self._witness.owns_tables
            and not self.forwarding
            and lag.covers(self._login.user)
            and reads_rows(message[1:], self._planner.dialect)
        )

    def _keep_up(self, message: bytes) -> None:
        """Take a command that may change the state, or end the transaction."""
        if KEEPS_STATE.match(message) is None:
            self._state = None
        query = message[:1] == QUERY
        if message[0] in ANEW or (query and kind(message[1:]).transacts in ENDS):
            self._let_go()

    def _begin_read(self, message: bytes) -> None:
        lag = self._host.volume.lag
        self._command, self.away, self._reader = Command.QUERY, True, True
        self._passed = False
        self._witness.begin(message, self._planner.dialect, multi=self._multi)
        self._asking = message
        if self._state is None and lag is not None:
            self._question = hidden(question(lag.names))
            self._plan.append(self._question)
        else:
            self._go()

    def _go(self) -> None:
        """Have the read answered; by the session's own server if there is no lag any more."""
        lag, state = self._host.volume.lag, self._state
        schema = self._schema
        if (
            lag is None
            or state is None
            or schema is None
            or schema.lower() in SYSTEM_SCHEMAS
            or self._host.writer
        ):
            self._answer_now()
            return
        if not self._in_transaction:
            self._let_go()
        self._read = Read(
            message=self._asking,
            schema=schema,
            state=carried(state),
            client=self,
            asked=time.monotonic(),
            after=max(self._after, self._consistent),
            snapshot=self._past,
        )
        lag.read(self._login.user, self._read)

    @property
    def _consistent(self) -> float:
        """Return which moment a session with forwarded writes is to see at least; 0 for any."""
        if not self.forwards:
            return 0.0
        now = time.monotonic()
        return {GLOBAL: now, SESSION: self._wrote}.get(self.variables.consistency, 0.0)

    @property
    def _in_transaction(self) -> bool:
        """Tell whether what the client reads now belongs to a transaction."""
        status = self._server.status
        return bool(status & STATUS_IN_TRANS) or not status & STATUS_AUTOCOMMIT

    def _answer_now(self) -> None:
        """Let the session's own server answer, without lag."""
        message, self.away, self._read = self._asking, False, None
        self._plan.extend(self._planner.plan(message, self._server.status, multi=self._multi))

    def _answered(self, response: Response) -> None:
        """Note when what the session has written was acknowledged."""
        status = self._server.status
        wrote = self.forwards and (self._witness.writing or self._witness.commits(status))
        super()._answered(response)
        if wrote:
            self._wrote = time.monotonic()

    # Answers -------------------------------------------------------------------------------------

    def _read_row(self, payload: bytes, exchange: Exchange) -> None:
        """Learn the state."""
        if exchange is self._question:
            lag = self._host.volume.lag
            self._schema, *values = parse_row(payload)
            names = () if lag is None else lag.names
            self._state = dict(zip(names, values, strict=True))

    def _end(self, payload: bytes, response: Response, exchange: Exchange) -> None:
        """Go on with the read after the answer to our question."""
        super()._end(payload, response, exchange)
        if exchange is self._question and response.done:
            self._question = None
            if response.failed:
                self.away = False
            else:
                self._go()

    def take_answer(self, read: Read, parts: Sequence[AnswerPart]) -> None:
        """Take the next packets of the answer; nothing at all if the snapshot was lost."""
        self.hear(lambda _: self._answer(read, parts), b"")

    def _answer(self, read: Read, parts: Sequence[AnswerPart]) -> None:
        if read is not self._read:
            return
        if self._passed and not parts:
            raise ProtocolError("the snapshot was lost in the middle of an answer")
        if not (self._passed or _is_answer(parts)):
            self._let_go()
            self._answer_now()
        else:
            self._pass_on(read, parts)
        self._advance()

    def _pass_on(self, read: Read, parts: Sequence[AnswerPart]) -> None:
        """Let the client have a part of its answer."""
        deprecates = bool(self._login.capabilities & Capability.DEPRECATE_EOF)
        self._passed = True
        for payload, part in parts:
            if part is Part.END:
                self._finish_read(payload, read, deprecates=deprecates)
            elif not (deprecates and part is Part.PLAIN):
                self.answers.tell(payload)

    def _finish_read(self, payload: bytes, read: Read, *, deprecates: bool) -> None:
        """Take the end of the answer."""
        error = parse_error(payload).code if payload[0] == ERR else 0
        self._read, self.away = None, False
        if error:
            self._witness.answered(error, self._server.status)
            self.answers.tell(worded(payload, self._host.read_only_error))
            return
        self._hold(read)
        status = self._status(ending(payload)[0])
        self._witness.answered(0, status)
        self.answers.tell(_ended(payload, status, deprecates=deprecates))

    def _hold(self, read: Read) -> None:
        """Keep what a transaction reads from, if it may read only once."""
        past = read.snapshot
        self._after = past.since if past is not None else self._after
        if self._past is None and past is not None and self._in_transaction and self._repeats:
            self._past = past
            past.holders += 1

    @property
    def _repeats(self) -> bool:
        """Tell whether all reads of a transaction see the same."""
        state = self._state or {}
        level = next((state[name] for name in ISOLATION if name in state), None)
        return level not in (b"READ-COMMITTED", b"READ-UNCOMMITTED")

    def _status(self, told: int) -> int:
        """Return the status flags of the client's session after a snapshot has told its own."""
        own = self._server.status & (IN_TRANS | STATUS_AUTOCOMMIT)
        if not own & STATUS_AUTOCOMMIT:
            own |= IN_TRANS
        return told & ~(IN_TRANS | STATUS_AUTOCOMMIT) | own

    def _let_go(self) -> None:
        if self._past is not None:
            self._past.holders -= 1
            self._past = None

    def _drop_read(self) -> None:
        if self._read is not None:
            self._read.dropped, self._read = True, None
