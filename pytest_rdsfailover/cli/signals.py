"""Signals that end a command: raised as an error, so that what was started is ended in order."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndedError(BaseException):
    """A signal has told the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def heard() -> list[signal.Signals]:
    """Return the signals that end us: not those that were ignored when we began, as by `nohup`."""
    return [ending for ending in ENDING if signal.getsignal(ending) is not signal.SIG_IGN]


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
    """Raise `EndedError` at the first signal in the block; later ones do not disturb the end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are not ours there
        return

    def end(number: int, _: FrameType | None) -> None:
        for ending in before:
            signal.signal(ending, signal.SIG_IGN)
        raise EndedError(number)

    before = {ending: signal.signal(ending, end) for ending in heard()}
    try:
        yield
    finally:
        for ending, handler in before.items():
            signal.signal(ending, handler)
