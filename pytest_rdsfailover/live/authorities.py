"""The authorities whose certificates are trusted: the system's, and those of the user's own file."""

import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.mysql.authority import authority_file

BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
HASHED = re.compile(r"[0-9a-f]{8}\.\d+")  # the names that OpenSSL looks for in a directory
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)


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
    bundle.write_text("".join(_certificates("\n".join(texts))))
    return str(bundle)


def _own(path: str) -> str:
    try:
        return _text(authority_file(path))
    except SettingError as error:
        raise SettingError(f"--rds-ca: {error}") from None


def system_authorities() -> str:
    """Return the public authorities as PEM: of the system's file and directories, else certifi's.

    OpenSSL looks into both, so that a file of one company's authority does not hide the others.
    """
    import certifi

    text = "\n".join(map(_text, _places()))
    return text if _certificates(text) else certifi.contents()


def _places() -> Iterator[Path]:
    """Yield every file in which Python's own TLS would look for authorities."""
    paths = ssl.get_default_verify_paths()
    files = (Path(file) for file in (paths.cafile, paths.openssl_cafile) if file)
    yield from list(filter(Path.is_file, files))[:1]
    named = os.environ.get(paths.openssl_capath_env, "").split(os.pathsep)  # a list, as of Nix
    directories = map(Path, filter(None, (*named, paths.capath, paths.openssl_capath)))
    for place in filter(Path.is_dir, dict.fromkeys(directories)):
        yield from sorted(path for path in place.iterdir() if HASHED.fullmatch(path.name))


def _certificates(text: str) -> list[str]:
    """Return every certificate once, without what people have written between them."""
    return [f"{block}\n" for block in dict.fromkeys(map(re.Match.group, PEM.finditer(text)))]


def _text(path: Path) -> str:
    """Return the text of a file; nothing if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
