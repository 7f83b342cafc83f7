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

    def __init__(self, material, host="127.0.0.4"):
        context = ssl.create_default_context(cafile=material.ca)
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


def test_what_is_no_tls_ends_the_session_only(material):
    server = TlsServer(material.context)

    with pytest.raises(ProtocolError, match="TLS failed"):
        server.feed(b"GET / HTTP/1.1\r\n\r\n" * 10)


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
