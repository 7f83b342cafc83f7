"""A certificate authority for one session, the servers' certificate, and the key for passwords."""

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

CA_FILE, SERVER_FILE = "ca.pem", "server.pem"
LIFE = dt.timedelta(days=30)  # longer than any session, too short to be trusted by mistake
MOST_INSTANCES = 16
# Endpoints of a local cluster listen on any of these, so the certificate names all of them.
LOOPBACKS = ("127.0.0.1", *(f"127.0.0.{n}" for n in (*range(2, 11), *range(11, 11 + MOST_INSTANCES))))  # fmt: skip
RSA_BITS = 2048


class Authority:
    """Signs the servers' certificate of one session.

    Args:
        directory: our own, mode 0700; both files are put there.
        names: as for `certify`.

    Attributes:
        ca: file of the authority's certificate, for clients to verify against.
        server: file of the servers' certificate and its key; only we may read it.
        context: the servers' TLS context.
    """

    def __init__(self, directory: Path, names: Sequence[str] = ()) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self.ca, self.server = directory / CA_FILE, directory / SERVER_FILE
        self._key, self._server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._certificate = _certificate("pytest-rdsfailover session CA", self._key, self._key)
        self.ca.write_bytes(_pem(self._certificate))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_NO_RENEGOTIATION  # older OpenSSLs permit it
        self.context.num_tickets = 0  # nobody resumes a session here, and tickets cost memory
        self.certify(names)

    def certify(self, names: Sequence[str]) -> None:
        """Let new connections see a certificate for these host names, wildcards among them.

        It is good for `localhost` and the loopback addresses of a local cluster, too.
        """
        server = _certificate(
            "pytest-rdsfailover", self._server_key, self._key, issuer=self._certificate, names=names
        )
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
        with os.fdopen(os.open(self.server, flags, 0o600), "wb") as file:
            file.write(_private_pem(self._server_key) + _pem(server))
        self.context.load_cert_chain(self.server)


def _certificate(
    name: str, key: Any, authority: Any, *, issuer: Any = None, names: Iterable[str] = ()
) -> Any:
    """Return a certificate for *key*: the authority's own, or a server's if there is an *issuer*."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder(
            issuer_name=subject if issuer is None else issuer.subject,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - dt.timedelta(days=1),  # clocks of containers differ
            not_valid_after=now + LIFE,
        )
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(_usage(signs=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        builder = builder.add_extension(known, critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(_names(names)), critical=False)
    return builder.sign(authority, hashes.SHA256())


def _usage(*, signs: bool) -> Any:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _names(names: Iterable[str]) -> list[Any]:
    from cryptography import x509

    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in LOOPBACKS]
    return [*(x509.DNSName(name) for name in ("localhost", *names)), *addresses]


def _pem(certificate: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    pem: bytes = certificate.public_bytes(Encoding.PEM)
    return pem


def _private_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem


class PasswordKey:
    """The RSA key that clients without TLS encrypt their password with; made when first needed."""

    @cached_property
    def _key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)

    def public(self) -> bytes:
        """Return the public key as PEM, as MySQL servers send it."""
        from cryptography.hazmat.primitives import serialization

        pem: bytes = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem

    def decrypt(self, data: bytes) -> bytes | None:
        """Return what a client encrypted; None if that is nothing of ours."""
        try:
            password: bytes = self._key.decrypt(data, _oaep())
        except ValueError:
            return None
        return password


def encrypt_for(public: bytes, data: bytes) -> bytes:
    """Return data that only the owner of a public key, given as PEM, can read.

    Raises:
        ValueError: if that is no RSA key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = serialization.load_pem_public_key(public)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the server's public key is no RSA key")  # noqa: TRY004 - a peer's fault
    return key.encrypt(data, _oaep())


def _oaep() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    # SHA-1 is what MySQL's protocol prescribes here.
    return padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303
