"""Writers in several processes, for more than one interpreter can do; one clock, one journal."""

import contextlib
import json
import os
import pickle
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.engine import Check, Engine, LoadError
from pytest_rdsfailover.load.progress import Progress
from pytest_rdsfailover.load.standstills import standstill_notes
from pytest_rdsfailover.load.watchdog import Pause
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.typed import typed

PATIENCE = 10.0  # seconds to wait for an answer to a question that takes no time itself
LEAD = 0.1  # seconds before the first slot in which every process is told when to begin
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrder:
    """What a process of a load is to do.

    Attributes:
        make: returns the workload, given the journal that names the keys.
        run: the trial's own prefix.
        writers: how many writers there are in all processes.
        process: number of the process, from 0.
        processes: how many processes there are; writer w belongs to process w modulo this number.
        events: where the process stores what its writers did; None, if it is the only process, for
            memory only.
        engine: `threads` or `fast`.
        rate: writes per second of all writers together.
        policy: how they get a connection back.
        classify: tells outcome and fault of a failed write; None for the driver's own.
        think: seconds that a writer without a schedule waits after an answer, on average.
        secrets: texts that nothing which the load tells may show.
    """

    make: Callable[[Journal], Workload]
    run: str
    writers: int
    process: int
    processes: int
    events: Path | None
    engine: str
    rate: float
    policy: ReconnectPolicy
    classify: Classify | None = None
    think: float = 0.0
    secrets: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeyed:
    """A process has done what it was told, and has nothing to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A process has not done what it was told, and why."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acked:
    """How many writers of a process had a write acknowledged."""

    acked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the writers of a process that have ended did, and when the process stood still."""

    progress: Progress
    pauses: Sequence[Pause]


class ProcessLoad(Engine):
    """A load whose writers are shared out to processes of their own; a context manager.

    The processes end when this one does, because their input ends with it.

    Args:
        order: what the first process is to do.
        journal: takes over what all processes have noted, when they have ended.

    Raises:
        SettingError: if a part of the order cannot be sent to another process, or the events have
            no place.
    """

    def __init__(self, order: LoadOrder, journal: Journal) -> None:
        super().__init__()
        if order.events is None:
            raise SettingError(
                "processes: they need pytest's cache directory, or --rds-journal=DIR"
            )
        self._journal = journal
        self._events = [order.events.with_stem(f"{n + 1}") for n in range(order.processes)]
        self._sent = [
            _pickled(replace(order, process=n, events=path)) for n, path in enumerate(self._events)
        ]
        self._shards: list[_Shard] = []
        self._over = False

    def connect(self, timeout: float, check: Check | None = None) -> None:  # noqa: ARG002 - each waits by itself
        """Start all processes and connect their writers at once."""
        try:
            for sent in self._sent:
                self._shards.append(_Shard(sent))  # `_end` must know each: the next may not start
            self._ask(Obeyed, "connect", timeout, patience=timeout + PATIENCE)
        except BaseException:
            self._end()
            raise

    def begin(self, start: int) -> None:
        """Tell every process when to begin."""
        start = max(start, time.monotonic_ns() + to_nanoseconds(LEAD))
        super().begin(start)
        self._ask(Obeyed, "begin", start)

    def acked_since(self, moment: float) -> int:
        """Return how many writers of all processes had a write acknowledged."""
        return sum(answer.acked for answer in self._ask(Acked, "acked_since", moment))

    def progress(self) -> Progress:
        """Return what the writers of all processes have done so far."""
        return Progress.total(self._ask(Progress, "progress"))

    def stop(self, timeout: float = 10.0) -> None:
        """End all writers and their processes, and take over what they noted."""
        if self._over:
            return
        self._over = True
        self._gate.close()
        try:
            ended = self._ask(Ended, "stop", timeout, patience=timeout + PATIENCE)
            self.asleep = [process.pauses for process in ended]
            self.notes = standstill_notes("process", dict(enumerate(self.asleep)))
            self.complaints = Progress.total([process.progress for process in ended]).complaints
        finally:
            self._end()
        for path in self._events:
            self._journal.adopt(path)

    def _ask(
        self, kind: type[Answer], method: str, *arguments: float, patience: float = PATIENCE
    ) -> list[Answer]:
        """Ask all processes something at once; return their answers, which are of a kind.

        Raises:
            LoadError: if a process has ended, does not answer in time, or answers with an error.
        """
        for shard in self._shards:
            shard.tell(method, *arguments)
        deadline = time.monotonic() + patience
        return [
            typed(
                kind, shard.answer(max(0.0, deadline - time.monotonic())), "an answer of the load"
            )
            for shard in self._shards
        ]

    def _end(self) -> None:
        for shard in self._shards:
            shard.end()
        self._shards = []


class _Shard:
    """One process of a load, and the pipes to it."""

    def __init__(self, order: bytes) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest_rdsfailover.load.process_main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # an interrupt is for pytest, which ends its load in order
        )
        self._unread = b""
        self._write(order)

    def tell(self, method: str, *arguments: float) -> None:
        """Send a question; `answer` returns what comes back."""
        self._write(json.dumps([method, *arguments]).encode() + b"\n")

    def answer(self, patience: float) -> object:
        """Return the next answer, as JSON has it."""
        deadline = time.monotonic() + patience
        output = self._process.stdout
        while output is not None and b"\n" not in self._unread:
            left = deadline - time.monotonic()
            if not select.select([output], [], [], max(0.0, left))[0]:
                raise LoadError(f"process {self._process.pid} of the load does not answer")
            data = os.read(output.fileno(), 65536)
            if not data:
                status = self._process.wait(PATIENCE)
                raise LoadError(
                    f"process {self._process.pid} of the load ended with status {status}, so that"
                    " nothing its writers measured counts"
                )
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        answer = json.loads(line)
        if "error" in answer:
            raise LoadError(answer["error"])
        return answer

    def _write(self, data: bytes) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(
                BrokenPipeError
            ):  # `answer` finds out that the process has ended
                self._process.stdin.write(data)
                self._process.stdin.flush()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _pickled(order: LoadOrder) -> bytes:
    """Return an order as a process reads it: first the path of modules, then what imports them."""
    try:
        return pickle.dumps(sys.path) + pickle.dumps(order)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(
            "processes: what writers run goes to processes of their own, so it has to be functions"
            f" of a module, with connections that setup makes there ({error})"
        ) from None
