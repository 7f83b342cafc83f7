"""What the proxy must know of the real server before its first client comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_rdsfailover.local.gateway.proxy.state import TRACKED, carried
from pytest_rdsfailover.model.aurora_versions import AuroraVersion
from pytest_rdsfailover.mysql.statements import SqlDialect

UTF8MB4_GENERAL = 45
OLD_PREFIX = b"5.5.5-"  # what MariaDB 10 puts before its version in a greeting


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """The real server, as far as the proxy depends on it.

    Attributes:
        version: its version, as its own greeting words it.
        dialect: how it reads SQL.
        most: its `max_connections`.
        charsets: character set and collation by the number that logins use.
        names: the tracked variables that it has.
        charset: the number of the character set to greet with.
        after_reset: character set and collation that COM_RESET_CONNECTION leads to; None for those of
            the login.
    """

    version: bytes = b"8.0.0"
    dialect: SqlDialect = field(default_factory=SqlDialect)
    most: int = 151
    charsets: Mapping[int, tuple[bytes, bytes]] = field(default_factory=dict)
    names: tuple[bytes, ...] = ()
    charset: int = UTF8MB4_GENERAL
    after_reset: tuple[bytes, bytes] | None = None


def ask(connection: Any) -> ServerFacts:
    """Return the facts of the server behind an administrator's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION(), @@max_connections")
        version, most = cursor.fetchone()
        cursor.execute(
            "SELECT id, character_set_name, collation_name FROM information_schema.collations"
            " WHERE id IS NOT NULL"
        )
        charsets = {int(row[0]): (_bytes(row[1]), _bytes(row[2])) for row in cursor.fetchall()}
        cursor.execute("SHOW VARIABLES")
        known = {_bytes(row[0]) for row in cursor.fetchall()}
        cursor.execute("SELECT @@GLOBAL.character_set_client, @@GLOBAL.collation_connection")
        client, collation = map(_bytes, cursor.fetchone())
    mariadb = "MariaDB" in version
    number = _number(version)
    old = mariadb and number < 110000  # noqa: PLR2004 - MariaDB 11 greets with its own version
    return ServerFacts(
        version=(OLD_PREFIX if old else b"") + version.encode(),
        dialect=SqlDialect(version=number, mariadb=mariadb),
        most=int(most),
        charsets=charsets,
        after_reset=None if mariadb else (client, collation),
        names=carried([name for name in TRACKED if name in known]),
    )


def like(facts: ServerFacts, aurora: AuroraVersion) -> ServerFacts:
    """Return the facts as a version of Aurora tells them; a MariaDB says that it is one."""
    if aurora.server is None or facts.dialect.mariadb:
        return facts
    return replace(facts, version=aurora.server.encode())


def columns_of_users(connection: Any) -> list[bytes]:
    """Return the names of the columns of `mysql.user`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COLUMN_NAME FROM information_schema.columns"
            " WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'user' ORDER BY ORDINAL_POSITION"
        )
        return [str(row[0]).encode() for row in cursor.fetchall()]


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).lower().encode()


def _number(version: str) -> int:
    """Return a version as executable comments write it: 10.11.6 is 101106."""
    digits = [int(part) if part.isdigit() else 0 for part in version.partition("-")[0].split(".")]
    major, minor, patch = (*digits, 0, 0, 0)[:3]
    return major * 10000 + minor * 100 + patch
