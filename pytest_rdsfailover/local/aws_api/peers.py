"""Who is at the other end of a socket of this machine. Linux only."""

import socket
import struct
from typing import NamedTuple

ABSTRACT = "\0"  # how a name begins that is in no directory, and gone with the process that listens
CREDENTIALS = struct.Struct("3i")


class Peer(NamedTuple):
    """A process as it was when it connected, or began to listen."""

    process: int
    user: int
    group: int


def peer(connection: socket.socket) -> Peer:
    """Return who is at the other end."""
    size = CREDENTIALS.size
    return Peer._make(
        CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    )
