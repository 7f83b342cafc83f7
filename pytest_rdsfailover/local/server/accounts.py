"""Accounts and databases of our own on a server, with names that nobody else uses."""

import contextlib
import secrets
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_rdsfailover.model.endpoints import Bounds, Endpoint, Tls
from pytest_rdsfailover.model.errors import RdsFailoverError, public
from pytest_rdsfailover.model.settings import FixedAccount
from pytest_rdsfailover.mysql import driver

PREFIX = "rdsfo_"
# For statements about accounts: they wait for no row locks, but may be slow on a busy machine.
PATIENT = Bounds(connect=5.0, read=30.0, write=30.0)
NO_SUCH_THREAD, TLS_MISSING = 1094, 2026


@public
class ServerError(RdsFailoverError):
    """The MySQL server refused what we need of it, or could not be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A database account.

    Attributes:
        user: its name.
        password: its password; never in a repr.
        database: the schema that it uses.
    """

    user: str
    password: str = field(repr=False)
    database: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a real server listens.

    Attributes:
        socket: path of its unix socket; None to use host and port.
        host: its name or IP address.
        port: its TCP port.
        ca: path of the certificate authority to verify it against; None to verify nothing.
    """

    socket: str | None = None
    host: str = "localhost"
    port: int = 3306
    ca: str | None = None

    def __str__(self) -> str:
        return self.socket or f"{self.host}:{self.port}"


def new_account(born: float | None = None) -> Account:
    """Return an account with a name that nobody else has, and a random password.

    Args:
        born: when it was made, in seconds of the epoch, as its name says; None for now. Its database
            has the same name.
    """
    name = f"{PREFIX}{int(time.time() if born is None else born):08x}_{secrets.token_hex(4)}"
    # Some servers accept only passwords with a digit, letters in both cases and a punctuation mark.
    return Account(user=name, password=f"Aa1-{secrets.token_urlsafe(24)}", database=name)


def account_of(login: FixedAccount | None) -> Account:
    """Return the account that was asked for; with a random password, or random names, without."""
    random = new_account()
    if login is None:
        return random
    return Account(
        user=login.user, password=login.password or random.password, database=login.database
    )


@contextlib.contextmanager
def session(address: Address, account: Account, *, bounds: Bounds = PATIENT) -> Iterator[Any]:
    """Open a PyMySQL connection for the block.

    Raises:
        ServerError: if the server cannot be reached or refuses something, in its own words.
    """
    endpoint = Endpoint(
        name="server",
        kind="server",
        host=address.host,
        port=address.port,
        user=account.user,
        password=account.password,
        database=account.database,
        tls=Tls(ca=address.ca),
    )
    try:
        connection = _connect(endpoint, address, bounds)
        try:
            yield connection
        finally:
            connection.close()
    except RdsFailoverError:
        raise
    except Exception as error:
        # Only driver.py imports PyMySQL, so its errors are told by their module. All carry code and
        # text.
        if type(error).__module__.partition(".")[0] != "pymysql":
            raise
        raise ServerError(f"{account.user} at {address}: {_text(error)}") from None


def _connect(endpoint: Endpoint, address: Address, bounds: Bounds) -> Any:
    """Connect with TLS if the server offers it: it may want that at a first login, see `prime`."""
    if address.socket is not None:
        return driver.connect(endpoint, bounds=bounds, unix_socket=address.socket)
    if address.ca is not None:
        return driver.connect(endpoint, bounds=bounds)
    try:
        return driver.connect(endpoint, bounds=bounds, ssl_disabled=False, ssl=_unverified())
    except Exception as error:
        if error.args[:1] != (TLS_MISSING,):
            raise
        return driver.connect(endpoint, bounds=bounds)


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the user gave no authority to verify against
    return context


def _text(error: Exception) -> str:
    return " ".join(str(part) for part in error.args) or type(error).__name__


def run(connection: Any, statements: Sequence[str]) -> None:
    """Execute statements one after the other."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def create(admin: Any, account: Account) -> None:
    """Create the account's database, and the account with all rights in it and nowhere else.

    Args:
        admin: a connection that may create databases and users, and grant rights.
        account: one whose names need no quoting.
    """
    user = f"'{account.user}'@'%'"
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{account.database}` CHARACTER SET utf8mb4")
        cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (account.user, account.password))
        cursor.execute(f"GRANT ALL PRIVILEGES ON `{account.database}`.* TO {user}")


def give_rights_of_master(admin: Any, account: Account) -> None:
    """Let an account make users, share its rights and look at replicas, as Aurora's master user may."""
    user = f"'{account.user}'@'%'"
    run(admin, (
        f"GRANT CREATE USER ON *.* TO {user}",
        f"GRANT SELECT ON mysql.user TO {user}",
        f"GRANT REPLICATION CLIENT /*M!100508 , SLAVE MONITOR */ ON *.* TO {user}",
        f"GRANT GRANT OPTION ON `{account.database}`.* TO {user}",
    ))  # fmt: skip


def change_password(address: Address, account: Account, password: str) -> None:
    """Let an account log in by another password, and by no other; sessions that it has go on.

    Args:
        address: where the server listens.
        account: with the password that works now; it changes its own, which needs no rights.
        password: the new one.

    Raises:
        ServerError: if the server refuses it.
    """
    with session(address, account) as connection, connection.cursor() as cursor:
        mariadb = "MariaDB" in connection.get_server_info()
        change = "SET PASSWORD = PASSWORD(%s)" if mariadb else "ALTER USER USER() IDENTIFIED BY %s"
        cursor.execute(change, (password,))
    prime(address, replace(account, password=password))


def drop(admin: Any, account: Account) -> None:
    """End the account's sessions, then remove it and its database; harmless if they are gone.

    The database goes even if the account may not be removed.
    """
    with admin.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE user = %s", (account.user,)
        )
        sessions = [row[0] for row in cursor.fetchall()]
    # A transaction that is still open in a session would block the removal of the database.
    for number in sessions:
        kill(admin, number)
    try:
        run(admin, (f"DROP USER IF EXISTS '{account.user}'@'%'",))
    finally:
        run(admin, (f"DROP DATABASE IF EXISTS `{account.database}`",))


def kill(admin: Any, number: int) -> None:
    """End a session of the server by its number; nothing happens if it has ended."""
    try:
        run(admin, (f"KILL CONNECTION {number:d}",))
    except Exception as error:
        if error.args[:1] != (NO_SUCH_THREAD,):
            raise


def prime(address: Address, account: Account) -> int:
    """Log in once and return the session's number.

    At an account's first login MySQL 8 and later want the password itself, over an encrypted
    connection. From then on they let clients without TLS in by the password's digest. `ALTER USER`
    and `FLUSH PRIVILEGES` undo that.
    """
    with session(address, account) as connection:
        return int(connection.thread_id())
