"""The server's side of TLS as bytes in, bytes out: no sockets, so that it can start mid-stream."""

import ssl
from contextlib import suppress

from pytest_rdsfailover.mysql.packets import ProtocolError

CHUNK = 256 * 1024  # bytes taken out of OpenSSL at a time
SIP = 256  # bytes put into it at a time during the handshake; it never frees the room for them


class TlsServer:
    """Decrypts what a client sends and encrypts what it is to get.

    A client may send its first TLS bytes together with the packet that asks for TLS, so that a
    socket cannot simply be handed to asyncio's own TLS: what has been read already would be lost.

    Attributes:
        outgoing: encrypted bytes for the client; send and clear them after each call.
        ended: the client has said that it sends nothing more (close_notify); whoever owns the
            connection must hang up, and what comes behind it is dropped.
    """

    __slots__ = ("_handshaken", "_incoming", "_object", "_pending", "ended", "outgoing")

    def __init__(self, context: ssl.SSLContext) -> None:
        self.outgoing = bytearray()
        self.ended = False
        self._incoming, self._pending = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._pending, server_side=True)
        self._handshaken = False

    @property
    def established(self) -> bool:
        """Tell whether the handshake is over, so that both sides speak MySQL again."""
        return self._handshaken

    @property
    def version(self) -> str:
        """Return the version that was agreed on, as `TLSv1.3`; nothing before that."""
        return self._object.version() or "" if self._handshaken else ""

    @property
    def cipher(self) -> str:
        """Return the cipher that was agreed on, by OpenSSL's name; nothing before that."""
        agreed = self._object.cipher() if self._handshaken else None
        return agreed[0] if agreed else ""

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the client; return what they say in plain text.

        Raises:
            ProtocolError: if they are no TLS that we accept. What is in `outgoing` then tells the
                client so.
        """
        step = CHUNK if self._handshaken else SIP
        return b"".join(
            self._feed(data[start : start + step]) for start in range(0, len(data), step)
        )

    def _feed(self, data: bytes) -> bytes:
        if self.ended:
            return b""
        self._incoming.write(data)
        try:
            return self._read()
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLZeroReturnError:  # in the middle of the handshake
            self.ended = True
            return b""
        except ssl.SSLError as error:
            raise ProtocolError(f"TLS failed: {error.reason}") from error
        finally:
            self.outgoing += self._pending.read()

    def _read(self) -> bytes:
        if not self._handshaken:
            self._object.do_handshake()
            self._handshaken = True
        parts = []
        try:
            # After close_notify every read returns nothing, and none asks for more bytes.
            while part := self._object.read(CHUNK):
                parts.append(part)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        return b"".join(parts)

    def end(self) -> None:
        """Answer the client's close_notify with ours, into `outgoing`; nothing may follow it."""
        with suppress(ssl.SSLError):
            self._object.unwrap()
        self.outgoing += self._pending.read()

    def encrypt(self, data: bytes) -> None:
        """Put plain text for the client into `outgoing`, encrypted.

        Raises:
            ProtocolError: if the handshake is not over, or TLS has been ended.
        """
        if not self._handshaken:
            raise ProtocolError("nothing can be encrypted before the TLS handshake is over")
        try:
            self._object.write(data)
        except ssl.SSLError as error:
            raise ProtocolError(f"TLS failed: {error.reason}") from error
        self.outgoing += self._pending.read()
