"""Where a user's coroutines run: all in one loop, as in an application, or in one per writer."""

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Awaitable
from concurrent.futures import CancelledError, Future, wait
from typing import Any, Literal, Protocol

from pytest_rdsfailover.model.errors import SettingError

Loops = Literal["one", "per writer"]
OURS = "the load's own event loop (loop= gives it the application's)"
GIVEN = "the event loop that loop= has given, or the test's"
PER_WRITER = "the writer's own event loop"
CLOSING = 2.0  # seconds that cancelled coroutines have to end


class EventLoops(Protocol):
    """The event loops of a load's coroutines; made when the first coroutine comes."""

    @property
    def name(self) -> str:
        """Return which loop a coroutine runs in, as a user would call it."""

    def run(self, writer: int, awaitable: Awaitable[Any]) -> Any:
        """Return what an awaitable of a writer gives, or raise what it raises; waits for it."""

    def stack(self, writer: int) -> list[str]:
        """Return where the awaitable of a writer waits now, the innermost line last."""

    def close(self) -> None:
        """Cancel what still runs; close the loops that nobody else can need."""


def choose_loops(loop: object, loops: object) -> EventLoops:
    """Return the event loops that a test asks for.

    Args:
        loop: the application's own, which runs in a thread of the application; None for none.
        loops: `one` for all writers, as an application has it, or one `per writer`.

    Raises:
        SettingError: if the options make no sense.
    """
    if loops not in ("one", "per writer"):
        raise SettingError(f'loops: "one" or "per writer", not {loops!r}')
    if loop is None:
        return SharedLoop() if loops == "one" else LoopPerWriter()
    if not isinstance(loop, asyncio.AbstractEventLoop):
        raise SettingError(f"loop: an event loop of asyncio, not {loop!r:.80}")
    if loop is running_loop():
        raise SettingError(
            "loop: this test runs in it, and would wait for itself; write await rds_trial.run(...)"
            " or async with rds_load(...), which take the test's loop by themselves"
        )
    if loops != "one":
        raise SettingError("loop: it runs the coroutines of all writers; leave out loops")
    if not loop.is_running():
        raise SettingError(
            "loop: it is not running; give the loop that a thread of the application runs, or leave"
            " it out: then the load has one of its own"
        )
    return SharedLoop(loop)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that this thread runs; None if it runs none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Tasks:
    """The task of each writer, so that a hanging one can be shown.

    Args:
        name: the loop in which they run; a time-out is noted with it, which else says nothing.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._tasks: dict[int, asyncio.Task[Any]] = {}

    async def noted(
        self, writer: int, awaitable: Awaitable[Any]
    ) -> tuple[Any, BaseException | None]:
        """Return what an awaitable gives, or an exit or a time-out that it raised.

        An exit would end its loop. A task that it returns is waited for, as a future of a pool is.
        """
        task = asyncio.current_task()
        if task is not None:
            self._tasks[writer] = task
        try:
            result = await awaitable
            while asyncio.isfuture(result):
                result = await result
        except TimeoutError as error:  # a future would make another of it, without its note
            error.add_note(f"in {self.name}")
            return None, error
        except (SystemExit, KeyboardInterrupt) as exit_:
            return None, exit_
        else:
            return result, None
        finally:
            self._tasks.pop(writer, None)

    def stack(self, writer: int) -> list[str]:
        """Return where the task of a writer waits, from the outermost coroutine inwards."""
        task = self._tasks.get(writer)
        lines, waiting = [], None if task is None else task.get_coro()
        while (frame := getattr(waiting, "cr_frame", None)) is not None:
            code = frame.f_code
            lines.append(f'File "{code.co_filename}", line {frame.f_lineno}, in {code.co_name}')
            waiting = getattr(waiting, "cr_await", None)
        return [f"in {self.name}:", *lines[1:]] if lines else []  # the first is `noted` above


class SharedLoop(_Tasks):
    """One loop for the writers of all loads: the application's, or the one of this process.

    Clients are bound to the loop in which they first waited, so a client that is made once must find
    the same loop in every trial.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__(OURS if loop is None else GIVEN)
        self._loop = loop
        self._waiting: set[Future[Any]] = set()
        self._lock = threading.Lock()  # held while a coroutine begins, so that `close` misses none

    def run(self, writer: int, awaitable: Awaitable[Any]) -> Any:
        """Run an awaitable in the loop, from a writer's thread."""
        loop = self._loop or process_loop()
        with self._lock:
            future = asyncio.run_coroutine_threadsafe(self.noted(writer, awaitable), loop)
            self._waiting.add(future)
        try:
            result, error = future.result()
        except CancelledError:  # of the future; asyncio's own is no Exception
            raise asyncio.CancelledError from None
        finally:
            self._waiting.discard(future)
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Cancel what still runs. The loop goes on: the application's clients are bound to it."""
        with self._lock:
            left = set(self._waiting)
        for future in left:
            future.cancel()
        wait(left, CLOSING)


class LoopPerWriter(_Tasks):
    """A loop for each writer, in its thread."""

    def __init__(self) -> None:
        super().__init__(PER_WRITER)
        self._runners: dict[int, asyncio.Runner] = {}

    def run(self, writer: int, awaitable: Awaitable[Any]) -> Any:
        """Run an awaitable in the writer's loop."""
        if writer not in self._runners:
            # A factory keeps `close` from unsetting the event loop of the thread that calls it.
            self._runners[writer] = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        result, error = self._runners[writer].run(self.noted(writer, awaitable))
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Close the loops, but not one that still hangs in the user's code."""
        with contextlib.ExitStack() as stack:
            for runner in self._runners.values():
                if not runner.get_loop().is_running():
                    stack.callback(runner.close)
            self._runners.clear()


_making = threading.Lock()
_made: list[asyncio.AbstractEventLoop] = []


def process_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that runs the coroutines of this process' loads, in a thread of its own."""
    with _making:
        if not _made:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run, args=(loop,), name="rds-event-loop", daemon=True)
            thread.start()
            atexit.register(_end, loop, thread)
            _made.append(loop)
        return _made[0]


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped. An exit of a task that the user's code made only interrupts it."""
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):  # of a task, which has it as its result, too
            continue
        return


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """Close the loop of this process, unless the user's code blocks it."""
    loop.call_soon_threadsafe(loop.stop)
    thread.join(CLOSING)
    if not thread.is_alive():
        loop.close()
