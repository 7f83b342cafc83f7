"""Host names as AWS gives them, resolved inside this process while they are wanted.

A cluster's name is an alias of the instance that DNS says is the writer, so it resolves to that
instance's address and flips when the failover profile says. All names have Aurora's port; the one
that is really listened at comes with the address. Covered is what Python code resolves
with: `socket.getaddrinfo` (and with it `socket.create_connection` and asyncio's event loops) and
`socket.gethostbyname`. C libraries and child processes resolve by themselves and are not covered.
"""

import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError

REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d")
CLUSTER_NAME = "rdsfailover"
PORT = 3306
PROXY_READER = "proxy-reader"
ENDPOINTS = {"cluster": "cluster-", "reader": "cluster-ro-", "proxy": "proxy-"}

Address = tuple[str, int]
Locate = Callable[[], Address]


def check_region(region: str) -> str:
    """Return a region's name.

    Raises:
        SettingError: if it does not look like one.
    """
    if not REGION.fullmatch(region):
        raise SettingError(f"{region!r} is no AWS region; write one such as eu-west-1")
    return region


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsNames:
    """The names of one cluster's endpoints.

    Attributes:
        region: the AWS region that they claim.
        account: what AWS makes of account and region: the same for all names of a cluster.
    """

    region: str
    account: str

    @classmethod
    def new(cls, region: str) -> "AwsNames":
        """Return names that no other cluster of this machine has."""
        return cls(region=check_region(region), account=f"c{secrets.token_hex(6)[:11]}")

    @property
    def domain(self) -> str:
        """Return what the names of all instances end with."""
        if self.region.startswith("cn-"):
            return f"{self.account}.rds.{self.region}.amazonaws.com.cn"
        return f"{self.account}.{self.region}.rds.amazonaws.com"

    def host(self, endpoint: str) -> str:
        """Return the host name of an endpoint, given `cluster`, `reader` or an instance's id."""
        if endpoint == PROXY_READER:
            return f"{CLUSTER_NAME}-read-only.endpoint.proxy-{self.domain}"
        if endpoint in ENDPOINTS:
            return f"{CLUSTER_NAME}.{ENDPOINTS[endpoint]}{self.domain}"
        return f"{endpoint}.{self.domain}"

    def owns(self, host: str) -> bool:
        """Tell whether a host name is under this cluster's domain, whether or not it exists."""
        return host.endswith(self.domain)


class Record:
    """One name's answer, which may be remembered as resolvers do.

    Args:
        locate: returns where the name leads now.
        ttl: returns for how many seconds an answer may be remembered.
    """

    def __init__(
        self, locate: Locate, ttl: Callable[[], float] = lambda: 0.0, clock: Clock | None = None
    ) -> None:
        self._locate, self._ttl, self._clock = locate, ttl, clock or MonotonicClock()
        self._lock = threading.Lock()
        self._answer: Address | None = None
        self._asked = 0.0

    def resolve(self) -> Address:
        """Return where the name leads, as far as this process knows."""
        with self._lock:
            now = self._clock.now()
            if self._answer is None or now - self._asked >= self._ttl():
                self._answer, self._asked = self._locate(), now
            return self._answer


class Resolver:
    """Answers for the names of one cluster, and leaves all others to the system.

    Args:
        names: the cluster's.
        records: one for each host name.
    """

    def __init__(self, names: AwsNames, records: Mapping[str, Record]) -> None:
        self._names, self._records = names, records

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Resolve the cluster's names for the block, in this process."""
        ours: dict[str, Any] = {
            "getaddrinfo": self._getaddrinfo,
            "gethostbyname": self._gethostbyname,
            "gethostbyname_ex": self._gethostbyname_ex,
        }
        self._system = {name: getattr(socket, name) for name in ours}
        try:
            for name, function in ours.items():
                setattr(socket, name, function)
            yield
        finally:
            for name, function in self._system.items():
                setattr(socket, name, function)

    def _getaddrinfo(self, host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        found = None if _numeric(rest, options) else self._find(host)
        if found is None:
            return self._system["getaddrinfo"](host, port, *rest, **options)
        address, own = found
        # Drivers take Aurora's port for granted where they derive one name from another.
        return self._system["getaddrinfo"](address, own if port else port, *rest, **options)

    def _gethostbyname(self, host: Any) -> Any:
        found = self._find(host)
        return self._system["gethostbyname"](host) if found is None else found[0]

    def _gethostbyname_ex(self, host: Any) -> Any:
        found = self._find(host)
        if found is None:
            return self._system["gethostbyname_ex"](host)
        return _text(host), [], [found[0]]

    def _find(self, host: Any) -> Address | None:
        """Return where one of our names leads; None for a name of somebody else.

        Raises:
            socket.gaierror: if the name would be the cluster's but is none, or nobody can say.
        """
        name = _text(host)
        if not self._names.owns(name):
            return None
        record = self._records.get(name)
        if record is None:
            raise socket.gaierror(socket.EAI_NONAME, f"{name} is no endpoint of the local cluster")
        try:
            return record.resolve()
        except RdsFailoverError as error:
            raise socket.gaierror(socket.EAI_AGAIN, f"{name}: {error}") from error


def _text(host: Any) -> str:
    """Return a host name as it is compared: in lower case, without the last dot."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
    return text.lower().removesuffix(".") if isinstance(text, str) else ""


def _numeric(rest: tuple[Any, ...], options: Mapping[str, Any]) -> bool:
    """Tell whether a caller of getaddrinfo takes addresses only."""
    flags = options.get("flags", rest[3] if len(rest) > 3 else 0)  # noqa: PLR2004 - fourth of them
    return bool(flags & socket.AI_NUMERICHOST)
