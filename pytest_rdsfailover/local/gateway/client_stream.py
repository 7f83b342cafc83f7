"""A client's bytes on their way to its session and back: in TLS, if the client asks for it. No I/O."""

import ssl

from pytest_rdsfailover.local.gateway.session import InstanceSession
from pytest_rdsfailover.mysql.handshake import RESPONSE_HEAD, is_tls_request
from pytest_rdsfailover.mysql.packets import HEADER, ProtocolError
from pytest_rdsfailover.mysql.tls import TlsServer


class ClientStream:
    """Decrypts what a client sends to its session, and encrypts what the session answers.

    Args:
        session: whose client it is.
        context: the server's side of TLS; None if the client was offered none.
    """

    def __init__(self, session: InstanceSession, context: ssl.SSLContext | None) -> None:
        self._session, self._context = session, context
        self._first: bytearray | None = bytearray()  # until the first packet is whole
        self._tls: TlsServer | None = None

    @property
    def handshake(self) -> bytearray:
        """Return what TLS itself has to say to the client; clear it once it is sent."""
        return bytearray() if self._tls is None else self._tls.outgoing

    @property
    def ended(self) -> bool:
        """Tell whether the client has ended TLS, so that it must be hung up on."""
        return self._tls is not None and self._tls.ended

    def end(self) -> None:
        """Answer the end of TLS with ours, in `handshake`."""
        if self._tls is not None:
            self._tls.end()

    def feed(self, data: bytes) -> None:
        """Take bytes that the client sent.

        Raises:
            ProtocolError: if no client may send them.
        """
        if self._first is not None:
            self._first += data
            if not self._decided(self._first):
                return
            data, self._first = bytes(self._first), None
            if data[:3] == RESPONSE_HEAD.to_bytes(3, "little"):
                data = self._begin(data)
        if self._tls is not None:
            data = self._tls.feed(data)
        if data:
            self._session.from_client(data)

    def _decided(self, first: bytearray) -> bool:
        """Tell whether enough has come to know if it asks for TLS."""
        length = int.from_bytes(first[:3], "little")
        return len(first) >= HEADER and (
            length != RESPONSE_HEAD or len(first) >= HEADER + RESPONSE_HEAD
        )

    def _begin(self, data: bytes) -> bytes:
        """Begin TLS if the first packet asks for it; return the bytes that are still to be read."""
        end = HEADER + RESPONSE_HEAD
        if not is_tls_request(data[HEADER:end]):
            return data
        if self._context is None or not self._session.encrypted():
            raise ProtocolError("the client wants TLS, which was not offered")
        self._tls = self._session.variables.tls = TlsServer(self._context)
        return data[end:]

    def sealed(self, plain: bytearray) -> bytearray:
        """Take the session's bytes for the client; return them as they travel.

        Raises:
            ProtocolError: if TLS has been ended.
        """
        if self._tls is None or not plain:
            return plain
        self._tls.encrypt(bytes(plain))
        plain.clear()
        return self._tls.outgoing
