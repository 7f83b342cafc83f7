"""How an RDS Proxy is set up, by the names of its API."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self, TypedDict

from pytest_rdsfailover.model.errors import SettingError, did_you_mean

EXCLUDE_VARIABLE_SETS = "EXCLUDE_VARIABLE_SETS"
METHODS = ("MYSQL_CACHING_SHA2_PASSWORD", "MYSQL_NATIVE_PASSWORD")
IAM = ("DISABLED", "REQUIRED")
RANGES = {
    "max_connections_percent": (1, 100, ""),
    "connection_borrow_timeout": (0, 300, " s"),
    "idle_client_timeout": (1, 28_800, " s"),
    "max_client_connections": (1, 100_000, ""),
    "max_client_age": (0.1, 86_400, " s"),
    "max_database_idle_time": (0.1, 86_400, " s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """What `create_db_proxy` and its target group would be told.

    Attributes:
        require_tls: refuse clients without TLS (3159).
        idle_client_timeout: seconds after which an idle client is hung up on.
        max_connections_percent: of the server's `max_connections`, how many database connections
            the proxy may have; at least one.
        max_idle_connections_percent: how many of them may stay idle; None for half of the above.
        connection_borrow_timeout: seconds that a request waits for a database connection (9501).
        session_pinning_filters: `("EXCLUDE_VARIABLE_SETS",)` or nothing.
        init_query: SET statements for every new database connection.
        client_password_auth_type: the method that the proxy's greeting offers; None for what fits the
            server: `MYSQL_CACHING_SHA2_PASSWORD`, over a MariaDB `MYSQL_NATIVE_PASSWORD`.
        iam_auth: `REQUIRED` to take IAM tokens only; a client that sends a token by itself, as
            `mysql_clear_password` over TLS, is let in either way.
        max_client_connections: more than these get 1040; a quota of AWS's, not a setting there.
        max_client_age: seconds after which a client is hung up on, however busy it was; 24 hours
            and no setting there, but a test need not wait for it here.
        max_database_idle_time: seconds after which a database connection that nobody used is
            closed; "some time after 24 hours" there, and no setting either.
    """

    require_tls: bool = False
    idle_client_timeout: float = 1800.0
    max_connections_percent: int = 100
    max_idle_connections_percent: int | None = None
    connection_borrow_timeout: float = 120.0
    session_pinning_filters: tuple[str, ...] = ()
    init_query: str = ""
    client_password_auth_type: str | None = None
    iam_auth: str = IAM[0]
    max_client_connections: int = 20_000
    max_client_age: float = 86_400.0
    max_database_idle_time: float = 86_400.0

    def __post_init__(self) -> None:
        """Refuse what RDS would refuse."""
        if not isinstance(self.require_tls, bool):
            raise SettingError(f"require_tls is True or False, not {self.require_tls!r}")
        for name, (low, high, unit) in RANGES.items():
            value = getattr(self, name)
            if not _is_number(value) or not low <= value <= high:
                raise SettingError(f"{name} is {low} to {high}{unit}, not {value!r}")
        idle = self.max_idle_connections_percent
        if idle is not None and not (
            _is_number(idle) and 0 <= idle <= self.max_connections_percent
        ):
            raise SettingError(
                "max_idle_connections_percent is 0 to max_connections_percent"
                f" ({self.max_connections_percent}), not {idle!r}"
            )
        if set(self.session_pinning_filters) - {EXCLUDE_VARIABLE_SETS}:
            raise SettingError(
                f"session_pinning_filters is [{EXCLUDE_VARIABLE_SETS!r}] or empty, not"
                f" {list(self.session_pinning_filters)}"
            )
        if self.client_password_auth_type is not None:
            _one_of("client_password_auth_type", self.client_password_auth_type, METHODS)
        _one_of("iam_auth", self.iam_auth, IAM)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return settings from names and values, as a marker or JSON has them.

        Raises:
            SettingError: if a name is unknown or a value impossible.
        """
        known = {field.name for field in fields(cls)}
        for name in options:
            if name not in known:
                raise SettingError(
                    f"a proxy has no setting {name!r}{did_you_mean(name, known)} (settings:"
                    f" {', '.join(sorted(known))})"
                )
        chosen = dict(options)
        filters = chosen.get("session_pinning_filters", ())
        chosen["session_pinning_filters"] = (
            (filters,) if isinstance(filters, str) else tuple(filters)
        )
        return cls(**chosen)

    def but(self, options: Mapping[str, Any]) -> "ProxySettings":
        """Return the same settings with some changed.

        Raises:
            SettingError: if a name is unknown or a value impossible.
        """
        return replace(self, **asdict(type(self).of({**asdict(self), **options})))

    @property
    def excludes_variable_sets(self) -> bool:
        """Tell whether setting a variable does not pin."""
        return EXCLUDE_VARIABLE_SETS in self.session_pinning_filters

    def most(self, server_limit: int) -> int:
        """Return how many database connections the proxy may have."""
        return max(1, server_limit * self.max_connections_percent // 100)

    def most_idle(self, server_limit: int) -> int:
        """Return how many of them may stay idle."""
        percent = self.max_idle_connections_percent
        if percent is None:
            return max(1, self.most(server_limit) // 2)
        return server_limit * percent // 100


class ProxyChanges(TypedDict, total=False):
    """What `rds_cluster.proxy.modify` takes; each is explained at `ProxySettings`."""

    require_tls: bool
    idle_client_timeout: float
    max_connections_percent: int
    max_idle_connections_percent: int | None
    connection_borrow_timeout: float
    session_pinning_filters: Sequence[Literal["EXCLUDE_VARIABLE_SETS"]]
    init_query: str
    client_password_auth_type: (
        Literal["MYSQL_CACHING_SHA2_PASSWORD", "MYSQL_NATIVE_PASSWORD"] | None
    )
    iam_auth: Literal["DISABLED", "REQUIRED"]
    max_client_connections: int
    max_client_age: float
    max_database_idle_time: float


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _one_of(name: str, value: str, choice: tuple[str, ...]) -> None:
    if value not in choice:
        raise SettingError(f"{name} is {' or '.join(choice)}, not {value!r}")
