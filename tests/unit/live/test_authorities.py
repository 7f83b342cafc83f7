"""Where the public authorities come from: a file, a directory, or certifi; the user's beside them."""

import os
import ssl
from pathlib import Path

import certifi
import pytest
from facts import settings

from pytest_rdsfailover.live.authorities import authorities
from pytest_rdsfailover.live.preflight import _refused
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError

PUBLIC = certifi.contents().split("-----END CERTIFICATE-----")
ONE, OTHER = (PUBLIC[number] + "-----END CERTIFICATE-----\n" for number in (0, 1))


@pytest.fixture
def paths(monkeypatch):
    """Have Python look for authorities at these places only."""

    monkeypatch.delenv("SSL_CERT_DIR", raising=False)

    def plant(*, cafile=None, openssl_cafile=None, capath=None):
        found = ssl.DefaultVerifyPaths(
            cafile, capath, "SSL_CERT_FILE", openssl_cafile or "", "SSL_CERT_DIR", capath or ""
        )
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: found)

    return plant


def trusted(path):
    return len(ssl.create_default_context(cafile=path).get_ca_certs())


def test_the_system_s_file_is_trusted(paths, tmp_path):
    (tmp_path / "system.pem").write_text(ONE)
    paths(cafile=str(tmp_path / "system.pem"))

    assert trusted(authorities(settings(), tmp_path)) == 1


def test_where_python_has_only_a_directory_its_files_are_trusted(paths, tmp_path):
    """As on Ubuntu, where OpenSSL's own file does not exist."""
    directory = tmp_path / "certs"
    directory.mkdir()
    (directory / "0a1b2c3d.0").write_text(ONE)
    (directory / "0a1b2c3d.1").write_text(OTHER)
    (directory / "README").write_text("no certificate")
    paths(openssl_cafile="/nowhere/cert.pem", capath=str(directory))

    assert trusted(authorities(settings(), tmp_path)) == 2


def test_a_file_of_one_s_own_does_not_hide_the_system_s_directory(paths, tmp_path):
    """As where SSL_CERT_FILE names a company's authority: OpenSSL still looks into the directory."""
    (tmp_path / "0a1b2c3d.0").write_text(ONE + OTHER)
    (tmp_path / "company.pem").write_text(OTHER)
    paths(cafile=str(tmp_path / "company.pem"), capath=str(tmp_path))

    assert trusted(authorities(settings(), tmp_path)) == 2


def test_several_directories_are_looked_into(paths, tmp_path, monkeypatch):
    for name, text in (("one", ONE), ("other", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0a1b2c3d.0").write_text(text)
    paths()
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}/one:{tmp_path}/gone:{tmp_path}/other")

    assert trusted(authorities(settings(), tmp_path)) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_what_people_write_between_certificates_does_not_matter(paths, tmp_path, encoding):
    (tmp_path / "own.pem").write_bytes(f"# Müller\n{OTHER}".encode(encoding))
    (tmp_path / "system.pem").write_text(ONE + ONE)
    paths(cafile=str(tmp_path / "system.pem"))
    bundle = authorities(settings(ca=str(tmp_path / "own.pem")), tmp_path)

    assert trusted(bundle) == 2
    assert Path(bundle).read_bytes().isascii()  # so that any locale can write it


@pytest.mark.parametrize("content", [None, "", "nothing"])
def test_where_the_system_has_none_certifi_s_are_trusted(paths, tmp_path, content):
    if content is not None:
        (tmp_path / "system.pem").write_text(content)
        (tmp_path / "empty").mkdir()
    paths(cafile=str(tmp_path / "system.pem"), capath=str(tmp_path / "empty"))

    assert trusted(authorities(settings(), tmp_path)) > 100


def test_the_own_authorities_are_trusted_beside_the_system_s(paths, tmp_path):
    (tmp_path / "system.pem").write_text(ONE)
    (tmp_path / "own.pem").write_text(OTHER)
    paths(cafile=str(tmp_path / "system.pem"))

    assert trusted(authorities(settings(ca=str(tmp_path / "own.pem")), tmp_path)) == 2


def test_a_file_without_authorities_is_refused(tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    os.mkfifo(tmp_path / "pipe.pem")  # which nobody writes into
    for path in (bad, tmp_path / "gone.pem", tmp_path / "pipe.pem"):
        with pytest.raises(SettingError, match="--rds-ca"):
            authorities(settings(ca=str(path)), tmp_path)


def test_a_stand_in_may_go_without_tls(tmp_path):
    asked = settings(tls="off", endpoint_url="http://127.0.0.1:5000")
    assert authorities(asked, tmp_path) is None


@pytest.mark.parametrize(
    ("kind", "remedy", "other"),
    [("proxy", "public authorities", "global-bundle"), ("writer", "global-bundle", "certifi")],
)
def test_the_advice_after_a_failed_handshake_fits_the_endpoint(kind, remedy, other):
    """RDS' own bundle does not sign RDS Proxy's certificates."""
    endpoint = Endpoint(
        name="e", kind=kind, host="h", port=3306, user="u", password="p", database="d"
    )
    told = str(_refused(endpoint, ssl.SSLCertVerificationError("unable to get local issuer")))

    assert remedy in told
    assert other not in told
