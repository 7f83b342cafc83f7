"""Framing: bytes to packets and back, and the small packets every part needs."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

HEADER = 4
MAX_PAYLOAD = 0xFFFFFF  # a packet of this length is continued by the next one
MOST_PARTS = 65  # packets of 1 GB, which is the most that max_allowed_packet can be
_header = struct.Struct("<I")  # three bytes of length, one of sequence number
_head = _header.unpack_from
_two_numbers = struct.Struct("<HH").unpack_from

OK, EOF, ERR = 0x00, 0xFE, 0xFF
LOCAL_INFILE = 0xFB

STATUS_IN_TRANS = 0x0001
STATUS_AUTOCOMMIT = 0x0002
STATUS_MORE_RESULTS = 0x0008
STATUS_CURSOR_EXISTS = 0x0040
STATUS_NO_BACKSLASH_ESCAPES = 0x0200
STATUS_IN_TRANS_READONLY = 0x2000
IN_TRANS = STATUS_IN_TRANS | STATUS_IN_TRANS_READONLY
STATUS_OF_SESSION = IN_TRANS | STATUS_AUTOCOMMIT


class ProtocolError(Exception):
    """A peer sent what MySQL's protocol does not allow at this point; only its session ends."""


class Packet(NamedTuple):
    """One packet as it travels: at most 16 MB, perhaps a part of a longer message.

    Attributes:
        sequence: its number, 0 to 255.
        payload: what it carries.
    """

    sequence: int
    payload: bytes


class PacketReader:
    """Cuts a byte stream into packets; takes any chunks, one byte at a time if it must be."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Return how many received bytes wait for the rest of their packet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Packet]:
        """Take received bytes; return the packets they complete, in order."""
        return self.split(self.joined(data))

    def joined(self, data: bytes) -> bytes:
        """Take received bytes; return all that wait as soon as the first packet is whole.

        Before that nothing is returned. The caller gives back to `split` what it does not use.
        """
        buffer = self._buffer
        if not buffer:
            return data
        buffer += data
        if len(buffer) < HEADER or len(buffer) < HEADER + (_head(buffer)[0] & MAX_PAYLOAD):
            return b""  # a long packet comes in many parts: it is copied once
        data = bytes(buffer)
        buffer.clear()
        return data

    def split(self, data: bytes) -> list[Packet]:
        """Return the packets in bytes that were `joined`, and keep what is no whole one."""
        packets, start = cut(data)
        if start < len(data):
            self._buffer += data[start:]
        return packets


def cut(data: bytes) -> tuple[list[Packet], int]:
    """Return the whole packets that some bytes begin with, and where the rest begins."""
    packets, start, end = [], 0, len(data)
    while end - start >= HEADER:
        (head,) = _head(data, start)
        stop = start + HEADER + (head & MAX_PAYLOAD)
        if stop > end:
            break
        packets.append(Packet(head >> 24, data[start + HEADER : stop]))
        start = stop
    return packets, start


def end_of(data: bytes, start: int) -> int:
    """Return where the packet that begins at *start* ends; 0 if it is not whole or goes on."""
    if start + HEADER >= len(data):
        return 0
    length = _head(data, start)[0] & MAX_PAYLOAD
    end = start + HEADER + length
    return end if end <= len(data) and 0 < length < MAX_PAYLOAD else 0


def renumbered(data: bytes, by: int) -> bytes:
    """Return whole packets with *by* added to the number of each."""
    if not by:
        return data
    return b"".join(frame(payload, sequence + by) for sequence, payload in cut(data)[0])


class MessageReader:
    """Joins packets into messages, which may be longer than one packet."""

    __slots__ = ("_first", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._first = 0

    def add(self, packet: Packet) -> Packet | None:
        """Take the next packet; return the whole message once its last packet has come.

        The message has the number of its first packet.

        Raises:
            ProtocolError: if it is longer than any server takes (1 GB).
        """
        if not self._parts and len(packet.payload) < MAX_PAYLOAD:
            return packet
        if not self._parts:
            self._first = packet.sequence
        if len(self._parts) == MOST_PARTS:
            raise ProtocolError("no server takes a message of more than 1 GB")
        self._parts.append(packet.payload)
        if len(packet.payload) == MAX_PAYLOAD:
            return None
        message = Packet(self._first, b"".join(self._parts))
        self._parts = []
        return message


def frame(payload: bytes, sequence: int) -> bytes:
    """Return one packet's bytes, from a payload of at most 16 MB."""
    return _header.pack(len(payload) | (sequence & 0xFF) << 24) + payload


def encode(payload: bytes, sequence: int = 0) -> bytes:
    """Return a message's bytes, in as many packets as it needs, numbered from *sequence*."""
    if len(payload) < MAX_PAYLOAD:
        return frame(payload, sequence)
    # A message of exactly n * MAX_PAYLOAD bytes ends with an empty packet.
    starts = range(0, len(payload) + 1, MAX_PAYLOAD)
    return b"".join(
        frame(payload[start : start + MAX_PAYLOAD], sequence + n) for n, start in enumerate(starts)
    )


def packets_of(payload: bytes) -> int:
    """Return how many packets a message takes, which is also the number of the answer's first."""
    return len(payload) // MAX_PAYLOAD + 1


def lenenc(number: int) -> bytes:
    """Return a length-encoded integer."""
    for limit, prefix, size in ((0xFFFF, b"\xfc", 2), (0xFFFFFF, b"\xfd", 3)):
        if number <= 0xFA:  # noqa: PLR2004 - the largest number that is its own encoding
            return bytes((number,))
        if number <= limit:
            return prefix + number.to_bytes(size, "little")
    return b"\xfe" + number.to_bytes(8, "little")


def lenenc_string(value: bytes) -> bytes:
    """Return a length-encoded string."""
    return lenenc(len(value)) + value


def read_lenenc(data: bytes, start: int) -> tuple[int, int]:
    """Return a length-encoded integer and where it ends.

    Raises:
        ProtocolError: if there is none at *start*.
    """
    if start >= len(data):
        raise ProtocolError("a length-encoded integer is missing")
    first = data[start]
    if first <= 0xFA:  # noqa: PLR2004 - see lenenc
        return first, start + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first)
    if size is None or start + 1 + size > len(data):
        raise ProtocolError("a length-encoded integer is broken")
    return int.from_bytes(data[start + 1 : start + 1 + size], "little"), start + 1 + size


def read_string(data: bytes, start: int) -> tuple[bytes, int]:
    """Return a length-encoded string and where it ends.

    Raises:
        ProtocolError: if there is none at *start*.
    """
    length, start = read_lenenc(data, start)
    if start + length > len(data):
        raise ProtocolError("a length-encoded string is cut off")
    return data[start : start + length], start + length


@dataclass(frozen=True, slots=True)
class ServerFault:
    """An error of the server.

    Attributes:
        code: its number, as 1290.
        state: its five-character SQL state.
        text: its words.
    """

    code: int
    state: str
    text: str


def error_packet(fault: ServerFault) -> bytes:
    """Return the payload that tells a client of an error."""
    head = bytes((ERR,)) + fault.code.to_bytes(2, "little")
    return head + b"#" + fault.state.encode() + fault.text.encode()


def parse_error(payload: bytes) -> ServerFault:
    """Return the error in an ERR payload; one without SQL state counts as HY000.

    Raises:
        ProtocolError: if it is none.
    """
    if len(payload) < 3 or payload[0] != ERR:  # noqa: PLR2004 - header and code
        raise ProtocolError("not an error packet")
    code, rest = int.from_bytes(payload[1:3], "little"), payload[3:]
    state = "HY000"
    if rest[:1] == b"#":
        state, rest = rest[1:6].decode("ascii", "replace"), rest[6:]
    return ServerFault(code, state, rest.decode("utf-8", "replace"))


def ok_packet(status: int, *, affected: int = 0, insert_id: int = 0) -> bytes:
    """Return the payload of an OK answer without warnings."""
    counts = lenenc(affected) + lenenc(insert_id)
    return bytes((OK,)) + counts + status.to_bytes(2, "little") + b"\0\0"


def eof_packet(status: int) -> bytes:
    """Return the payload of an EOF answer without warnings."""
    return bytes((EOF,)) + b"\0\0" + status.to_bytes(2, "little")


def is_eof(payload: bytes) -> bool:
    """Tell whether a payload is the short EOF packet of before DEPRECATE_EOF."""
    return len(payload) == 5 and payload[0] == EOF  # noqa: PLR2004 - its only length


def status_offset(payload: bytes) -> int:
    """Return where an OK or EOF payload keeps its status flags.

    Raises:
        ProtocolError: if it is too short to have any.
    """
    if is_eof(payload):
        return 3
    _, start = read_lenenc(payload, 1)
    _, start = read_lenenc(payload, start)
    if start + 2 > len(payload):
        raise ProtocolError("an OK packet without status flags")
    return start


def status_of(payload: bytes) -> int:
    """Return the status flags of an OK or EOF payload."""
    return ending(payload)[0]


def ending(payload: bytes) -> tuple[int, int]:
    """Return the status flags of an OK or EOF payload, and how many warnings it counts."""
    if is_eof(payload):
        warnings, status = _two_numbers(payload, 1)
        return status, warnings
    start = status_offset(payload)
    status, warnings = payload[start : start + 2], payload[start + 2 : start + 4]
    return int.from_bytes(status, "little"), int.from_bytes(warnings, "little")


def with_status(payload: bytes, status: int) -> bytes:
    """Return an OK or EOF payload with other status flags."""
    start = status_offset(payload)
    return payload[:start] + status.to_bytes(2, "little") + payload[start + 2 :]


def as_of(payload: bytes, status: int) -> bytes:
    """Return the end of an answer with what *status* tells of transaction and autocommit."""
    if payload[0] == ERR:
        return payload
    kept = status_of(payload) & ~STATUS_OF_SESSION
    return with_status(payload, kept | status & STATUS_OF_SESSION)
