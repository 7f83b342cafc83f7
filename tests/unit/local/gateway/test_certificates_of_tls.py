"""What the certificates of a session say, and who may read their keys."""

import datetime as dt
import ssl
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_rdsfailover.local.gateway.tls import (
    LIFE,
    RSA_BITS,
    Authority,
    PasswordKey,
    encrypt_for,
)

USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign",
)  # fmt: skip
# Which extensions of whose certificate a client must understand.
CRITICAL = {"basicConstraints": True, "keyUsage": True, "subjectKeyIdentifier": False}
SERVERS = {"authorityKeyIdentifier": False, "subjectAltName": False}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), ["db.test"])


def certificate(path):
    return x509.load_pem_x509_certificate(
        path.read_bytes()[path.read_bytes().index(b"-----BEGIN CERT") :]
    )


@pytest.mark.parametrize(
    ("file", "signs", "uses", "critical"),
    [("ca", True, {"key_cert_sign", "crl_sign"}, CRITICAL),
     ("server", False, {"digital_signature"}, CRITICAL | SERVERS)],
)  # fmt: skip
def test_an_authority_signs_certificates_and_a_server_its_answers(
    authority, file, signs, uses, critical
):
    found = certificate(getattr(authority, file))
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    constraints = found.extensions.get_extension_for_class(x509.BasicConstraints).value

    assert {use for use in USES if getattr(usage, use)} == uses
    assert (constraints.ca, constraints.path_length) == (signs, None)
    assert {one.oid._name: one.critical for one in found.extensions} == critical


def test_a_certificate_is_good_from_a_day_ago_and_for_no_longer_than_its_life(authority):
    now = dt.datetime.now(dt.UTC)
    for file in (authority.ca, authority.server):
        found = certificate(file)
        assert abs(now - found.not_valid_before_utc - dt.timedelta(days=1)) < dt.timedelta(hours=1)
        assert abs(found.not_valid_after_utc - now - LIFE) < dt.timedelta(hours=1)


def test_a_servers_certificate_is_the_authority_s_and_names_where_it_listens(authority):
    own, ca = certificate(authority.server), certificate(authority.ca)
    own.verify_directly_issued_by(ca)
    assert ca.issuer == ca.subject
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "db.test"]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert addresses == [f"127.0.0.{number}" for number in range(1, 27)]


def test_only_its_owner_may_read_a_key(authority):
    assert stat.S_IMODE(authority.server.stat().st_mode) == 0o600


def test_a_client_can_neither_renegotiate_nor_resume_nor_come_with_an_old_version(authority):
    context = authority.context
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert (context.num_tickets, context.minimum_version) == (0, ssl.TLSVersion.TLSv1_2)


def test_a_password_is_encrypted_for_the_owner_of_an_rsa_key_only():
    key = PasswordKey()
    assert serialization.load_pem_public_key(key.public()).key_size == RSA_BITS
    assert key.decrypt(encrypt_for(key.public(), b"secret")) == b"secret"
    assert key.decrypt(b"x" * (RSA_BITS // 8)) is None
    assert key.public() == key.public()
    other = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    with pytest.raises(ValueError, match="no RSA key"):
        encrypt_for(other, b"secret")
