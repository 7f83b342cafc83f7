"""A server that the user runs, used by its URL, and left as it was found."""

import contextlib
import sys
from typing import Any, Self

from pytest_rdsfailover.local.processes.process import Process, Supervisor
from pytest_rdsfailover.local.server import accounts, keeper, ownership
from pytest_rdsfailover.local.server.accounts import ServerError
from pytest_rdsfailover.local.server.programs import ServerUrl
from pytest_rdsfailover.model.errors import SettingError

KEPT_WITHIN = 30.0  # seconds
RIGHTS = (
    "its account must be allowed to create databases and users, to grant rights and to end sessions"
)
SHADOWED = (
    "a user that was just made for any host cannot log in: one for this host comes first, often the"
    " anonymous one of a fresh installation (DROP USER ''@'localhost')"
)
READ_ONLY = (
    "it is read-only (its variables read_only, innodb_read_only); name one that takes writes"
)


class UrlServer:
    """A server that the user runs; a context manager. See `Server`.

    It gets one database and one user of ours; exactly those are dropped at the end. A keeper drops
    them if this process ends before; what keepers could not drop either, the next one sweeps.

    Args:
        url: where it is, and as whom to use it.
        supervisor: starts the keeper.

    Raises:
        SettingError: if the server cannot be reached, takes no writes, or does not let its account do
            what we need; with the server's words.
        NotReadyError: if the keeper does not start.
    """

    def __init__(self, url: ServerUrl, supervisor: Supervisor) -> None:
        self.address, self.admin = url.address, url.admin
        made = ""  # the user of ours
        try:
            with accounts.session(self.address, self.admin) as connection:
                self.about = f"{_version(connection)} at {self.address}"
                if _is_read_only(connection):
                    raise SettingError(f"{url} cannot be used: {READ_ONLY}")
                self.application = accounts.new_account(ownership.clock(connection))
                made = self.application.user
            ownership.sweep(self.address, self.admin)
            self._keeper = self._keep(supervisor)
            self._prepare()
        except ServerError as error:
            remedy = SHADOWED if made and str(error).startswith(f"{made} at ") else RIGHTS
            raise SettingError(f"{url} cannot be used: {error}; {remedy}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> None:
        """Raise DiedError if the keeper has ended: another run could take our database for nobody's.

        That the server itself has ended shows at its next use.
        """
        self._keeper.check()

    def check_answers(self) -> None:
        """Do nothing: nobody but its owner could replace it."""

    def close(self) -> None:
        """End the sessions of our user, then drop the user and its database.

        Raises:
            ServerError: if the server does not let us; the keeper tries again then.
        """
        with accounts.session(self.address, self.admin) as connection:
            accounts.drop(connection, self.application)
        self._keeper.kill()

    def _keep(self, supervisor: Supervisor) -> Process:
        """Start the keeper, and wait until it holds the lock of our account."""
        process = supervisor.spawn(
            f"keeper-{self.application.user}",
            [sys.executable, "-m", keeper.__name__],
            told=keeper.words(self.address, self.admin, self.application),
            grace=keeper.GRACE,
        )
        process.wait_line(KEPT_WITHIN)
        return process

    def _prepare(self) -> None:
        try:
            with accounts.session(self.address, self.admin) as connection:
                accounts.create(connection, self.application)
                # A failover ends sessions. An account that may not do so must be refused now.
                with accounts.session(self.address, self.application) as victim:
                    accounts.kill(connection, victim.thread_id())
            accounts.prime(self.address, self.application)
        except ServerError:
            with contextlib.suppress(ServerError):
                self.close()
            self._keeper.kill()  # what this account may not drop, the keeper may not either
            raise


def _is_read_only(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.read_only, @@GLOBAL.innodb_read_only")
        return any(str(value) not in {"0", "OFF"} for value in cursor.fetchone())


def _version(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION(), @@version_comment")
        number, comment = cursor.fetchone()
    return f"{comment} {number}"
