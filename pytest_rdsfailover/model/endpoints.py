"""Where to connect and as whom: endpoints, credentials, TLS, bounds on waiting."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Tls:
    """How to encrypt a connection.

    Attributes:
        ca: path of the certificate authority's PEM file to verify the server against; None for
            no encryption.
        wanted: whether `Endpoint.connect` encrypts; if not, other clients of the endpoint still
            may.
    """

    ca: str | None = None
    wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a connection may wait before it gives up, in seconds.

    The defaults follow the measurements behind `docs/definitions.md`: longer connect time-outs
    quantise recovery by the kernel's SYN retries, longer read time-outs hide stalls.

    Attributes:
        connect: for the TCP connection.
        read: for each answer, the server's greeting included (PyMySQL's own `connect_timeout`
            does not cover the handshake).
        write: for sending.
    """

    connect: float = 0.5
    read: float = 1.0
    write: float = 1.0


class Hidden(str):
    """A text that no repr shows, such as a password: `pytest -l` prints local variables by repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address of the cluster, with the credentials that work there.

    Attributes:
        name: `cluster`, `reader`, `proxy` or the instance's id.
        kind: `writer`, `reader`, `instance` or `proxy`, as in the result document.
        host: host name or address.
        port: TCP port.
        user: database user.
        password: its password; never in a repr.
        database: the schema to use.
        tls: how to encrypt.
        token: returns the password for each new connection, if that may change; None for a lasting one.
        renew: is told a password that was refused, reads it anew, and tells whether it has another now; None
            where there is nothing to read.
        lost: returns why such a password can be had no more; empty while it may be read yet.
        connector: opens a connection to an endpoint; the cluster that makes the endpoint sets it.
        alias: the host's name for other processes, where this one knows its address only; else empty.
    """

    name: str
    kind: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: Tls = field(default_factory=Tls, repr=False)
    connector: Callable[..., Any] | None = field(default=None, repr=False, compare=False)
    token: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    renew: Callable[[str], bool] | None = field(default=None, repr=False, compare=False)
    lost: Callable[[], str] = field(default=str, repr=False, compare=False)
    alias: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hide the password from every repr, also from that of other objects which get it."""
        object.__setattr__(self, "password", Hidden(self.password))

    def secret(self) -> str:
        """Return the password to use for a connection that is made now; its repr does not show it.

        Raises:
            RdsFailoverError: if it is a token that cannot be made.
        """
        return self.password if self.token is None else Hidden(self.token())

    @property
    def moves(self) -> bool:
        """Tell whether an open connection may lead to another instance later, as of RDS Proxy."""
        return self.kind == "proxy"

    def connect(self, **options: Any) -> Any:
        """Open a PyMySQL connection with bounded waits; *options* go to `pymysql.connect`."""
        if self.connector is None:
            raise RuntimeError(f"{self!r} belongs to no cluster, so nothing can connect to it")
        return self.connector(self, **options)

    def env(self, scheme: str = "mysql") -> dict[str, str]:
        """Return the variables that lead a program to it, password included, by usual names.

        `DB_HOST`, `DB_PORT`, `DB_USER`, `DB_PASSWORD`, `DB_NAME` and, with *scheme*,
        `DATABASE_URL`. A repr shows no password.
        """
        return {
            "DB_HOST": self.host,
            "DB_PORT": str(self.port),
            "DB_USER": self.user,
            "DB_PASSWORD": self.secret(),
            "DB_NAME": self.database,
            "DATABASE_URL": self.url(scheme),
        }

    def url(self, scheme: str = "mysql+pymysql") -> str:
        """Return the endpoint as a URL, password included, for SQLAlchemy and whoever else reads URLs.

        Its repr does not show it.

        Args:
            scheme: of SQLAlchemy `mysql+` or `mariadb+` and a driver; for most others `mysql`.
        """
        who = f"{quote(self.user, safe='')}:{quote(self.secret(), safe='')}"
        return Hidden(f"{scheme}://{who}@{self.host}:{self.port}/{self.database}")
