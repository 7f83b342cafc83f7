"""A server for snapshots that answers when it is told to."""

from server_talk import greeting

from pytest_rdsfailover.local.gateway.lag.snapshot import Snapshot
from pytest_rdsfailover.mysql.auth import ClientIdentity
from pytest_rdsfailover.mysql.packets import PacketReader, eof_packet, frame, ok_packet
from pytest_rdsfailover.mysql.results import encode_row

NAMES = (b"sql_mode",)
GREETING = greeting()
IN_TRANS = 0x2001
STATE = [b"\x02", b"column", b"column", eof_packet(2), encode_row([b"app", b"ANSI"]), eof_packet(2)]
NO_ROWS = [b"\x01", b"column", eof_packet(IN_TRANS), eof_packet(IN_TRANS)]


class SnapshotServer:
    """What a snapshot is connected to.

    Attributes:
        asked: the texts that it is still to answer.
        numbers: those of all packets that came.
        snapshot: whose server it is.
        ended: the snapshot has logged out.
    """

    def __init__(self, ready, clock):
        self.asked, self.numbers, self.ended = [], [], False
        self._packets = PacketReader()
        who = ClientIdentity(user=b"app", password=b"s3cret")
        self.snapshot = Snapshot(who, NAMES, self, ready, clock)
        self._say(GREETING, 0)
        self.asked.clear()
        self._say(ok_packet(2), 2)

    def write(self, data):
        packets = self._packets.feed(bytes(data))
        self.asked += [packet.payload[1:] for packet in packets]
        self.numbers += [packet.sequence for packet in packets]
        data.clear()

    def end(self):
        self.ended = True
        self.snapshot.lost()

    def answer(self, *payloads):
        """Answer the next text, with a result or with OK."""
        text = self.asked.pop(0)
        for number, payload in enumerate(payloads or [ok_packet(IN_TRANS)], 1):
            self._say(payload, number)
        return text

    def begin(self):
        """Answer until there is nothing to answer, which makes the snapshot."""
        answered = []
        while self.asked:
            own = self.asked[0].startswith(b"SELECT DATABASE()")
            answered.append(self.answer(*STATE if own else ()))
        return answered

    def _say(self, payload, sequence):
        self.snapshot.from_server(frame(payload, sequence))


class Reader:
    """Who reads: keeps what it gets."""

    def __init__(self):
        self.answers = []

    def take_answer(self, _, parts):
        self.answers.append([part.payload for part in parts])
