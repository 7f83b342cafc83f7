"""What a server and a client say to each other around a session, packet by packet."""

from pytest_rdsfailover.mysql.handshake import RELAYED, Capability, Greeting, encode_greeting
from pytest_rdsfailover.mysql.packets import PacketReader, encode, frame, ok_packet

LOGIN = int(RELAYED & ~Capability.DEPRECATE_EOF).to_bytes(4, "little") + bytes(28) + b"app\0"


def greeting(version=b"8.0.42"):
    """Return the greeting of a server."""
    return encode_greeting(
        Greeting(
            version=version, thread_id=7, capabilities=Capability(0xFFFFFFFF), status=2, charset=45,
            scramble=b"12345678abcdefghijkl", plugin=b"mysql_native_password",
        )
    )  # fmt: skip


def logged_in(session, version=b"8.0.42"):
    """Take a session through its login, and return it with nothing in its buffers."""
    session.from_server(frame(greeting(version), 0))
    session.from_client(frame(LOGIN, 1))
    session.from_server(frame(ok_packet(2), 2))
    session.to_client.clear()
    session.to_server.clear()
    return session


def taken(buffer):
    """Return the payloads in a buffer, whose numbers must follow each other, and clear it."""
    packets = PacketReader().feed(bytes(buffer))
    buffer.clear()
    return [packet.payload for packet in packets]


def answer(session, *payloads):
    """Let the server send these packets."""
    for number, payload in enumerate(payloads, 1):
        session.from_server(frame(payload, number))


def ask(session, sql):
    """Let the client send a statement."""
    session.from_client(encode(b"\x03" + sql))
