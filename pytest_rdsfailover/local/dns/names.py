"""Host names as AWS gives them, resolved inside this process while a `Resolver` is installed.

A cluster's name is an alias of the instance that DNS says is the writer. So it resolves to that
instance's address, and flips when the failover profile says. All names have Aurora's port. It is
replaced by the port that is really listened at when the name is resolved.

Python code is covered: it resolves by `socket.getaddrinfo` (as `socket.create_connection` and
asyncio's event loops do) or by `socket.gethostbyname`. C libraries and child processes resolve by
themselves and are not covered.
"""

import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pytest_rdsfailover.model.clock import Clock, MonotonicClock
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError

AREA = r"us-gov|(us|eu)-iso[a-z]?|eusc-[a-z]{2}|af|ap|ca|cn|eu|il|me|mx|sa|us"
REGION = re.compile(rf"({AREA})-(central|(north|south)(east|west)?|east|west)-[1-9]")
CLUSTER_NAME = "rdsfailover"
PORT = 3306
PROXY_READER = "proxy-reader"
ENDPOINTS = {"cluster": "cluster-", "reader": "cluster-ro-", "proxy": "proxy-"}
GLOBAL = "global"  # the writer endpoint of a global database

Address = tuple[str, int]
Locate = Callable[[], Address]


def check_region(region: str) -> str:
    """Return a region's name.

    Raises:
        SettingError: if the name does not look like a region's.
    """
    if not REGION.fullmatch(region):
        raise SettingError(f"{region!r} is no AWS region; write one such as eu-west-1")
    return region


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsNames:
    """The names of one cluster's endpoints.

    Attributes:
        region: the AWS region that they claim.
        account: the part that AWS derives from account and region; all names of a cluster have it.
        abroad: the other region of each instance that is not in this one.
    """

    region: str
    account: str
    abroad: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, region: str, abroad: Mapping[str, str] | None = None) -> "AwsNames":
        """Return names that no other cluster of this machine has."""
        account = f"c{secrets.token_hex(6)[:11]}"
        return cls(region=check_region(region), account=account, abroad=abroad or {})

    @property
    def domain(self) -> str:
        """Return what the names of all instances of the region end with."""
        return self._domain(self.region)

    def _domain(self, region: str) -> str:
        if region.startswith("cn-"):
            return f"{self.account}.rds.{region}.amazonaws.com.cn"
        return f"{self.account}.{region}.rds.amazonaws.com"

    @property
    def custom_domain(self) -> str:
        """Return what the names of all custom endpoints end with."""
        return f"cluster-custom-{self.domain}"

    def custom(self, host: str) -> str | None:
        """Return which custom endpoint a host name stands for, whether or not it exists."""
        name, _, domain = host.partition(".")
        return name if domain == self.custom_domain else None

    def host(self, endpoint: str) -> str:
        """Return the host name of an endpoint: `cluster`, `reader`, `global` or an instance's id."""
        if endpoint == GLOBAL:
            return f"{CLUSTER_NAME}.global-{self._domain(GLOBAL)}"
        if endpoint == PROXY_READER:
            return f"{CLUSTER_NAME}-read-only.endpoint.proxy-{self.domain}"
        if endpoint in ENDPOINTS:
            return f"{CLUSTER_NAME}.{ENDPOINTS[endpoint]}{self.domain}"
        base, dash, suffix = endpoint.partition("-")
        if base in ENDPOINTS and dash:  # of the other side of a blue/green deployment
            return f"{CLUSTER_NAME}-{suffix}.{ENDPOINTS[base]}{self.domain}"
        return f"{endpoint}.{self._domain(self.abroad.get(endpoint, self.region))}"

    def owns(self, host: str) -> bool:
        """Tell whether a host name is under this cluster's domain, whether or not it exists."""
        return host.endswith(tuple({self.domain, *map(self._domain, self.abroad.values())}))


class Record:
    """Where one name leads; the answer may be remembered for a while, as resolvers do.

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
        names: the names of the cluster.
        records: the record of each host name, and of addresses that have Aurora's port, too.
        custom: returns where a custom endpoint is, by its name; None if there is none.
    """

    def __init__(
        self,
        names: AwsNames,
        records: Mapping[str, Record],
        custom: Callable[[str], Address | None] = lambda _: None,
    ) -> None:
        self._names, self._records, self._custom = names, records, custom

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Resolve the cluster's names for the block, in this process."""
        replacements: dict[str, Any] = {
            "getaddrinfo": self._getaddrinfo,
            "gethostbyname": self._gethostbyname,
            "gethostbyname_ex": self._gethostbyname_ex,
        }
        self._system = {name: getattr(socket, name) for name in replacements}
        try:
            for name, function in replacements.items():
                setattr(socket, name, function)
            yield
        finally:
            for name, function in self._system.items():
                setattr(socket, name, function)

    def _getaddrinfo(self, host: Any, port: Any, *more: Any, **options: Any) -> Any:
        target = None if _numeric(more, options) else self._find(host)
        if target is None:
            return self._system["getaddrinfo"](host, port, *more, **options)
        address, listening = target
        # A driver that derives one name from another assumes Aurora's port.
        return self._system["getaddrinfo"](address, listening if port else port, *more, **options)

    def _gethostbyname(self, host: Any) -> Any:
        target = self._find(host)
        return self._system["gethostbyname"](host) if target is None else target[0]

    def _gethostbyname_ex(self, host: Any) -> Any:
        target = self._find(host)
        if target is None:
            return self._system["gethostbyname_ex"](host)
        return _text(host), [], [target[0]]

    def _find(self, host: Any) -> Address | None:
        """Return where a name of the cluster leads, or one of its addresses; None for any other.

        Raises:
            socket.gaierror: if the name is in the cluster's domain but no endpoint's, or if the
                cluster cannot tell where it leads now.
        """
        name = _text(host)
        record = self._records.get(name)
        if record is None:
            if not self._names.owns(name):
                return None
            endpoint = self._names.custom(name)
            place = None if endpoint is None else self._custom(endpoint)
            if place is not None:
                return place
            raise socket.gaierror(socket.EAI_NONAME, f"{name} is no endpoint of the local cluster")
        try:
            return record.resolve()
        except RdsFailoverError as error:
            raise socket.gaierror(socket.EAI_AGAIN, f"{name}: {error}") from error


def _text(host: Any) -> str:
    """Return a host name in the form for comparing: in lower case, without the last dot."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host
    return text.lower().removesuffix(".") if isinstance(text, str) else ""


def _numeric(more: tuple[Any, ...], options: Mapping[str, Any]) -> bool:
    """Tell whether a caller of getaddrinfo wants numeric addresses only, no names resolved."""
    flags = options.get("flags", more[3] if len(more) > 3 else 0)  # noqa: PLR2004 - flags are fourth
    return bool(flags & socket.AI_NUMERICHOST)
