"""The session state that RDS Proxy tracks, and the statement that carries it to a connection."""

import functools
from collections.abc import Mapping, Sequence

Values = Mapping[bytes, bytes | None]

# As documented by AWS. A server is asked only for those that it has (see `carried`).
TRACKED = frozenset({
    b"autocommit", b"auto_increment_increment",
    b"character_set_client", b"character_set_connection", b"character_set_database",
    b"character_set_filesystem", b"character_set_results", b"character_set_server",
    b"collation_connection", b"collation_database", b"collation_server",
    b"interactive_timeout", b"net_write_timeout", b"query_cache_type", b"session_track_schema",
    b"sql_mode", b"time_zone", b"transaction_isolation", b"tx_isolation",
    b"transaction_read_only", b"tx_read_only", b"wait_timeout",
})  # fmt: skip
# The server sets these two with the current database. A session that sets one by hand keeps it until
# it gives its connection back, and that connection is then reset.
FOLLOWERS = frozenset({b"character_set_database", b"collation_database"})
NUMBERS = frozenset({
    b"autocommit", b"auto_increment_increment", b"interactive_timeout", b"net_write_timeout",
    b"session_track_schema", b"transaction_read_only", b"tx_read_only", b"wait_timeout",
})  # fmt: skip
# The character set of a connection follows from its collation.
IMPLIED = frozenset({b"character_set_connection", b"character_set_server"})


def carried(known: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the variables to ask a connection for, of those that its server knows.

    Of two names for the same thing the first is enough.
    """
    names = [name for name in sorted(TRACKED - FOLLOWERS - IMPLIED) if name in known]
    doubles = {b"tx_isolation": b"transaction_isolation", b"tx_read_only": b"transaction_read_only"}
    return tuple(name for name in names if doubles.get(name) not in names)


def question(names: Sequence[bytes]) -> bytes:
    """Return the statement that asks for the state: the current database, then the variables."""
    return b"SELECT DATABASE()" + b"".join(b", @@SESSION." + name for name in names)


@functools.cache  # thousands of clients begin with the same
def charset_state(charset: bytes, collation: bytes) -> Values:
    """Return the state that a login with a character set begins with."""
    return {
        b"character_set_client": charset,
        b"character_set_results": charset,
        b"collation_connection": collation,
    }


def setting(wanted: Values, current: Values) -> bytes:
    """Return the SET that leads from one state to the other; nothing if they are the same."""
    changes = [
        b"%s = %s" % (name, literal(name, value))
        for name, value in sorted(wanted.items())
        if current.get(name) != value
    ]
    return b"SET " + b", ".join(changes) if changes else b""


def literal(name: bytes, value: bytes | None) -> bytes:
    """Return a variable's value as SQL. Its text comes from the server, never from a client."""
    if value is None:
        return b"NULL"
    if name in NUMBERS and value.isdigit():
        return value
    # Doubling quotes is right whether or not a backslash escapes; no value of these has either.
    return b"'" + value.replace(b"'", b"''") + b"'"


def quoted_name(name: bytes) -> bytes:
    """Return a database's name as SQL."""
    return b"`" + name.replace(b"`", b"``") + b"`"
