import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.local.gateway.client_stream import ClientStream
from pytest_rdsfailover.local.gateway.instance import Instance
from pytest_rdsfailover.local.gateway.session import InstanceSession
from pytest_rdsfailover.local.gateway.tls import Authority
from pytest_rdsfailover.mysql.handshake import (
    RELAYED,
    Capability,
    Greeting,
    encode_greeting,
    parse_greeting,
)
from pytest_rdsfailover.mysql.packets import PacketReader, ProtocolError, frame, ok_packet

GREETING = frame(
    encode_greeting(
        Greeting(
            version=b"9.7.0", thread_id=7, capabilities=Capability(0xFFFFFFFF), status=2,
            charset=45, scramble=b"12345678abcdefghijkl", plugin=b"caching_sha2_password",
        )
    ),
    0,
)  # fmt: skip
PLAIN = (int(RELAYED)).to_bytes(4, "little") + bytes(28)
REQUEST = (int(RELAYED) | Capability.SSL).to_bytes(4, "little") + bytes(28)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"), ["db.example"])


@pytest.fixture(scope="module")
def context(material):
    return material.context


def greeted(context):
    session = InstanceSession(Instance(id="instance-1", writer=True), tls=context is not None)
    session.from_server(GREETING)
    return session, ClientStream(session, context)


class Client:
    """The client's side of TLS, in memory."""

    def __init__(self, material, name="db.example"):
        self.inside, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        trust = ssl.create_default_context(cafile=material.ca)
        self.tls = trust.wrap_bio(self.inside, self.out, server_hostname=name)

    def shake(self, stream, first=b"", size=1 << 20):
        """Shake hands through a stream, *size* bytes at a time."""
        data = first
        while True:
            try:
                self.tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            data += self.out.read()
            for at in range(0, len(data), size):
                stream.feed(data[at : at + size])
            data = b""
            self.inside.write(bytes(stream.handshake))
            stream.handshake.clear()
            if done:
                return

    def sealed(self, plain):
        self.tls.write(plain)
        return self.out.read()


def test_tls_is_offered_only_where_there_is_a_certificate(context):
    for given_context in (None, context):
        session, _ = greeted(given_context)
        (packet,) = PacketReader().feed(bytes(session.to_client))
        offered = parse_greeting(packet.payload).capabilities & Capability.SSL
        assert bool(offered) == (given_context is not None)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_the_server_sees_a_login_that_never_asked_for_tls(material, context, size):
    session, stream = greeted(context)
    session.to_client.clear()
    client = Client(material)
    client.shake(stream, frame(REQUEST, 1), size)
    stream.feed(client.sealed(frame(REQUEST + b"app\0", 2)))

    (login,) = PacketReader().feed(bytes(session.to_server))
    assert login.sequence == 1
    assert not int.from_bytes(login.payload[:4], "little") & Capability.SSL
    session.from_server(frame(ok_packet(2), 2))
    client.inside.write(bytes(stream.sealed(session.to_client)))
    (answer,) = PacketReader().feed(client.tls.read())
    assert answer.sequence == 3


def test_a_client_that_wants_no_tls_gets_none(context):
    session, stream = greeted(context)
    stream.feed(frame(PLAIN + b"app\0", 1)[:5])
    assert not session.to_server
    stream.feed(frame(PLAIN + b"app\0", 1)[5:])
    assert session.to_server
    assert stream.sealed(bytearray(b"plain")) == b"plain"


def test_tls_that_was_not_offered_ends_the_session():
    _, stream = greeted(None)
    with pytest.raises(ProtocolError):
        stream.feed(frame(REQUEST, 1))


def test_tls_before_the_greeting_ends_the_session(context):
    stream = ClientStream(InstanceSession(Instance(id="instance-1"), tls=True), context)
    with pytest.raises(ProtocolError):
        stream.feed(frame(REQUEST, 1))


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_end_the_session(noise):
    for prefix in (b"", frame(REQUEST, 1), frame(PLAIN + b"app\0", 1)):
        _, stream = greeted(CONTEXT[0])
        with contextlib.suppress(ProtocolError):
            stream.feed(prefix + noise)


CONTEXT: list[ssl.SSLContext] = []


@pytest.fixture(scope="module", autouse=True)
def _shared(context):
    CONTEXT.append(context)


def test_other_names_can_be_certified_later(material, context):
    material.certify(["other.example"])
    _, stream = greeted(context)
    Client(material, "other.example").shake(stream, frame(REQUEST, 1))
    _, stream = greeted(context)
    with pytest.raises((ssl.SSLCertVerificationError, ProtocolError)):
        Client(material).shake(stream, frame(REQUEST, 1))
