"""A real server on a throw-away directory, and a relay before it that can misbehave."""

import contextlib
import getpass
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

PATIENT = Bounds(connect=2.0, read=20.0, write=10.0)
PORTS = range(23000, 27000)  # below the ports that the system gives to clients


def free_port() -> int:
    for port in secrets.SystemRandom().sample(PORTS, 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


class PlainServer:
    """One server process; `pid` is its own, to freeze it.

    Args:
        program: the server's path.
        maria: whether it is MariaDB.
        options: more for its command line.
    """

    def __init__(self, program: str, *, maria: bool, options: Sequence[str] = ()) -> None:
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._directory = tempfile.TemporaryDirectory(prefix="plain", dir=memory)
        base = Path(self._directory.name)
        self.socket, self.port = str(base / "s"), free_port()
        common = ["--no-defaults", f"--datadir={base / 'data'}", f"--user={getpass.getuser()}"]
        if maria:
            install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal"]
        else:
            install = [program, *common, "--initialize-insecure"]
        made = subprocess.run(install, check=False, capture_output=True, text=True)
        if made.returncode:
            self._directory.cleanup()
            raise AssertionError(f"no data directory: {made.stdout[-2000:]}{made.stderr[-2000:]}")
        more = [] if maria else ["--mysqlx=OFF"]
        log = (base / "log").open("w")
        self._popen = subprocess.Popen(
            [
                program, *common, f"--socket={self.socket}", f"--port={self.port}",
                "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin",
                f"--pid-file={base / 'pid'}", *more, *options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )  # fmt: skip
        log.close()
        try:
            self._prepare(base)
        except BaseException:
            self._popen.kill()
            self._popen.wait()
            self._directory.cleanup()
            raise
        self.pid = int((base / "pid").read_text())

    def _prepare(self, base: Path) -> None:
        deadline = time.monotonic() + 60
        password = secrets.token_hex(8)
        self.endpoint = Endpoint(
            name="plain", kind="writer", host="127.0.0.1", port=self.port,
            user="app", password=password, database="app",
        )  # fmt: skip
        while not self._listens():
            assert self._popen.poll() is None, (base / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the server does not get ready"
            time.sleep(0.05)
        for statement in (
            "CREATE DATABASE app",
            "DROP USER IF EXISTS ''@'localhost'",
            f"CREATE USER app@'%' IDENTIFIED BY '{password}'",
            "GRANT ALL ON app.* TO app@'%'",
        ):
            self.ask(statement)
        # MySQL's default plugin wants one login over a safe channel before a digest will do.
        driver.connect(self.endpoint, unix_socket=self.socket).close()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def admin(self):
        root = Endpoint(
            name="root", kind="writer", host="localhost", port=0,
            user="root", password="", database="",
        )  # fmt: skip
        return driver.connect(root, bounds=PATIENT, unix_socket=self.socket)

    def ask(self, statement: str):
        with self.admin() as root, root.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    @contextlib.contextmanager
    def frozen(self):
        os.kill(self.pid, signal.SIGSTOP)
        try:
            self._wait_until_stopped()
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def _wait_until_stopped(self) -> None:
        deadline = time.monotonic() + 10
        tasks = Path(f"/proc/{self.pid}/task")
        while any(_state(task) != "T" for task in tasks.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def sessions(self) -> list[int]:
        rows = self.ask("SELECT id FROM information_schema.processlist WHERE user = 'app'")
        return [int(row[0]) for row in rows]

    def close(self) -> None:
        self._popen.kill()
        self._popen.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)  # if the program was a wrapper
        self._directory.cleanup()


class Relay:
    """A TCP relay to a port: passes, refuses, resets, or is silent, per mode."""

    def __init__(self, target: int | None) -> None:
        self._target, self.port, self._links = target, free_port(), []
        self._lock, self._passing, self._over = threading.Lock(), threading.Event(), False
        self._passing.set()
        self._listener = None
        self.listen()

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Accept nobody any more; what is connected stays."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def reset(self) -> None:
        """Cut every connection with a RST."""
        with self._lock:
            links, self._links = self._links, []
        for one in links:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RD)  # wakes the pump that reads it
            one.close()

    def hang(self) -> None:
        self._passing.clear()

    def resume(self) -> None:
        self._passing.set()

    def close(self) -> None:
        self._over = True
        self.resume()
        self.refuse()
        self.reset()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                if self._target is None:  # accepts, and never says a word
                    self._links.append(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._links += [client, server]
                threading.Thread(target=self._pump, args=(client, server), daemon=True).start()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with contextlib.suppress(OSError, ValueError):
            while not self._over:
                ready, _, _ = select.select([client, server], [], [], 0.2)
                self._passing.wait()
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        raise OSError
                    other[one].sendall(data)
        for one in (client, server):
            one.close()
