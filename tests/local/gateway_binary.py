"""A small MySQL client in the binary protocol, made of the package's own codec."""

import struct

from pytest_rdsfailover.mysql.packets import (
    STATUS_CURSOR_EXISTS,
    ServerFault,
    encode,
    parse_error,
    read_string,
)
from pytest_rdsfailover.mysql.responses import Command, Part, Response


class RefusedError(Exception):
    def __init__(self, fault: ServerFault) -> None:
        super().__init__(fault.code, fault.text)
        self.fault = fault


class Binary:
    """Borrows the socket of a PyMySQL connection that has logged in."""

    def __init__(self, connection) -> None:
        self.sock, self.reader = connection._sock, connection._rfile
        self.status = 0

    def ask(self, command: Command, body: bytes = b"") -> list[tuple[Part, bytes]]:
        self.sock.sendall(encode(bytes((command,)) + body))
        response, answer, number = Response(command, deprecate_eof=False), [], 1
        while not response.done:
            head = self.reader.read(4)
            assert head[3] == number, f"packet {head[3]} instead of {number}"
            number = (number + 1) & 0xFF
            payload = self.reader.read(int.from_bytes(head[:3], "little"))
            answer.append((response.feed(payload), payload))
        if response.failed:
            raise RefusedError(parse_error(answer[-1][1]))
        self.status = response.status if response.status is not None else self.status
        return answer

    def prepare(self, sql: str) -> bytes:
        return self.ask(Command.STMT_PREPARE, sql.encode())[0][1][1:5]

    def execute(self, statement: bytes, *, cursor: bool = False) -> list[tuple[Part, bytes]]:
        return self.ask(Command.STMT_EXECUTE, statement + bytes((cursor,)) + struct.pack("<I", 1))

    def fetch(self, statement: bytes, rows: int) -> int:
        answer = self.ask(Command.STMT_FETCH, statement + struct.pack("<I", rows))
        return sum(part is Part.ROW for part, _ in answer)

    def run(self, sql: str) -> list[tuple[Part, bytes]]:
        return self.execute(self.prepare(sql))

    def has_cursor(self) -> bool:
        return bool(self.status & STATUS_CURSOR_EXISTS)


def names(answer: list[tuple[Part, bytes]]) -> list[bytes]:
    found = []
    for part, payload in answer:
        if part is Part.COLUMN:
            at = 0
            for _ in range(4):
                _, at = read_string(payload, at)
            found.append(read_string(payload, at)[0])
    return found
