"""The user's own code as a workload: functions and coroutine functions, called at each slot."""

import asyncio
import concurrent.futures
import contextlib
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.attempts import AttemptRecorder, Classify
from pytest_rdsfailover.load.bounded import BoundedCall, UnendedCallError
from pytest_rdsfailover.load.event_loops import EventLoops, SharedLoop
from pytest_rdsfailover.load.mix import MixStep, spread
from pytest_rdsfailover.load.options import StoredCode
from pytest_rdsfailover.load.outside import Cuttable
from pytest_rdsfailover.load.returned import settled
from pytest_rdsfailover.load.signatures import check_call, check_function, name_of, reports
from pytest_rdsfailover.load.stored_keys import Found, found_in
from pytest_rdsfailover.load.workload import Position, Session
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import (
    AuditError,
    CancelledWorkError,
    ExitedWorkError,
    SettingError,
)

Renew = Literal["never", "on_error"]
AUDITOR = -1  # who reads writes back: none of the writers
LONGEST_AUDIT = 60.0  # seconds that the user's `stored` may take; it may return millions of keys
CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


class CallWorkload:
    """The user's own code: a function, or a coroutine function, called with the key to write.

    Args:
        journal: gives each write its key.
        function: called with the key, and with what *setup* returned if there is one; returning
            acknowledges the write, raising does not. A function with a parameter `attempt` gets an
            object that reports its tries. Or a mapping of several such functions to their weights.
        reads: a function, or functions and their weights, that store nothing; called without a key.
        stored: returns all keys that are stored; None if stored keys cannot be read back.
        setup: called once per writer, before its first write.
        teardown: called with what *setup* returned, or without setup with nothing.
        renew: `never`, or `on_error`: then teardown and setup are called again after an error that
            shows a connection to be of no more use.
        event_loops: where coroutines run; None for one loop of ours.
        rows: how many rows one write stores, all with its key.
    """

    made = "the writers' event loops"
    needs_writer = False

    def __init__(  # noqa: PLR0913 - these are the options of a user's workload
        self,
        journal: Journal,
        function: Callable[..., Any] | Mapping[Callable[..., Any], int],
        *,
        stored: StoredCode | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        reads: Callable[..., Any] | Mapping[Callable[..., Any], int] | None = None,
        classify: Classify | None = None,
        renew: Renew = "never",
        event_loops: EventLoops | None = None,
        rows: int = 1,
    ) -> None:
        if renew not in ("never", "on_error"):
            raise SettingError(f'renew: "never" or "on_error", not {renew!r}')
        if renew == "on_error" and setup is None:
            raise SettingError('renew="on_error": there is nothing to renew without setup')
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
            raise SettingError(f"rows={rows!r}: write how many rows one write stores, from 1")
        self.rows = rows
        self.torn: Sequence[Position] = ()
        self.renews = renew == "on_error"
        self.loops = event_loops or SharedLoop()
        self.steps = _steps(function, reads)
        self.setup, self.teardown = setup, teardown
        _check_calls(self.steps, stored, setup, teardown)
        self._journal, self._stored, self._classify = journal, stored, classify

    def key(self, writer: int, sequence: int) -> str:
        """Return the key that a write carries."""
        return self._journal.key(writer, sequence)

    def attempts(self, writer: int) -> AttemptRecorder | None:
        """Return the object that reports a writer's tries; None if no function asks for it."""
        if not any(step.reports for step in self.steps):
            return None
        return AttemptRecorder(self._journal.writers[writer].attempts, self._classify)

    def create(self, control: Endpoint) -> None:
        """Do nothing: the user's tables are the user's."""

    def open(self, writer: int, bounds: Bounds) -> Session:  # noqa: ARG002 - the connections are the user's
        """Return a session: what the user's setup makes for one writer."""
        return CallSession(self, writer)

    def stored(self, control: Endpoint) -> list[Position] | None:  # noqa: ARG002 - the protocol's
        """Return the positions of the keys that are ours.

        Raises:
            AuditError: if what the user's code returns are no keys, or if it does not return.
        """
        if self._stored is None:
            return None
        call = BoundedCall(partial(self._found, self._stored), "rds-stored")
        try:
            found = call.result(LONGEST_AUDIT)
        except UnendedCallError:
            trace = "\n".join(self.loops.stack(AUDITOR) or call.stack())
            raise AuditError(
                f"stored has not returned after {LONGEST_AUDIT:g} s and is left to itself; bound its"
                " waits",
                trace,
            ) from None
        self.torn = found.torn
        return found.positions

    def _found(self, stored: Callable[[], Any]) -> Found:
        with _as_errors(stored):
            keys = stored()
            if inspect.isawaitable(keys):
                keys = self.loops.run(AUDITOR, keys)
        return found_in(self._journal, keys, self.rows)

    def drop(self, control: Endpoint) -> None:  # noqa: ARG002 - the protocol's
        """Cancel coroutines that still run."""
        self.loops.close()


class CallSession:
    """One writer's calls of the user's code."""

    instance = None

    def __init__(self, workload: CallWorkload, writer: int) -> None:
        self._workload, self._writer = workload, writer
        self.attempts = workload.attempts(writer)
        self._state = () if workload.setup is None else (self._call(workload.setup),)

    def perform(self, step: MixStep, sequence: int) -> None:
        """Call the user's function; a function that writes gets the key."""
        if step.call is None:
            raise TypeError(f"{step.name} is ours, not the user's")
        more = {"attempt": self.attempts} if step.reports else {}
        key = () if step.reads else (self._workload.key(self._writer, sequence),)
        result = self._call(step.call, *key, *self._state, **more)
        with _as_errors(step.call):
            settled(step.call, result)

    def close(self) -> None:
        """Call the user's teardown; raise what it raises."""
        if self._workload.teardown is not None:
            self._call(self._workload.teardown, *self._state)

    def cut(self) -> None:
        """End what the writer waits for, if it is outside of this process."""
        for state in self._state:
            if isinstance(state, Cuttable):
                state.cut()

    def _call(self, function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        with _as_errors(function):
            result = function(*arguments, **more)
            waits = inspect.isawaitable(result)
            return self._workload.loops.run(self._writer, result) if waits else result

    def stack(self) -> list[str]:
        """Return where a coroutine of this writer waits now; nothing without one."""
        return self._workload.loops.stack(self._writer)


@contextlib.contextmanager
def _as_errors(function: Callable[..., Any]) -> Iterator[None]:
    """Make errors of the application of what is no `Exception`; nothing else would handle it.

    An exit, or `pytest.fail`, ends a thread as little as a program. Only Ctrl-C stays what it is: the
    system tells it to the first thread, so that any other has it from the application.
    """
    try:
        yield
    except CANCELLED as error:
        trace = error.__traceback__
        raise CancelledWorkError(name_of(function)).with_traceback(trace) from error
    except Exception:
        raise
    except BaseException as error:
        first = threading.current_thread() is threading.main_thread()
        if first and isinstance(error, KeyboardInterrupt):
            raise
        how = f"{type(error).__name__}: {error}".removesuffix(": ")
        trace = error.__traceback__
        raise ExitedWorkError(name_of(function), how).with_traceback(trace) from error


def _steps(
    writes: Callable[..., Any] | Mapping[Callable[..., Any], int],
    reads: Callable[..., Any] | Mapping[Callable[..., Any], int] | None,
) -> tuple[MixStep, ...]:
    weights = {}
    for option, functions, is_read in (("workload", writes, False), ("reads", reads or {}, True)):
        weighed = functions if isinstance(functions, Mapping) else {functions: 1}
        for function, weight in weighed.items():
            check_function(option, function)
            name = name_of(function)
            tells = not is_read and reports(function)
            weights[MixStep(name, is_read, function, tells)] = weight
    return spread(weights)


def _check_calls(
    steps: Iterable[MixStep],
    stored: Callable[[], Any] | None,
    setup: Callable[[], Any] | None,
    teardown: Callable[..., Any] | None,
) -> None:
    """Refuse functions that cannot be called as they will be called, before the load begins."""
    state = [] if setup is None else ["what setup returned"]
    for step in steps:
        key = [] if step.reads else ["the key"]
        more = {"attempt": None} if step.reports else {}
        check_call("reads" if step.reads else "workload", step.call, [*key, *state], more)
    for option, function, arguments in (
        ("stored", stored, []),
        ("setup", setup, []),
        ("teardown", teardown, state),
    ):
        if function is not None:
            check_call(option, function, arguments, {})
