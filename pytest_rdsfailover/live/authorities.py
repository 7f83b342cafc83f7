"""The authorities whose certificates are trusted: the system's, and those of the user's own file."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings

BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
HASHED = re.compile(r"[0-9a-f]{8}\.\d+")  # the names that OpenSSL looks for in a directory
CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def authorities(asked: LiveSettings, directory: Path) -> str | None:
    """Return the path of a PEM file with all authorities to trust; None without TLS.

    Public authorities, which every system knows, sign the certificates of RDS Proxy. RDS' own
    authorities sign those of the cluster's endpoints. One file must hold both.

    Args:
        asked: whether there is TLS, and the user's own file.
        directory: where to write the file.

    Raises:
        SettingError: if the user's own file is not there, or holds no authority.
    """
    if asked.tls == "off":
        return None
    texts = [system_authorities()]
    if asked.ca is not None:
        texts.insert(0, _own(asked.ca))
    bundle = directory / "authorities.pem"
    bundle.write_text("\n".join(texts))
    return str(bundle)


def _own(path: str) -> str:
    try:
        text = Path(path).read_text()
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError, UnicodeDecodeError) as error:
        raise SettingError(f"--rds-ca: {path} holds no authorities: {error}") from None
    return text


def system_authorities() -> str:
    """Return the public authorities as PEM: the system's file, else its directory, else certifi's."""
    return next(text for text in _public() if CERTIFICATE in text)


def _public() -> Iterator[str]:
    import certifi

    paths = ssl.get_default_verify_paths()
    for file in (paths.cafile, paths.openssl_cafile):
        yield _text(Path(file)) if file else ""
    for place in (paths.capath, paths.openssl_capath):
        if place and Path(place).is_dir():
            names = sorted(path for path in Path(place).iterdir() if HASHED.fullmatch(path.name))
            yield "\n".join(map(_text, names))
    yield certifi.contents()


def _text(path: Path) -> str:
    """Return the text of a file; nothing if it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
