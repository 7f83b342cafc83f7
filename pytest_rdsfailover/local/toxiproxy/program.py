"""Which Toxiproxy a setting names: one to start, one that runs already, or the built-in one."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pytest_rdsfailover.model.errors import SettingError

BUILTIN = "builtin"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ToxiproxyProgram:
    """Which Toxiproxy to use.

    Attributes:
        path: the server to start; None for the built-in one.
        url: a server that runs already; None if we start the server.
    """

    path: str | None = None
    url: str | None = None

    def __str__(self) -> str:
        if self.url is not None:
            return f"running at {self.url}"
        return self.path or "built-in"


def find_toxiproxy(setting: str | None) -> ToxiproxyProgram:
    """Return the Toxiproxy that a setting names, else that on PATH, else the built-in one.

    Raises:
        SettingError: if the named Toxiproxy does not exist, or is not on this machine.
    """
    if setting == BUILTIN:
        return ToxiproxyProgram()
    if setting is None:
        return ToxiproxyProgram(path=shutil.which("toxiproxy-server"))
    if "://" in setting:
        return _running(setting)
    if "@" in setting or ":" in setting:
        raise SettingError(  # without the text, which may hold a password
            "a running Toxiproxy is named as http://127.0.0.1:8474, with its http://"
        )
    path = shutil.which(Path(setting).expanduser())
    if path is None:
        raise SettingError(
            f"there is no program {setting}: name a toxiproxy-server, the URL of a running one, or"
            f" {BUILTIN}"
        )
    return ToxiproxyProgram(path=str(Path(path).absolute()))


def _running(url: str) -> ToxiproxyProgram:
    try:
        host, port = urlsplit(url).hostname, urlsplit(url).port
    except ValueError:
        raise SettingError("the URL of the Toxiproxy cannot be read") from None
    if "@" in url:
        raise SettingError("a Toxiproxy takes no user and no password: leave them out of its URL")
    if host not in (LOOPBACK, "localhost"):
        place = host if port is None else f"{host}:{port}"
        raise SettingError(
            f"{place} is not on this machine: the endpoints of a local cluster are loopback"
            " addresses, so its Toxiproxy must run here, too"
        )
    return ToxiproxyProgram(url=url.rstrip("/"))
