"""Programs that this process starts, and that never outlive it.

They are children of a supervisor (`supervisor.py`), which ends them and removes their files when
this process ends, however it ends.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pytest_rdsfailover.model.errors import DiedError, NotReadyError, SettingError

SUPERVISOR = Path(__file__).with_name("supervisor.py")
MEMORY = Path("/dev/shm")  # noqa: S108 - the run directory in it is new and private
ROOM = 1 << 30  # bytes that must be free there
PATIENCE = 30.0  # seconds for the supervisor's answers; it does nothing slow
# Seconds for its end: it waits for programs that clean up, and 5 s for files that cannot be removed.
END_PATIENCE = 30.0
MOST_TOLD = 4096  # bytes: a pipe takes so many whether or not somebody reads them
LOOK_EVERY = 0.002  # seconds between two looks for a program's first line
LAST_LINES = 20
OPTIONS = "RDS_"  # how the variables begin that are options of a run
REMEDY = "set TMPDIR to a directory that can be written to"


def bases() -> list[Path]:
    """Return where run directories may be, the best place first.

    A memory-backed place comes first, because the flushes of a disk look like short outages.
    """
    try:
        disk = Path(tempfile.gettempdir())
    except FileNotFoundError:
        disk = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - its refusal is told with the remedy
    if not _is_memory(MEMORY):
        return [disk]
    return [MEMORY, disk] if shutil.disk_usage(MEMORY).free >= ROOM else [disk, MEMORY]


def _is_memory(path: Path) -> bool:
    with contextlib.suppress(OSError):
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        found = any(mount[1] == str(path) and mount[2] == "tmpfs" for mount in mounts)
        return found and os.access(path, os.W_OK | os.X_OK)
    return False


class Process:
    """A program under a supervisor; made by `Supervisor.spawn`.

    Attributes:
        name: what errors call it; its files in the run directory start with it.
        pid: its process id.
        status: how it ended: an exit status, or the negative number of the signal that ended it;
            None while it runs.
        dies_at_once: whether it is killed with its supervisor; else it cleans up and ends by itself.
    """

    def __init__(
        self, supervisor: "Supervisor", key: int, name: str, *, dies_at_once: bool = True
    ) -> None:
        self.name = name
        self.dies_at_once = dies_at_once
        self.pid = 0
        self.status: int | None = None
        self._supervisor, self._key = supervisor, key
        self._started, self._ended = threading.Event(), threading.Event()
        self._answered = threading.Semaphore(0)
        self._sent = 0, 0

    def __repr__(self) -> str:
        state = "running" if self.alive else f"ended: {self.fate}"
        return f"<Process {self.name}, pid {self.pid}, {state}>"

    @property
    def alive(self) -> bool:
        """Tell whether it still runs, a frozen one included."""
        return not self._ended.is_set()

    @property
    def fate(self) -> str:
        """Return how it ended, in words."""
        if self.status is None:
            return "still runs" if self.alive else "ended with its supervisor"
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"

    def log_tail(self, lines: int = LAST_LINES) -> str:
        """Return the last lines of what it wrote to standard error."""
        return _tail(self._file("log"), lines)

    def check(self) -> None:
        """Do nothing if it runs.

        Raises:
            DiedError: if it has ended, with the end of its log.
        """
        if not self.alive:
            raise DiedError(self.name, self.fate, self.log_tail())

    def wait(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds for it to end; return whether it has."""
        return self._ended.wait(timeout)

    def wait_line(self, timeout: float) -> str:
        """Wait for the first line of its standard output and return it without the newline.

        Raises:
            NotReadyError: if there is none after *timeout* seconds, or it ended before, with the
                end of its log.
        """
        begun = time.monotonic()
        while True:
            over = not self.alive or time.monotonic() - begun > timeout
            line, newline, _ = self._output().partition("\n")
            if newline:
                return line
            if over:
                raise NotReadyError(self.name, time.monotonic() - begun, self.log_tail())
            time.sleep(LOOK_EVERY)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM); nothing happens if it has ended."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it without asking (SIGKILL), frozen or not, and what it started; wait until gone."""
        self._signal(signal.SIGKILL)
        if not self._ended.wait(PATIENCE):
            self._supervisor.abandon()

    def freeze(self) -> tuple[int, int]:
        """Stop it without ending it (SIGSTOP); all of it has stopped when this returns.

        Returns:
            Nanoseconds of the monotonic clock: not before the first, all of it by the second.
        """
        return self._signal(signal.SIGSTOP)

    def thaw(self) -> tuple[int, int]:
        """Let a frozen one go on (SIGCONT); return between which nanoseconds that happened."""
        return self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> tuple[int, int]:
        """Send a signal; return between which nanoseconds; zeros if it has ended.

        Raises:
            DiedError: if the supervisor has ended.
            NotReadyError: if it does not answer.
        """
        if not self.alive:
            return 0, 0
        self._supervisor._ask(do="signal", key=self._key, signal=int(number))  # noqa: SLF001 - the two are one thing
        if not self._answered.acquire(timeout=PATIENCE):
            raise self._supervisor.unanswered()
        return self._sent

    def _output(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return self._file("out").read_text(errors="replace")
        return ""

    def _file(self, suffix: str) -> Path:
        return self._supervisor.directory / f"{self.name}.{suffix}"

    def _hear(self, report: Mapping[str, Any]) -> None:
        if "pid" in report:
            self.pid = report["pid"]
            self._started.set()
        elif "sent" in report:
            self._sent = report["sent"][0], report["sent"][1]
            self._answered.release()
        else:
            self._end(report["status"])

    def _end(self, status: int | None) -> None:
        self.status = status
        self._ended.set()
        self._started.set()
        self._answered.release()


class Supervisor:
    """Starts programs and sees to it that they end with this process; a context manager.

    Attributes:
        directory: the run directory, mode 0700, in memory where possible; gone after `close`.
    """

    def __init__(self) -> None:
        self._processes: dict[int, Process] = {}
        self._lock = threading.Lock()
        self._over = False
        argv = [sys.executable, "-S", "-E", "-I", str(SUPERVISOR), str(os.getpid())]
        # A session of its own, so that Ctrl-C reaches this process first and only.
        self._popen = subprocess.Popen(
            [*argv, *map(str, bases())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
        assert self._popen.stdin  # noqa: S101 - for the type checker: they are pipes
        assert self._popen.stdout  # noqa: S101
        self._requests, self._reports = self._popen.stdin, self._popen.stdout
        self._gone = threading.Lock()  # held by who ends a supervisor that does not answer
        report = self._first_report()
        if "error" in report:
            self._popen.wait(PATIENCE)
            self._requests.close()
            self._reports.close()
            raise SettingError(f"no run directory can be made ({report['error']}); {REMEDY}")
        self.directory = Path(report["directory"])
        self._reader = threading.Thread(target=self._listen, name="rds-supervisor", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Return the process id of the supervisor itself."""
        return self._popen.pid

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        told: str = "",
        grace: float = 0.0,
    ) -> Process:
        """Start a program.

        Its standard input is a pipe that ends with the supervisor; its standard output and error
        go to NAME.out and NAME.log in the run directory. It gets this process' environment, without
        the options of ours, which may hold passwords.

        Args:
            name: what errors call it; not that of a running program.
            argv: absolute path of the program and its arguments; never a secret.
            env: what to add to the environment.
            told: the first line of its standard input, which may hold secrets; up to `MOST_TOLD` bytes.
            grace: seconds that it has to clean up once its standard input has ended, also when the
                supervisor was killed; 0 for a program that is killed then.

        Raises:
            DiedError: if the supervisor has ended.
            NotReadyError: if it does not answer; it is killed then, and all its programs.
        """
        if len(told.encode()) >= MOST_TOLD:
            raise ValueError(f"{name} is told more than {MOST_TOLD} bytes")
        with self._lock:
            if any(other.name == name and other.alive for other in self._processes.values()):
                raise ValueError(f"a program named {name} is already running")
            key = len(self._processes)
            process = self._processes[key] = Process(self, key, name, dies_at_once=not grace)
        (self.directory / f"{name}.out").unlink(missing_ok=True)  # of an earlier one
        self._ask(
            do="spawn",
            key=key,
            name=name,
            argv=list(argv),
            env=_environment() | dict(env or {}),
            told=told and f"{told}\n",
            grace=grace,
        )
        if not process._started.wait(PATIENCE):  # noqa: SLF001 - the two are one thing
            raise self.unanswered()
        if not process.pid:
            process.check()
        return process

    def close(self) -> None:
        """End all programs and remove the run directory; harmless the second time."""
        with contextlib.suppress(OSError):
            self._requests.close()
        try:
            self._popen.wait(END_PATIENCE)
        except subprocess.TimeoutExpired:
            self.abandon()
        self._reader.join(PATIENCE)
        if not self._reader.is_alive():  # else closing would wait for it
            self._reports.close()
        # The supervisor has done this, unless somebody killed it.
        shutil.rmtree(self.directory, ignore_errors=True)

    def unanswered(self) -> NotReadyError:
        """End a supervisor that does not answer, and its programs; return the error that says so."""
        log = self._log()
        self.abandon()
        return NotReadyError("the supervisor", PATIENCE, log)

    def abandon(self) -> None:
        """Kill a supervisor that does not answer, with all its programs; harmless if it has ended."""
        with self._gone:
            if self._popen.poll() is not None:
                return
            # While it is stopped it reaps no program, so that no process id below is another's.
            self._popen.send_signal(signal.SIGSTOP)
            for process in list(self._processes.values()):
                if process.pid and process.alive and process.dies_at_once:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(process.pid, signal.SIGKILL)
            self._popen.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(PATIENCE)

    def _first_report(self) -> dict[str, Any]:
        """Return what the supervisor says once it is there.

        Raises:
            DiedError: if it has ended.
            NotReadyError: if it says nothing.
        """
        heard = _ready(self._reports.fileno(), select.POLLIN, PATIENCE)
        first = self._reports.readline() if heard else b""
        if not first:
            self._popen.kill()  # it may have ended already; then nothing happens
            status = self._popen.wait(PATIENCE)
            self._requests.close()
            self._reports.close()
            if heard:
                raise DiedError("the supervisor", f"exit status {status}")
            raise NotReadyError("the supervisor", PATIENCE)
        report: dict[str, Any] = json.loads(first)
        return report

    def _ask(self, **request: object) -> None:
        try:
            with self._lock:
                if self._over:
                    raise DiedError("the supervisor", "it has ended", self._log())
                if self._write(json.dumps(request).encode() + b"\n"):
                    return
        except (BrokenPipeError, ValueError):  # ended, or closed by us
            raise DiedError("the supervisor", "its pipe is closed", self._log()) from None
        raise self.unanswered()

    def _write(self, data: bytes) -> bool:
        """Write to the supervisor's pipe; return False if nobody empties that."""
        number, deadline = self._requests.fileno(), time.monotonic() + PATIENCE
        os.set_blocking(number, False)
        while data:
            left = deadline - time.monotonic()
            if left <= 0 or not _ready(number, select.POLLOUT, left):
                return False
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(number, data) :]
        return True

    def _listen(self) -> None:
        for line in self._reports:
            report = json.loads(line)
            self._processes[report["key"]]._hear(report)  # noqa: SLF001 - the two are one thing
        # Its two pipes do not end at the same moment: no request may slip in between.
        with self._lock:
            self._over = True
        for process in list(self._processes.values()):
            if process.alive:
                process._end(None)  # noqa: SLF001

    def _log(self) -> str:
        return _tail(self.directory / "supervisor.log", LAST_LINES)


def _environment() -> dict[str, str]:
    """Return what a program of ours may know of this process' environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OPTIONS)}


def _ready(number: int, event: int, timeout: float) -> bool:
    """Wait up to *timeout* seconds until a descriptor can be read or written, or is closed."""
    poll = select.poll()  # unlike select, it takes descriptors above 1023
    poll.register(number, event)
    return bool(poll.poll(timeout * 1000))


def _tail(path: Path, lines: int) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
