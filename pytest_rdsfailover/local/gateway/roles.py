"""What becomes of a client's command on a writer and on a reader. No I/O, no session state."""

import enum
from itertools import pairwise
from typing import NamedTuple

from pytest_rdsfailover.local.gateway.write_forwarding import Forwarding
from pytest_rdsfailover.mysql.packets import ServerFault, error_packet, parse_error
from pytest_rdsfailover.mysql.responses import Command
from pytest_rdsfailover.mysql.statements import Statement, is_compound, references

READ_ONLY_TRANSACTION = 1792
READ_ONLY = {
    1290: "The MySQL server is running with the --read-only option so it cannot execute this"
    " statement",
    1836: "Running in read-only mode",
}
PROTECT = b"SET SESSION TRANSACTION READ ONLY"
RELEASE = b"SET SESSION TRANSACTION READ WRITE"
# Commands that cannot write, that reset the session, or that only continue an earlier command.
HARMLESS = frozenset({
    Command.INIT_DB, Command.FIELD_LIST, Command.STATISTICS, Command.PING, Command.CHANGE_USER,
    Command.STMT_RESET, Command.SET_OPTION, Command.STMT_FETCH, Command.RESET_CONNECTION,
})  # fmt: skip
MAINTENANCE = frozenset({b"ANALYZE", b"OPTIMIZE", b"REPAIR"})
READ_ONLY_SWITCHES = frozenset({b"TRANSACTION_READ_ONLY", b"TX_READ_ONLY"})
# A kill ends these functions, not the statement: of an INSERT's last row servers make the most, and commit.
WAITING = frozenset({
    b"SLEEP", b"GET_LOCK", b"BENCHMARK", b"MASTER_POS_WAIT", b"SOURCE_POS_WAIT", b"MASTER_GTID_WAIT",
    b"WAIT_FOR_EXECUTED_GTID_SET",
})  # fmt: skip
DIAGNOSTICS = frozenset({b"FOUND_ROWS", b"ROW_COUNT", b"LAST_INSERT_ID", b"CONNECTION_ID"})


def refusal(code: int) -> ServerFault:
    """Return what a reader says to a write."""
    return ServerFault(code, "HY000", READ_ONLY[code])


def refused(code: int) -> bytes:
    """Return the packet that says so."""
    return error_packet(refusal(code))


def worded(payload: bytes, code: int) -> bytes:
    """Return an error of the server as a reader words it, which answers *code* to a write."""
    return refused(code) if parse_error(payload).code == READ_ONLY_TRANSACTION else payload


class Treatment(enum.Enum):
    """How a reader's session handles one statement."""

    GUARDED = enum.auto()  # the session is made read-only first, the server decides
    QUIET = enum.auto()  # cannot write, and may ask about the statement before it: sent alone
    LIFTED = enum.auto()  # allowed on a reader though the server would refuse it
    REFUSED = enum.auto()  # refused by us, because the server would not


def treatment(statement: Statement) -> Treatment:
    """Return how a reader handles a statement."""
    words = statement.words
    first = words[0] if words else b""
    if _maintains(words) or _switches(statement):
        return Treatment.REFUSED
    if first in (b"CREATE", b"DROP") and _temporary(words):
        return Treatment.LIFTED
    if first in (b"SHOW", b"COMMIT", b"ROLLBACK") or words[:2] == (b"GET", b"DIAGNOSTICS"):
        return Treatment.QUIET
    if first == b"XA" and words[1:2] not in ((b"START",), (b"BEGIN",)):
        return Treatment.QUIET
    return Treatment.QUIET if first == b"SELECT" and _diagnoses(statement) else Treatment.GUARDED


def _maintains(words: tuple[bytes, ...]) -> bool:
    """Tell whether a statement maintains tables; MariaDB's ANALYZE SELECT only explains."""
    if words[:1] == (b"ANALYZE",):
        return b"TABLE" in words[1:3] or b"TABLES" in words[1:3]
    return next(iter(words), b"") in MAINTENANCE


def _temporary(words: tuple[bytes, ...]) -> bool:
    """Tell whether a CREATE or DROP is about a temporary table, and nothing else."""
    if words[:3] == (b"CREATE", b"OR", b"REPLACE"):
        return words[3:5] == (b"TEMPORARY", b"TABLE")
    return words[1:3] in ((b"TEMPORARY", b"TABLE"), (b"TEMPORARY", b"TABLES"))


def _switches(statement: Statement) -> bool:
    """Tell whether a statement makes its session read-write and goes on with another statement.

    MariaDB's SET STATEMENT ... FOR and its compound statements can. The statement behind the switch
    runs before the gateway can make the session read-only again.
    """
    words = statement.words
    if words[:2] != (b"SET", b"STATEMENT") and (
        words[:1] in ((b"CREATE",), (b"ALTER",)) or not is_compound(words, statement.all_words)
    ):
        return False
    run = [token.name.upper() for token in statement.tokens]
    pairs = pairwise(run)
    return bool(READ_ONLY_SWITCHES & set(run)) or (b"READ", b"WRITE") in pairs


def commits_though_killed(statement: Statement) -> bool:
    """Tell whether a server that kills a session may yet commit this statement of it."""
    if statement.words[:1] not in ((b"INSERT",), (b"REPLACE",)):
        return False
    return any(
        token.name.upper() in WAITING and after.text == b"("
        for token, after in pairwise(statement.tokens)
    )


def _diagnoses(statement: Statement) -> bool:
    """Tell whether a SELECT only asks about the statement before it, so that it cannot write."""
    run = statement.tokens
    calls = {before.word for before, token in pairwise(run) if token.text == b"("}
    named = {token.word for token in run}
    asks = bool(named & DIAGNOSTICS) or any(
        reference.name in (b"warning_count", b"error_count") for reference in references(statement)
    )
    return asks and calls <= DIAGNOSTICS and b"FROM" not in named


class Exchange(NamedTuple):
    """One command to the server, and what the client is to see of the answer.

    Attributes:
        payload: the command.
        hidden: the client sees nothing of it.
        more: another visible answer follows, so the client is told to expect one.
        topology: it asks for the cluster's topology.
        lift: the session must be allowed to write for it.
        lifted: the session has been.
        withheld: it must not commit by itself.
        forwarding: what becomes of it in a session that has its writes forwarded.
        refuse: it is not sent; this is its answer.
    """

    payload: bytes
    hidden: bool = False
    more: bool = False
    topology: bool = False
    lift: bool = False
    lifted: bool = False
    withheld: bool = False
    forwarding: Forwarding = Forwarding.FORWARDED
    refuse: ServerFault | None = None


def hidden(sql: bytes) -> Exchange:
    """Return an exchange of our own."""
    return Exchange(payload=bytes((Command.QUERY,)) + sql, hidden=True)
