"""The only user of PyMySQL: connections that never wait for ever, and what their errors mean.

PyMySQL is imported at the first connection, so that a suite that opens none does not pay for it.
"""

import errno
import functools
import socket
import ssl
import struct
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import ToldError, forget_frames
from pytest_rdsfailover.model.records import Fault, Outcome

DEFAULT_BOUNDS = Bounds()
_one_at_a_time = threading.Lock()  # who makes a TLS context
READ_ONLY = frozenset({1290, 1836, 1792})
UNKNOWN_VARIABLE, NO_SUCH_THREAD, ACCESS_DENIED = 1193, 1094, 1045
# The number that mysql-connector-python gives an error that has none. Of these its OperationalError
# means that the connection is gone; the others are mistakes of the program.
NO_NUMBER = -1

# The family of an error code; a code that is not here is the server's own ("server").
KINDS: Mapping[int, str] = dict.fromkeys(READ_ONLY, "read-only") | {
    2002: "refused",
    2003: "refused",
    2005: "dns",
    2006: "reset",
    2013: "reset",
    2014: "reset",
    2026: "reset",  # TLS broke
    2055: "reset",
    1053: "reset",  # shutdown
    1927: "reset",  # killed: MariaDB's word
    3169: "reset",  # killed: MySQL's word
    4031: "reset",  # ended while idle: a later statement never ran
    0: "reset",  # InterfaceError(0, ''): the connection was given up before
}

# After one of these nobody can tell whether a write that had been sent was stored:
UNDECIDED = frozenset({
    0, 2006, 2013, 2014, 2026, 2055,  # the connection ended before the answer came
    1053, 1317, 1927, 3169,           # the session was ended while the statement ran
    1180,                             # the commit itself failed
    1105,                             # RDS Proxy's word for anything, a lost connection included
})  # fmt: skip


def connect(endpoint: Endpoint, *, bounds: Bounds = DEFAULT_BOUNDS, **options: Any) -> Any:
    """Return a PyMySQL connection whose connect, handshake, reads and writes are all bounded.

    A password that is refused, although nobody has typed it, may have been rotated: it is read anew, and the
    login is tried once more with the new one.

    Args:
        endpoint: where and as whom. Without a certificate authority nothing is encrypted.
        bounds: how long to wait for what.
        options: passed on to `pymysql.connect`; they outrank what this function chooses.

    Raises:
        pymysql.err.MySQLError: as PyMySQL does. A connection that reached itself, as a retry loop
            against a closed loopback port can, is reported as refused (2003).
    """
    password = endpoint.secret()
    connection = _unconnected(endpoint, password, bounds, options)
    if options.get("defer_connect"):
        return connection
    try:
        return _connected(connection)
    except Exception as error:
        renew, own = endpoint.renew, {"user", "password"} & options.keys()
        if renew is None or own or _code(error) != ACCESS_DENIED or not renew(password):
            raise
    return _connected(_unconnected(endpoint, endpoint.secret(), bounds, options))


def _connected(connection: Any) -> Any:
    """Return a connection that is made now."""
    try:
        connection.connect(_socket(connection))
    except Exception as error:
        _close_half_made(error)
        forget_frames(error)  # they hold what was sent to log in
        raise
    return connection


def _close_half_made(error: BaseException) -> None:
    """Close the TLS socket that Python leaves open where the server is gone before the handshake.

    Nothing but the frame that made it has it: `ssl.SSLSocket._create`, at ENOTCONN.
    """
    for cause in chain(error):
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            made = frame.f_locals.get("self")
            if isinstance(made, ssl.SSLSocket):
                made.close()


def _unconnected(
    endpoint: Endpoint, password: str, bounds: Bounds, options: Mapping[str, Any]
) -> Any:
    """Return a connection that is still to be made: no frame that can fail holds the password."""
    import pymysql

    chosen: dict[str, Any] = {
        "host": endpoint.host,
        "port": endpoint.port,
        "user": endpoint.user,
        "password": password.encode(),  # PyMySQL knows Latin 1 only, and its error would show it
        "database": endpoint.database or None,
        "autocommit": True,
        "connect_timeout": bounds.connect,
        # This one also bounds the handshake, which PyMySQL's connect_timeout does not.
        "read_timeout": bounds.read,
        "write_timeout": bounds.write,
    }
    if endpoint.tls.ca is None or not endpoint.tls.wanted:
        chosen["ssl_disabled"] = "ssl" not in options
    else:
        chosen["ssl"] = _context(endpoint.tls.ca)
    return pymysql.connect(**(chosen | dict(options) | {"defer_connect": True}))


def _socket(connection: Any) -> socket.socket:
    """Return the socket of a connection to the server, or raise what PyMySQL would raise.

    PyMySQL forgets to close what it opened if a step fails before its handshake.
    """
    try:
        return _unix(connection) if connection.unix_socket else _tcp(connection)
    except OSError as error:
        raise _unreachable(connection.host, error) from error


def _unix(connection: Any) -> socket.socket:
    with _closing_if_broken(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as sock:
        sock.settimeout(connection.connect_timeout)
        sock.connect(connection.unix_socket)
        connection._secure = True  # noqa: SLF001 - as PyMySQL does: passwords may pass as they are
        return sock


def _tcp(connection: Any) -> socket.socket:
    """Return a TCP connection to the server; refuse one that a port has made with itself.

    PyMySQL would wait for the greeting of such a connection, and keep the port from the server that
    wants to listen there.
    """
    from pytest_rdsfailover.mysql.bounded_socket import BoundedSocket

    bind = connection.bind_address
    made = socket.create_connection(
        (connection.host, connection.port),
        connection.connect_timeout,
        source_address=(bind, 0) if bind else None,
    )
    with _closing_if_broken(made) as sock:
        if sock.getsockname() == sock.getpeername():
            # With a reset: else the port stays taken for a minute, and no server can listen there.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the port connected to itself")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return BoundedSocket.of(sock)


@contextmanager
def _closing_if_broken(sock: socket.socket) -> Iterator[socket.socket]:
    try:
        yield sock
    except BaseException:
        sock.close()
        raise


def _unreachable(host: str, reason: OSError) -> Exception:
    import pymysql

    error: Any = pymysql.err.OperationalError(
        2003, f"Can't connect to MySQL server on {host!r} ({reason})"
    )
    error.original_exception = reason
    found: Exception = error
    return found


def _context(ca: str) -> ssl.SSLContext:
    """Return the one TLS context of a certificate authority: making one takes 25 ms of CPU."""
    with _one_at_a_time:  # all writers connect at once, and a cache alone lets each make its own
        return _made_context(ca)


@functools.cache
def _made_context(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def fault_of(error: BaseException) -> Fault:
    """Return the code and kind of an error, its own or that of what it wraps.

    Works for any DB-API driver that puts the MySQL error number first among its arguments, and
    through SQLAlchemy's `.orig` and through causes. Texts are never looked at.
    """
    for cause in chain(error):
        code = _code(cause)
        if code is not None:
            return Fault(code, _kind(code, cause))
    if any(isinstance(cause, TimeoutError) for cause in chain(error)):
        return Fault(0, "timeout")
    if any(isinstance(cause, ConnectionError) for cause in chain(error)):
        return Fault(0, "reset")
    return Fault(0, "client")


def outcome_of(error: BaseException, *, sent: bool) -> Outcome:
    """Return what a writer may believe about a write that ended in *error*.

    Args:
        error: what was raised.
        sent: whether the write may have reached a server; False while connecting.
    """
    if not sent:
        return Outcome.REFUSED
    # An error that was raised while another one was handled tells of two tries: the second may have
    # been refused although the first was sent on a connection that died.
    codes = [code for code in map(_code, chain(error)) if code is not None]
    if not codes or not UNDECIDED.isdisjoint(codes):
        return Outcome.UNKNOWN
    return Outcome.REFUSED


def classify(error: Exception, sent: bool) -> tuple[Outcome, Fault]:  # noqa: FBT001 - a callback
    """Return both: what a writer may believe, and why the write failed."""
    if isinstance(error, ToldError):
        return error.outcome, error.fault
    return outcome_of(error, sent=sent), fault_of(error)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps, the outermost first, each once."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        original = getattr(each, "original_exception", None)
        waiting += [getattr(each, "orig", None), original, each.__cause__, each.__context__]


def _code(error: BaseException) -> int | None:
    """Return the MySQL error number of a DB-API error, or None for any other exception."""
    names = {base.__name__ for base in type(error).__mro__}
    if "MySQLError" not in names and not {"DatabaseError", "InterfaceError"} & names:
        return None
    number = getattr(error, "errno", None)  # mysql-connector-python
    if number is None and error.args:
        number = error.args[0]
    if number == NO_NUMBER:
        return 0 if "OperationalError" in names else None
    return number if isinstance(number, int) else None


def _kind(code: int, error: BaseException) -> str:
    kind = KINDS.get(code, "server")
    if kind not in {"refused", "reset"}:
        return kind
    reason = getattr(error, "original_exception", None) or error.__cause__ or error.__context__
    if isinstance(reason, socket.gaierror):
        return "dns"
    # Only the direct cause counts, not an earlier error that was being handled.
    return "timeout" if isinstance(reason, TimeoutError) else kind


def instance_of(connection: Any) -> str | None:
    """Return the id of the Aurora instance behind a connection; None if the server has none.

    Raises:
        pymysql.err.MySQLError: if the connection is lost meanwhile.
    """
    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT @@aurora_server_id")
        except Exception as error:
            if _code(error) != UNKNOWN_VARIABLE:
                raise
            return None
        return str(cursor.fetchone()[0])


def socket_of(connection: Any) -> socket.socket:
    """Return what a connection reads from, to be waited for."""
    found: socket.socket = connection._sock  # noqa: SLF001 - PyMySQL has no public name for it
    return found


def close(connection: Any) -> None:
    """Close a connection, in whatever state it is, without waiting for the server."""
    if getattr(connection, "_sock", None) is not None:
        connection._force_close()  # noqa: SLF001 - close() sends COM_QUIT, which may block


def kill_session(connection: Any, number: int) -> None:
    """End a session of the server by its number; nothing happens if it has ended."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"KILL CONNECTION {number:d}")
        except Exception as error:
            if _code(error) != NO_SUCH_THREAD:
                raise
