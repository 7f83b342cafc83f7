"""The one real server behind a local cluster: started by us, or the user's own by URL."""

import contextlib
import itertools
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol, Self

from pytest_rdsfailover.local.processes.cache import cache_directory
from pytest_rdsfailover.local.processes.process import Process, Supervisor
from pytest_rdsfailover.local.server import accounts, dialects
from pytest_rdsfailover.local.server.accounts import Account, Address, ServerError
from pytest_rdsfailover.local.server.programs import ServerProgram, ServerUrl
from pytest_rdsfailover.local.server.template import Source, as_this_user, copy_data, template
from pytest_rdsfailover.local.server.url_server import UrlServer
from pytest_rdsfailover.model.endpoints import Bounds
from pytest_rdsfailover.model.errors import NotReadyError, SettingError
from pytest_rdsfailover.model.settings import FixedAccount

PATIENCE = 60.0  # seconds for a server to start, on a busy machine
LOOK_EVERY = 0.005  # seconds between two looks whether it answers
ANSWERS = Bounds(connect=5.0, read=5.0, write=5.0)  # a stopped one takes for ever
LONGEST_SOCKET_PATH = 100  # bytes; systems allow 104 to 108

_numbers = itertools.count(1)  # of this process's servers; names drawn by chance can meet


class Server(Protocol):
    """A real server in use, with a database and accounts of our own on it.

    Attributes:
        address: where it listens.
        admin: an account that may end sessions.
        application: the account and database that tests use.
        about: one line for the header.
    """

    address: Address
    admin: Account
    application: Account
    about: str

    def check(self) -> None:
        """Raise DiedError if the server has ended."""

    def check_answers(self) -> None:
        """Raise ServerError if a server of ours, which could be replaced, does not answer."""

    def close(self) -> None:
        """Leave nothing of ours behind."""


class OwnServer:
    """A server that we start, on a throw-away data directory; a context manager. See `Server`.

    Args:
        program: what to start.
        supervisor: starts the program; its directory holds the files.
        port: a port of loopback to listen at as well; None for the unix socket only.
        login: names of the application's account and database; None for random ones.
        environ: the environment, which says where the cache is.

    Attributes:
        process: the running program, to freeze, thaw or kill.

    Raises:
        NotReadyError: if the server does not answer in time, or ends; with the end of its log.
        CommandError: if the data directory cannot be made.
    """

    def __init__(
        self,
        program: ServerProgram,
        supervisor: Supervisor,
        *,
        port: int | None = None,
        login: FixedAccount | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._program, self._supervisor, self._port = program, supervisor, port
        self._directory = supervisor.directory / f"server-{next(_numbers)}"
        self.address = Address(socket=str(_checked_socket(self._directory / "sock")))
        self.about = str(program)
        self.admin = Account(
            user=f"{accounts.PREFIX}admin_{secrets.token_hex(4)}",
            password=accounts.new_account().password,
        )
        self.application = accounts.account_of(login)
        source = Source(program=program.path, dialect=program.dialect, version=program.version)
        ready = template(source, cache_directory(environ), supervisor)
        self._directory.mkdir()
        copy_data(ready, self._directory / "data")
        (self._directory / "tmp").mkdir()
        self.process = self._first_start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> None:
        """Raise DiedError, with the end of its log, if the server has ended; StoppedError if it is stopped."""
        self.process.check_moves()

    def check_answers(self) -> None:
        """Raise ServerError if the server does not answer within seconds, as a frozen one."""
        self.check()
        with accounts.session(self.address, self.admin, bounds=ANSWERS):
            pass

    def restart(self) -> None:
        """Kill the server if it runs, and start it again; it recovers as after a power cut."""
        self.process.kill()
        self.process = self._start(())
        accounts.prime(self.address, self.application)

    def close(self) -> None:
        """End the server and remove its data; harmless the second time."""
        self.process.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _first_start(self) -> Process:
        with self._secret_statements() as path:
            process = self._start((f"--init-file={path}",))
        with accounts.session(self.address, self.admin) as connection:
            accounts.create(connection, self.application)
            accounts.give_rights_of_master(connection, self.application)
        accounts.prime(self.address, self.application)
        return process

    @contextlib.contextmanager
    def _secret_statements(self) -> Iterator[Path]:
        """Write the statements that make the administrator to a file, for the block only.

        The statements hold a password. Only this user can read the file, while others could read
        the server's arguments and environment.
        """
        administrator = f"'{self.admin.user}'@'%'"
        statements = (
            *self._program.dialect.lock_out,
            f"CREATE USER {administrator} IDENTIFIED BY '{self.admin.password}'",
            f"GRANT ALL PRIVILEGES ON *.* TO {administrator} WITH GRANT OPTION",
        )
        path = self._directory / "init.sql"
        path.touch(mode=0o600)
        try:
            path.write_text("".join(f"{statement};\n" for statement in statements))
            yield path
        finally:
            path.unlink()

    def _start(self, more: tuple[str, ...]) -> Process:
        process = self._supervisor.spawn(
            self._directory.name,
            [
                str(self._program.path),
                "--no-defaults",
                f"--datadir={self._directory / 'data'}",
                f"--tmpdir={self._directory / 'tmp'}",
                f"--socket={self.address.socket}",
                f"--pid-file={self._directory / 'pid'}",
                *self._listening(),
                *dialects.COMMON,
                *self._program.dialect.options,
                *as_this_user(),
                *more,
            ],
        )
        self._wait_until_ready(process)
        return process

    def _listening(self) -> tuple[str, ...]:
        if self._port is None:
            return ("--skip-networking",)
        return ("--bind-address=127.0.0.1", f"--port={self._port}")

    def _wait_until_ready(self, process: Process) -> None:
        begun = time.monotonic()
        while not _listens(self.address.socket or ""):
            waited = time.monotonic() - begun
            if not process.alive or waited > PATIENCE:
                process.kill()
                raise NotReadyError(self.about, waited, process.log_tail())
            time.sleep(LOOK_EVERY)
        try:
            # The administrator can log in only after the server has carried out the init file.
            accounts.prime(self.address, self.admin)
        except ServerError as error:
            process.kill()
            tail = f"{process.log_tail()}\n{error}"
            raise NotReadyError(self.about, time.monotonic() - begun, tail) from None


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _checked_socket(path: Path) -> Path:
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise SettingError(
            f"{path} is too long for a unix socket; set TMPDIR to a shorter directory"
        )
    return path


def start_server(
    server: ServerProgram | ServerUrl, supervisor: Supervisor, login: FixedAccount | None = None
) -> Server:
    """Return a server for use: started by us, or one that runs already.

    Raises:
        SettingError: if a running server should have an account with fixed names.
    """
    if isinstance(server, ServerProgram):
        return OwnServer(server, supervisor, login=login)
    if login is not None:
        raise SettingError(
            "user, password and database can be fixed only on a server that is started for the"
            " cluster: a running one may have others of these names"
        )
    return UrlServer(server, supervisor)
