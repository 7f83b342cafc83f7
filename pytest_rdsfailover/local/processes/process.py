"""Programs that this process starts, and that never outlive it.

They are children of a supervisor (`supervisor.py`), which ends them and removes their files when
this process ends, however it ends.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pytest_rdsfailover.local.processes.stopped import StopCheck
from pytest_rdsfailover.local.processes.supervisor_client import (
    LAST_LINES,
    ProgramReport,
    SupervisorClient,
    environment,
    tail,
)
from pytest_rdsfailover.model.errors import DiedError, NotReadyError

MOST_TOLD = 4096  # bytes: a pipe takes so many whether or not somebody reads them
LOOK_EVERY = 0.002  # seconds between two looks for a program's first line


class Process:
    """A program under a supervisor; made by `Supervisor.spawn`.

    Attributes:
        name: what errors call it; its files in the run directory start with it.
        pid: its process id; 0 until it was started.
        status: how it ended: an exit status, or the negative number of the signal that ended it;
            None while it runs.
    """

    def __init__(self, supervisor: SupervisorClient, key: int, name: str, program: str) -> None:
        self.name = name
        self.pid = 0
        self.status: int | None = None
        self._supervisor, self._key = supervisor, key
        self._started, self._ended = threading.Event(), threading.Event()
        self._answered = threading.Semaphore(0)
        self._sent = 0, 0
        self._frozen, self._stop = False, StopCheck(name, program)

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
        """Return the last lines of what it wrote to standard error, or else to standard output.

        The real Toxiproxy says there why it does not listen.
        """
        return tail(self._file("log"), lines) or tail(self._file("out"), lines)

    def check(self) -> None:
        """Do nothing if it runs.

        Raises:
            DiedError: if it has ended, with the end of its log.
        """
        if not self.alive:
            raise DiedError(self.name, self.fate, self.log_tail())

    def check_moves(self) -> None:
        """Do nothing if it runs and nobody else has stopped it; a short stop is waited for.

        Raises:
            DiedError: if it has ended, with the end of its log.
            StoppedError: if it, or its supervisor, is stopped and does not go on.
        """
        self.check()
        self._supervisor.check_moves()
        self._check_stop()

    def wait(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds for it to end; return whether it has."""
        return self._ended.wait(timeout)

    def wait_started(self) -> None:
        """Wait until the supervisor has started it, or has failed to.

        Raises:
            NotReadyError: if the supervisor does not answer; it is killed then.
            StoppedError: if it is stopped; it is killed then, too.
        """
        if not self._supervisor.answers(self._started.wait):
            raise self._supervisor.unanswered()

    def wait_line(self, timeout: float) -> str:
        """Wait for the first line of its standard output and return it without the newline.

        Raises:
            NotReadyError: if there is none after *timeout* seconds, or it ended before, with the
                end of its log.
            StoppedError: if it is stopped, and does not go on.
        """
        begun = time.monotonic()
        while True:
            over = not self.alive or time.monotonic() - begun > timeout
            line, newline, _ = self._output().partition("\n")
            if newline:
                return line
            self._check_stop()
            if over:
                raise NotReadyError(self.name, time.monotonic() - begun, self.log_tail())
            time.sleep(LOOK_EVERY)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM); nothing happens if it has ended."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it without asking (SIGKILL), frozen or not, and what it started; wait until gone."""
        self._signal(signal.SIGKILL)
        if not self._supervisor.answers(self._ended.wait):
            self._supervisor.abandon()

    def freeze(self) -> tuple[int, int]:
        """Stop it without ending it (SIGSTOP); all of it has stopped when this returns.

        Returns:
            Nanoseconds of the monotonic clock: not before the first, all of it by the second.
        """
        self._frozen = True
        return self._signal(signal.SIGSTOP)

    def thaw(self) -> tuple[int, int]:
        """Let a frozen one go on (SIGCONT); return between which nanoseconds that happened."""
        thawed = self._signal(signal.SIGCONT)
        self._frozen = False
        return thawed

    def hear(self, report: ProgramReport) -> None:
        """Take what the supervisor says of it."""
        if "pid" in report:
            self.pid = report["pid"]
            self._started.set()
        elif "sent" in report:
            self._sent = report["sent"]
            self._answered.release()
        elif "status" in report:
            self.end(report["status"])

    def end(self, status: int | None) -> None:
        """Note that it has ended; None if only the end of its supervisor was seen."""
        self.status = status
        self._ended.set()
        self._started.set()
        self._answered.release()

    def _signal(self, number: signal.Signals) -> tuple[int, int]:
        """Send a signal; return between which nanoseconds; zeros if it has ended.

        Raises:
            DiedError: if the supervisor has ended.
            NotReadyError: if it does not answer.
        """
        if not self.alive:
            return 0, 0
        self._supervisor.ask(do="signal", key=self._key, signal=int(number))
        if not self._supervisor.answers(self._heard):
            raise self._supervisor.unanswered()
        return self._sent

    def _check_stop(self) -> None:
        if not self._frozen:
            self._stop.check(self.pid)

    def _heard(self, timeout: float) -> bool:
        return self._answered.acquire(timeout=timeout)

    def _output(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return self._file("out").read_text(errors="replace")
        return ""

    def _file(self, suffix: str) -> Path:
        return self._supervisor.directory / f"{self.name}.{suffix}"


class Supervisor:
    """Starts programs and sees to it that they end with this process; a context manager.

    Attributes:
        directory: the run directory, mode 0700, in memory where possible; gone after `close`.

    Raises:
        SettingError: if no run directory can be made.
        DiedError: if the supervisor's own process has ended.
        NotReadyError: if that does not answer.
    """

    def __init__(self) -> None:
        self._processes: dict[int, Process] = {}
        self._lock = threading.Lock()
        self._client = SupervisorClient(self._hear, self._end)
        self.directory = self._client.directory

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Return the process id of the supervisor itself."""
        return self._client.pid

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
            process = self._processes[key] = Process(
                self._client, key, name, program=Path(argv[0]).name
            )
        (self.directory / f"{name}.out").unlink(missing_ok=True)  # of an earlier one
        self._client.ask(
            do="spawn",
            key=key,
            name=name,
            argv=list(argv),
            env=environment() | dict(env or {}),
            told=told and f"{told}\n",
            grace=grace,
        )
        process.wait_started()
        if not process.pid:
            process.check()
        return process

    def close(self) -> None:
        """End all programs and remove the run directory; harmless the second time."""
        self._client.close()

    def _hear(self, report: ProgramReport) -> None:
        self._processes[report["key"]].hear(report)

    def _end(self) -> None:
        for process in list(self._processes.values()):
            if process.alive:
                process.end(None)
