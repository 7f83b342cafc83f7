"""The network of a local cluster: a Toxiproxy, one listener per endpoint."""

import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_rdsfailover.errors import SettingError

BUILTIN = "builtin"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
READY_WITHIN = 10.0  # seconds
ARMED = "rdsfailover_reset"
FIRST_INSTANCE = 11  # instance-1 listens on 127.0.0.11
FIXED_HOSTS = {"cluster": "127.0.0.2", "reader": "127.0.0.3"}


@dataclass(frozen=True, slots=True)
class ToxiproxyProgram:
    """Which Toxiproxy to use.

    Attributes:
        path: the server to start; None for the built-in one.
        url: a server that runs already; None if we start one.
    """

    path: str | None = None
    url: str | None = None

    def __str__(self) -> str:
        if self.url:
            return f"running at {self.url}"
        return self.path or "built-in"


def find_toxiproxy(setting: str | None) -> ToxiproxyProgram:
    """Return the Toxiproxy that a setting names, else one on PATH, else the built-in.

    Raises:
        SettingError: if the named one is not there, or would not be on this machine.
    """
    if setting == BUILTIN:
        return ToxiproxyProgram()
    if setting is None:
        return ToxiproxyProgram(path=shutil.which("toxiproxy-server"))
    if "://" in setting:
        if urlsplit(setting).hostname not in LOOPBACK:
            raise SettingError(
                f"{setting} is not on this machine: the endpoints of a local cluster are loopback"
                " addresses, so its Toxiproxy must listen on 127.0.0.1"
            )
        return ToxiproxyProgram(url=setting.rstrip("/"))
    path = shutil.which(setting)
    if path is None:
        raise SettingError(
            f"{setting!r} is no program: give the path of a toxiproxy-server, its URL, or {BUILTIN}"
        )
    return ToxiproxyProgram(path=path)


def addresses(instances: Sequence[str]) -> Mapping[str, str]:
    """Return a loopback address for each endpoint, or 127.0.0.1 for all without such aliases."""
    hosts = FIXED_HOSTS | {
        instance: f"127.0.0.{FIRST_INSTANCE + n}" for n, instance in enumerate(instances)
    }
    if all(map(_is_ours, hosts.values())):
        return hosts
    return dict.fromkeys(hosts, "127.0.0.1")


def _is_ours(host: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True
