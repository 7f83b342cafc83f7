"""Writes by a program of any language: keys on its standard input, answers on its standard output."""

import contextlib
import os
import select
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_rdsfailover.load import stray_lines
from pytest_rdsfailover.load.outside import Cuttable, OutsideWorkload
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.errors import ContradictionError, SettingError, ToldError
from pytest_rdsfailover.model.executed import start
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql.driver import KINDS

ENDS_WITHIN = 2.0  # seconds that a program has for its end once its input has ended
LOOK_EVERY = 0.02  # seconds between two looks whether it has ended
BLOCK, LONGEST_LINE = 65536, 1 << 20  # bytes
OUTCOMES = {"ok": Outcome.ACKED, "refused": Outcome.REFUSED, "unknown": Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessWorkload(OutsideWorkload):
    """Lets a program of any language write: each writer starts one, which lives as long as its load.

    It reads one key a line from its standard input, and answers each with one line on its standard
    output: `ok KEY` once the write is acknowledged, `refused KEY CODE` if nothing was stored, `unknown
    KEY CODE` if it cannot tell. CODE is MySQL's error number, or 0. It ends with its input. A program
    that ends before is started again for the next key. Its standard error is ours. Any other line is no
    answer to any key; the first ones are told on standard error.

    Attributes:
        command: the program and its arguments.
        environ: what to add to its environment; None takes a variable away.
        answer_within: seconds for an answer; what comes later is the answer to no other key.

    Raises:
        SettingError: if there is no such program.
    """

    command: list[str] | tuple[str, ...]
    environ: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    answer_within: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what cannot be started."""
        if not isinstance(self.command, (list, tuple)) or not self.command:
            raise SettingError("command: a list of the program and its arguments")
        if shutil.which(self.command[0]) is None:
            raise SettingError(f"there is no program {self.command[0]!r} that can be run")
        if self.answer_within <= 0:
            raise SettingError("a program needs some time for an answer")

    def open(self) -> "ProgramSession":
        """Start a writer's program."""
        return ProgramSession(self)

    def write(self, key: str, session: "ProgramSession") -> None:
        """Have the program write a key; return if it says ok.

        Raises:
            ToldError: if it says anything else, or nothing.
        """
        session.write(key)

    def close(self, session: "ProgramSession") -> None:
        """End the program."""
        session.close()


class ProgramSession(Cuttable):
    """One writer's program.

    Args:
        workload: what to start.
    """

    def __init__(self, workload: ProcessWorkload) -> None:
        self._workload, self._name = workload, shlex.join(workload.command)
        self._late: set[str] = set()  # keys whose answers nobody waits for any more
        self._answers: dict[str, str] = {}  # what was said of each key
        self._doubled: list[tuple[str, str]] = []  # keys, and what else was said of them
        self._reaping = threading.Lock()  # held where the process changes, or its id is given back
        self._is_cut = False
        self._process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        self._buffer = b""
        environ = {**os.environ, **self._workload.environ}
        command = self._workload.command
        return start(
            command,
            shutil.which(command[0]) or command[0],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in environ.items() if value is not None},
            process_group=0,  # so that Ctrl-C reaches us alone, and its own children can be ended
        )

    def write(self, key: str) -> None:
        """Hand over a key and wait for its answer; see `ProcessWorkload.write`."""
        if self._has_ended():
            self._end()
            if not self._start_again():
                raise self._unanswered(key)
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
        try:
            self._process.stdin.write(f"{key}\n".encode())
            self._process.stdin.flush()
            word, code = self._answer(key)
        except (OSError, EOFError):
            raise self._unanswered(key) from None
        outcome = OUTCOMES[word]
        if outcome is not Outcome.ACKED:
            fault = Fault(code, KINDS.get(code, "server") if code else "server")
            raise ToldError(outcome, fault, f"{self._name} said: {word} {key} {code}")

    def _start_again(self) -> bool:
        """Start the program anew, unless it was cut; tell whether it runs."""
        with self._reaping:
            if not self._is_cut:
                self._process = self._started()
        return not self._is_cut

    def _answer(self, key: str) -> tuple[str, int]:
        """Return word and code of a key's answer; what else is said meanwhile is no answer to it."""
        deadline = time.monotonic() + self._workload.answer_within
        stray = ""
        while (line := self._line(deadline)) is not None:
            word, answered, code = _words(line)
            number = code or "0"
            if self._is_old(word, answered, line):
                continue
            if word not in OUTCOMES or answered not in ("", key):
                stray = stray_lines.told(self._workload.command, line)
            elif answered and number.isascii() and number.isdecimal():
                self._answers[key] = line
                return word, min(int(number), 65535)
            else:
                self._late.add(key)
                text = f"it has said {stray_lines.shape(line)!r}; {stray_lines.SPOKEN}"
                raise ToldError(Outcome.UNKNOWN, Fault(0, "client"), text)
        self._late.add(key)
        hint = stray or ("" if self._answers else "; has it flushed the line?")
        text = (
            f"{self._name} has not answered {key} within {self._workload.answer_within:g} s{hint}"
        )
        raise ToldError(Outcome.UNKNOWN, Fault(0, "timeout"), text)

    def _is_old(self, word: str, answered: str, line: str) -> bool:
        """Tell whether a line is about an earlier key: one that was late, or one that has its answer."""
        known = answered in self._answers
        if word not in OUTCOMES or not (known or answered in self._late):
            return False
        if known:
            self._doubled.append((answered, line))
        self._late.discard(answered)
        self._answers.setdefault(answered, line)
        return True

    def _line(self, deadline: float) -> str | None:
        """Return the next line; None if there is none until the deadline.

        Raises:
            EOFError: if there will be none.
        """
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        number = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(number, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            line, end, rest = self._buffer.partition(b"\n")
            if end:
                self._buffer = rest
                return line.decode("utf-8", "replace").strip()
            self._buffer = line[
                :LONGEST_LINE
            ]  # no answer is as long: what follows is of no interest
            if not poll.poll(left * 1000):
                break
            block = os.read(number, BLOCK)
            if not block:
                raise EOFError
            self._buffer += block
        return None

    def _unanswered(self, key: str) -> ToldError:
        """End what is of no more use; return the error that says so."""
        self._end()
        text = (
            f"{self._name} has ended (status {self._process.returncode}) before it answered {key}"
        )
        return ToldError(Outcome.UNKNOWN, Fault(0, "reset"), text)

    def close(self) -> None:
        """Let the program end with its input; kill it if it does not, and whatever it has started.

        Raises:
            ContradictionError: if it has answered a key more than once.
        """
        self._end()
        if self._doubled:
            key, line = self._doubled[0]
            lines = (self._answers[key], line)
            raise ContradictionError(self._name, key, lines, len(self._doubled))

    def cut(self) -> None:
        """Kill the program, whatever its writer waits for; no other is started in its place."""
        with self._reaping:
            self._is_cut = True
            self._kill()

    def _end(self) -> None:
        """Close its input, hear what it still says, end it, and whatever it has started."""
        process = self._process
        assert process.stdin is not None  # noqa: S101 - for the type checker: they are pipes
        assert process.stdout is not None  # noqa: S101
        with contextlib.suppress(OSError):
            process.stdin.close()
        if process.returncode is None:
            self._hear_out(time.monotonic() + ENDS_WITHIN)
        with self._reaping, contextlib.suppress(subprocess.TimeoutExpired):
            self._kill()
            process.wait(ENDS_WITHIN)
        process.stdout.close()

    def _hear_out(self, deadline: float) -> None:
        """Hear what the program says until it has ended."""
        ended = False
        while not ended and time.monotonic() < deadline:
            ended = self._has_ended()  # asked first, so that nothing that it said before is missed
            try:
                self._hear(time.monotonic() + LOOK_EVERY)
            except EOFError:
                left = max(0.0, deadline - time.monotonic())
                wait_until(self._has_ended, timeout=left, clock=MonotonicClock())
                return

    def _hear(self, deadline: float) -> None:
        """Note answers to keys that nobody waits for."""
        while (line := self._line(deadline)) is not None:
            word, answered, _ = _words(line)
            self._is_old(word, answered, line)

    def _kill(self) -> None:
        """Kill its process group, unless it was reaped, and the id may be another's."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _has_ended(self) -> bool:
        """Tell whether the program has ended; it is left to be reaped, so that its id stays its own."""
        if self._process.returncode is not None:
            return True
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, how) is not None


def _words(line: str) -> tuple[str, str, str]:
    """Return word, key and code of a line; empty where it has none."""
    word, _, rest = line.partition(" ")
    answered, _, code = rest.partition(" ")
    return word, answered, code.strip()
