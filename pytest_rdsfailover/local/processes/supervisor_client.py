"""This process's side of the supervisor: starts it, sends it requests, hears its reports."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NotRequired, TypedDict

from pytest_rdsfailover.local.processes import run_directory
from pytest_rdsfailover.local.processes.stopped import StopCheck
from pytest_rdsfailover.model.errors import (
    DiedError,
    NotReadyError,
    SettingError,
    StoppedError,
)
from pytest_rdsfailover.model.typed import typed

SUPERVISOR = Path(__file__).with_name("supervisor.py")
PATIENCE = 30.0  # seconds for the supervisor's answers; it does nothing slow
# Seconds for its end: it waits for programs that clean up, and 5 s for files that cannot be removed.
END_PATIENCE = 30.0
OPTIONS = "RDS_"  # how the variables begin that are options of a run
LAST_LINES = 20
LOOK_EVERY = 0.5  # seconds between two looks whether a supervisor that does not answer is stopped
PROC = Path("/proc")


class FirstReport(TypedDict, total=False):
    """What the supervisor says once it is there.

    Attributes:
        directory: the run directory that it has made.
        error: why it could make none.
    """

    directory: str
    error: str


class ProgramReport(TypedDict):
    """What the supervisor says of one program.

    Attributes:
        key: the program's number.
        pid: its process id, if it has just been started.
        sent: the two nanoseconds between which a signal took effect, if one was sent.
        status: how it ended, if it has: an exit status, or the negative number of a signal.
    """

    key: int
    pid: NotRequired[int]
    sent: NotRequired[tuple[int, int]]
    status: NotRequired[int]


class SupervisorClient:
    """A supervisor that is running, and the two pipes to it.

    Args:
        hear: is called with each report, in a thread of the client's own.
        ended: is called there, once, when the supervisor has ended.

    Attributes:
        directory: the run directory that the supervisor has made.
        patience: seconds for its answers.

    Raises:
        SettingError: if no run directory can be made.
        DiedError: if it has ended.
        NotReadyError: if it says nothing.
    """

    def __init__(self, hear: Callable[[ProgramReport], None], ended: Callable[[], None]) -> None:
        self.patience = PATIENCE
        self._hear, self._ended = hear, ended
        self._groups: dict[int, int] = {}  # process ids of the programs that run, by key
        self._lasting: set[int] = set()  # keys of those that clean up and end by themselves
        self._lock = threading.Lock()
        self._over = False
        self._stop = StopCheck("the supervisor")
        self._gone = threading.Lock()  # held by who ends a supervisor that does not answer
        argv = [sys.executable, "-S", "-E", "-I", str(SUPERVISOR), str(os.getpid())]
        # A session of its own, so that Ctrl-C reaches this process first and only.
        self._popen = subprocess.Popen(
            [*argv, *map(str, run_directory.bases())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=environment(),
        )
        assert self._popen.stdin  # noqa: S101 - for the type checker: they are pipes
        assert self._popen.stdout  # noqa: S101
        self._requests, self._reports = self._popen.stdin, self._popen.stdout
        report = self._first_report()
        if "error" in report:
            self._popen.wait(self.patience)
            self._requests.close()
            self._reports.close()
            raise SettingError(
                f"no run directory can be made ({report['error']}); {run_directory.REMEDY}"
            )
        self.directory = Path(report["directory"])
        self._reader = threading.Thread(target=self._listen, name="rds-supervisor", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Return the process id of the supervisor."""
        return self._popen.pid

    def ask(self, **request: object) -> None:
        """Send a request; its report comes later.

        Raises:
            DiedError: if the supervisor has ended.
            NotReadyError: if it takes no requests; it is killed then, and all its programs.
            StoppedError: if it is stopped; so it is then, too.
        """
        if request.get("grace"):
            self._lasting.add(int(str(request["key"])))
        try:
            with self._lock:
                if self._over:
                    raise DiedError("the supervisor", "it has ended", self._log())
                if self._write(json.dumps(request).encode() + b"\n"):
                    return
        except (BrokenPipeError, ValueError):  # ended, or closed by us
            raise DiedError("the supervisor", "its pipe is closed", self._log()) from None
        raise self.unanswered()

    def answers(self, wait: Callable[[float], bool]) -> bool:
        """Wait for an answer of the supervisor; return whether it came.

        Args:
            wait: waits for it for so many seconds, and tells whether it came.
        """
        deadline = time.monotonic() + self.patience
        while not wait(LOOK_EVERY):
            if time.monotonic() > deadline or self._stop.stays(self.pid):
                return False
        return True

    def check_moves(self) -> None:
        """Raise StoppedError if the supervisor is stopped, and does not go on."""
        self._stop.check(self.pid)

    def unanswered(self) -> NotReadyError | StoppedError:
        """End a supervisor that does not answer, and its programs; return the error that says so."""
        log, stopped = self._log(), self._stop.stays(self.pid)
        self.abandon()
        if stopped:
            return self._stop.error(self.pid)
        return NotReadyError("the supervisor", self.patience, log)

    def abandon(self) -> None:
        """Kill a supervisor that does not answer, with all its programs; harmless if it has ended."""
        with self._gone:
            if self._popen.poll() is not None:
                return
            # While it is stopped it reaps no program, so that no id of a child of its is another's.
            self._popen.send_signal(signal.SIGSTOP)
            for key, group in list(self._groups.items()):
                if key in self._lasting or not _is_child(group, self._popen.pid):
                    continue
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
            self._popen.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(self.patience)

    def close(self) -> None:
        """Let it end all programs, and remove the run directory; harmless the second time."""
        with contextlib.suppress(OSError):
            self._requests.close()
        self._popen.send_signal(signal.SIGCONT)  # one that is stopped would not end
        try:
            self._popen.wait(END_PATIENCE)
        except subprocess.TimeoutExpired:
            self.abandon()
        self._reader.join(self.patience)
        if not self._reader.is_alive():  # else closing would wait for it
            self._reports.close()
        # The supervisor has done this, unless somebody killed it.
        shutil.rmtree(self.directory, ignore_errors=True)

    def _first_report(self) -> FirstReport:
        """Return what the supervisor says once it is there."""
        heard = _ready(self._reports.fileno(), select.POLLIN, self.patience)
        first = self._reports.readline() if heard else b""
        if first:
            return typed(FirstReport, json.loads(first), "the supervisor's first report")
        self._popen.kill()  # it may have ended already; then nothing happens
        status = self._popen.wait(self.patience)
        self._requests.close()
        self._reports.close()
        if heard:
            raise DiedError("the supervisor", f"exit status {status}")
        raise NotReadyError("the supervisor", self.patience)

    def _write(self, data: bytes) -> bool:
        """Write to the supervisor's pipe; return False if nobody empties that."""
        number = self._requests.fileno()
        os.set_blocking(number, False)
        while data:
            if not self.answers(lambda timeout: _ready(number, select.POLLOUT, timeout)):
                return False
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(number, data) :]
        return True

    def _listen(self) -> None:
        for line in self._reports:
            report = typed(ProgramReport, json.loads(line), "a report of the supervisor")
            if "pid" in report:
                self._groups[report["key"]] = report["pid"]
            if "status" in report:
                self._groups.pop(report["key"], None)
            self._hear(report)
        # Its two pipes do not end at the same moment: no request may slip in between.
        with self._lock:
            self._over = True
        self._ended()

    def _log(self) -> str:
        return tail(self.directory / "supervisor.log")


def environment() -> dict[str, str]:
    """Return what a program of ours may know of this process' environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OPTIONS)}


def _ready(number: int, event: int, timeout: float) -> bool:
    """Wait up to *timeout* seconds until a descriptor can be read or written, or is closed."""
    poll = select.poll()  # unlike select, it takes descriptors above 1023
    poll.register(number, event)
    return bool(poll.poll(timeout * 1000))


def _is_child(pid: int, parent: int) -> bool:
    """Tell whether a process has that parent: a program may have ended, and its id be another's."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return not PROC.is_dir()  # a system that does not tell
    return fields[1] == str(parent)


def tail(path: Path, lines: int = LAST_LINES) -> str:
    """Return the last lines of a file; an empty text if it is not there."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
