"""A file of certificate authorities that somebody has named."""

import ssl
from pathlib import Path

from pytest_rdsfailover.model.errors import ArchiveError, SettingError
from pytest_rdsfailover.model.files import read_bytes


def authority_file(named: str) -> Path:
    """Return the absolute path of a PEM file by which a server can be verified.

    Raises:
        SettingError: if it is no file, or holds no authority.
    """
    path = Path(named).expanduser().absolute()
    try:
        read_bytes(path)  # OpenSSL would wait for ever for who writes into a pipe
        ssl.create_default_context(cafile=path)
    except ArchiveError as error:
        raise SettingError(str(error)) from None
    except (OSError, ValueError) as error:
        raise SettingError(f"{path} holds no authorities: {error}") from None
    return path
