import contextlib
import ssl

import pytest

from pytest_rdsfailover.local.gateway.tls import Authority, PasswordKey, encrypt_for
from pytest_rdsfailover.mysql.packets import ProtocolError
from pytest_rdsfailover.mysql.tls import TlsServer


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"), ["*.cluster-abc.eu-west-1.rds.amazonaws.com"])


class Client:
    """A TLS client without a socket."""

    def __init__(self, material, host="127.0.0.4", version=None):
        context = ssl.create_default_context(cafile=material.ca)
        context.maximum_version = version or context.maximum_version
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default of later Pythons
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)

    def shake(self, server, size=1 << 20):
        for _ in range(20):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            else:
                self.pass_on(server, size)
                return
            self.pass_on(server, size)

    def pass_on(self, server, size=1 << 20):
        data = self.outgoing.read()
        heard = b"".join(server.feed(data[at : at + size]) for at in range(0, len(data), size))
        self.incoming.write(bytes(server.outgoing))
        server.outgoing.clear()
        return heard


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_both_sides_understand_each_other_whatever_the_chunks(material, size):
    server, client = TlsServer(material.context), Client(material)

    client.shake(server, size)
    client.tls.write(b"hello")
    heard = client.pass_on(server, size)
    server.encrypt(b"world" * 100_000)
    client.incoming.write(bytes(server.outgoing))
    got = b""
    while len(got) < 500_000:
        got += client.tls.read(1 << 20)

    assert server.established
    assert heard == b"hello"
    assert got == b"world" * 100_000


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.26", "localhost", "db.cluster-abc.eu-west-1.rds.amazonaws.com"]
)
def test_the_certificate_is_good_for_every_address_of_a_cluster(material, host):
    server = TlsServer(material.context)

    Client(material, host).shake(server)

    assert server.established


def test_the_certificate_is_not_good_for_another_host(material):
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        Client(material, "example.com").shake(TlsServer(material.context))


def test_another_sessions_authority_is_not_trusted(material, tmp_path):
    other = Authority(tmp_path)

    with pytest.raises(
        ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed|signature"
    ):
        Client(other).shake(TlsServer(material.context))


def test_what_was_agreed_on_is_known_after_the_handshake_and_nothing_before(material):
    server, client = TlsServer(material.context), Client(material)
    assert (server.established, server.version, server.cipher) == (False, "", "")

    client.shake(server)

    assert (server.version, server.cipher) == (client.tls.version(), client.tls.cipher()[0])
    assert server.version.startswith("TLSv1.")


def test_what_is_no_tls_ends_the_session_only(material):
    server = TlsServer(material.context)

    with pytest.raises(ProtocolError, match="TLS failed"):
        server.feed(b"GET / HTTP/1.1\r\n\r\n" * 10)


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def ended(client):
    """Return a client's close_notify, as it travels."""
    with pytest.raises(ssl.SSLWantReadError):  # it waits for ours
        client.tls.unwrap()
    return client.outgoing.read()


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_ends_tls_is_heard_to_its_last_word_and_answered(material, version, size):
    server, client = TlsServer(material.context), Client(material, version=version)
    client.shake(server)
    client.tls.write(b"COM_QUIT")
    data = client.outgoing.read() + ended(client) + b"what comes behind it" * 1000

    heard = b"".join(server.feed(data[at : at + size]) for at in range(0, len(data), size))
    kept = server._incoming.pending
    server.feed(b"and later")
    server.end()
    client.incoming.write(bytes(server.outgoing))

    assert (heard, server.ended) == (b"COM_QUIT", True)
    assert server._incoming.pending == kept
    client.tls.unwrap()  # our close_notify has come, and nothing before it
    with pytest.raises(ProtocolError):
        server.encrypt(b"nothing may follow a close_notify")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_has_ended_tls_may_still_be_told_something(material, version):
    server, client = TlsServer(material.context), Client(material, version=version)
    client.shake(server)
    assert server.feed(ended(client)) == b""

    server.encrypt(b"late")
    server.end()
    client.incoming.write(bytes(server.outgoing))

    assert client.tls.read() == b"late"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("steps", range(4))
def test_the_end_of_tls_in_the_middle_of_the_handshake_is_one(material, version, steps):
    server, client = TlsServer(material.context), Client(material, version=version)
    for _ in range(steps):
        with contextlib.suppress(ssl.SSLWantReadError):
            client.tls.do_handshake()
        client.pass_on(server)

    with contextlib.suppress(ProtocolError):
        server.feed(b"\x15\x03\x03\0\2\1\0")  # a close_notify in plain text
        assert server.ended

    server.end()


def test_nothing_is_sent_in_plain_text_before_the_handshake(material):
    with pytest.raises(ProtocolError, match="before the TLS handshake"):
        TlsServer(material.context).encrypt(b"secret")


def test_only_its_owner_may_read_the_servers_key(material):
    assert material.server.stat().st_mode & 0o077 == 0


def test_a_password_can_be_sent_encrypted():
    key = PasswordKey()

    assert key.decrypt(encrypt_for(key.public(), b"pass\0")) == b"pass\0"
    assert key.decrypt(b"x" * 256) is None
    assert PasswordKey().decrypt(encrypt_for(key.public(), b"pass\0")) is None
