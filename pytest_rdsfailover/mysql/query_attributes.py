"""Query attributes: values beside a statement that a client with CLIENT_QUERY_ATTRIBUTES sends. No I/O.

They stand before the text of a COM_QUERY, and behind the parameters of a COM_STMT_EXECUTE.
"""

from collections.abc import Collection
from typing import NamedTuple

from pytest_rdsfailover.mysql.packets import (
    ProtocolError,
    ServerFault,
    read_lenenc,
    read_string,
)
from pytest_rdsfailover.mysql.responses import ANEW, STATEMENT_ID, Command

MALFORMED = ServerFault(1835, "HY000", "Malformed communication packet.")
TOO_FEW = ServerFault(1210, "HY000", "Incorrect arguments to COM_STMT_EXECUTE")
NONE = b"\0\1"  # before a text: no attribute, in one set
EXECUTE_HEAD = 10  # command, number of the statement, flags, number of iterations
FLAGS, COUNTED = 5, 0x08  # where the flags stand; the number of parameters is told, even of none
# Values: as many as a prepared statement can have. To read millions would keep others waiting.
MOST = 0xFFFF
TYPE = 2  # bytes of a type; the second tells only whether it is unsigned
# How long values are by their type, if they are all of one length.
SIZES = {1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 8: 8, 9: 4, 13: 2}
TEMPORAL = frozenset({7, 10, 11, 12})  # their values begin with their length in one byte


class AttributesError(Exception):
    """A client's command cannot be read with its attributes.

    Attributes:
        fault: what a server answers.
    """

    def __init__(self, fault: ServerFault) -> None:
        super().__init__(fault.text)
        self.fault = fault


class Types(NamedTuple):
    """The types of parameters and attributes, as they stand in a message.

    Attributes:
        all: one after the other, without names.
        end: where they end.
    """

    all: bytes
    end: int


def text_start(message: bytes) -> int:
    """Return where the text of a COM_QUERY begins.

    Raises:
        ProtocolError: if its attributes are broken.
    """
    count, at = _count(message, 1)
    sets, at = read_lenenc(message, at)
    if sets != 1:
        raise ProtocolError("attributes come in one set")
    if not count:
        return at
    nulls, at = _nulls(message, at, count)
    if not message[at - 1]:
        raise ProtocolError("attributes without types")
    types = _types(message, at, count)
    return _values_end(message, types, nulls)


def execution(message: bytes, own: int, long: Collection[int] = ()) -> bytes:
    """Return a COM_STMT_EXECUTE as a client without attributes sends it.

    Args:
        message: what the client sent.
        own: how many parameters the statement has.
        long: which of them have been sent before, as long data.

    Raises:
        ProtocolError: if it is broken.
        AttributesError: if it has too few parameters.
    """
    if len(message) < EXECUTE_HEAD:
        raise ProtocolError("an execution without a head")
    flags = message[FLAGS]
    head = message[:FLAGS] + bytes((flags & ~COUNTED,)) + message[FLAGS + 1 : EXECUTE_HEAD]
    if not (own or flags & COUNTED):
        return head
    count, at = _count(message, EXECUTE_HEAD)
    if count < own:
        raise AttributesError(TOO_FEW)
    if not count:
        return head
    nulls, at = _nulls(message, at, count)
    typed = message[at - 1]
    if not typed and count > own:
        raise ProtocolError("attributes without types")
    types = _types(message, at, count) if typed else Types(b"", at)
    end = len(message)
    if count > own:
        whole, types = types, Types(types.all[: TYPE * own], types.end)
        end = _values_end(message, types, nulls, long)
        _values_end(message, whole._replace(end=end), nulls, range(own))
    if not own:
        return head
    bits = int.from_bytes(nulls, "little") & (1 << own) - 1
    kept = bits.to_bytes((own + 7) // 8, "little")
    return head + kept + bytes((typed,)) + types.all + message[types.end : end]


def _count(message: bytes, at: int) -> tuple[int, int]:
    """Read how many values there are, and where that ends."""
    count, at = read_lenenc(message, at)
    if count > MOST:
        raise ProtocolError("more values than a statement can have")
    return count, at


def _nulls(message: bytes, at: int, count: int) -> tuple[bytes, int]:
    """Return a bit for each value, set for NULL, and where types begin, behind the byte that announces them."""
    end = at + (count + 7) // 8
    if end >= len(message):
        raise ProtocolError("there are less values than announced")
    return message[at:end], end + 1


def _types(message: bytes, at: int, count: int) -> Types:
    """Read types, each of which has a name."""
    end = at + (TYPE + 1) * count
    nameless = message[at:end]
    if len(nameless) == end - at and not any(nameless[TYPE :: TYPE + 1]):  # as parameters are
        types = bytearray(nameless)
        del types[TYPE :: TYPE + 1]
        return Types(bytes(types), end)
    types = bytearray()
    for _ in range(count):
        types += message[at : at + TYPE]
        _, at = read_string(message, at + TYPE)
    return Types(bytes(types), at)


def _values_end(message: bytes, types: Types, nulls: bytes, elsewhere: Collection[int] = ()) -> int:
    """Return where values end; those that are *elsewhere* do not stand behind the types."""
    at = types.end
    for number, kind in enumerate(types.all[::TYPE]):
        if not (nulls[number // 8] >> number % 8 & 1 or number in elsewhere):
            at = _value_end(message, at, kind)
    return at


def _value_end(message: bytes, at: int, kind: int) -> int:
    """Return where a value ends; servers take a text that is cut off as far as it goes."""
    if kind in SIZES:
        end = at + SIZES[kind]
    elif kind in TEMPORAL:
        end = at + 1 + int.from_bytes(message[at : at + 1], "little")
    else:
        length, start = read_lenenc(message, at)
        return min(start + length, len(message))
    if end > len(message):
        raise ProtocolError("a value is cut off")
    return end


class AttributesReader:
    """Takes the attributes out of one client's commands, and puts them back for a server that takes them.

    Args:
        passes: the server takes them.
    """

    __slots__ = ("_before", "_long", "_parameters", "_passes", "_whole")

    def __init__(self, *, passes: bool) -> None:
        self._passes = passes
        self._before, self._whole = NONE, b""
        self._parameters: dict[bytes, int] = {}  # how many each prepared statement has
        self._long: dict[bytes, set[int]] = {}  # which of them were sent as long data

    def without(self, message: bytes) -> bytes:
        """Return a client's command as a client without attributes sends it.

        Raises:
            AttributesError: if it cannot be read.
        """
        try:
            if message[0] == Command.QUERY:
                return self._text(message)
            if message[0] == Command.STMT_EXECUTE:
                return self._execution(message)
        except ProtocolError:
            raise AttributesError(MALFORMED) from None
        self._follow(message)
        return message

    def restored(self, message: bytes) -> bytes:
        """Return the latest command, or what it has become, as the server is to get it."""
        if not self._passes:
            return message
        if message[0] == Command.QUERY:
            return message[:1] + self._before + message[1:]
        return self._whole if message[0] == Command.STMT_EXECUTE else message

    def own(self, message: bytes) -> bytes:
        """Return a command that is not the client's as the server is to get it."""
        if self._passes and message[0] == Command.QUERY:
            return message[:1] + NONE + message[1:]
        return message

    def prepared(self, answer: bytes) -> None:
        """Learn how many parameters a statement has by the answer to its preparation."""
        self._parameters[answer[STATEMENT_ID]] = int.from_bytes(answer[7:9], "little")

    def _text(self, message: bytes) -> bytes:
        if message[1:3] == NONE:  # the usual case
            self._before = NONE
            return message[:1] + message[3:]
        start = text_start(message)
        self._before = message[1:start]
        return message[:1] + message[start:]

    def _execution(self, message: bytes) -> bytes:
        number = message[STATEMENT_ID]
        own, long = self._parameters.get(number), self._long.get(number, ())
        self._whole = message if self._passes else b""
        if own is None:
            return message  # there is no such statement, as the server says
        plain = execution(message, own, long)
        self._long.pop(number, None)
        return plain

    def _follow(self, message: bytes) -> None:
        """Follow what becomes of prepared statements."""
        command, number = message[0], message[STATEMENT_ID]
        if command == Command.STMT_SEND_LONG_DATA:
            self._long.setdefault(number, set()).add(int.from_bytes(message[5:7], "little"))
        elif command in (Command.STMT_RESET, Command.STMT_CLOSE):
            self._long.pop(number, None)
            if command == Command.STMT_CLOSE:
                self._parameters.pop(number, None)
        elif command in ANEW:
            self._parameters.clear()
            self._long.clear()
