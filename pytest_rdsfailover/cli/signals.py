"""Signals that end a command: raised as an error, so that what was started is ended in order."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Those that mean something to many programs, and nothing to us.
OTHERS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGWINCH)
# A terminal sends them to us and to what we start.
OF_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH)


class EndedError(KeyboardInterrupt):
    """A signal has told the command to end, as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def heard(*numbers: signal.Signals) -> list[signal.Signals]:
    """Return which of some signals we hear: not those that were ignored when we began, as by `nohup`."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def is_in_foreground() -> bool:
    """Tell whether a terminal sends its Ctrl-C to us and to what we start, wherever our input is from."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise `EndedError` at the first signal in the block that ends us; others do nothing.

    Who is told to end is on its way from then on: a second signal changes nothing, not even after the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are not ours there
        return

    def end(number: int, _: FrameType | None) -> None:
        for ending in before:
            signal.signal(ending, signal.SIG_IGN)
        raise EndedError(number)

    before = {number: signal.signal(number, end) for number in heard(*ENDING)}
    # Not ignored: what we start would ignore them, too.
    quiet = {number: signal.signal(number, lambda *_: None) for number in heard(*OTHERS)}
    try:
        yield
    except EndedError:
        before.clear()
        raise
    finally:
        for number, handler in {**before, **quiet}.items():
            signal.signal(number, handler)
