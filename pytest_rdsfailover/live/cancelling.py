"""SIGTERM, by which CI cancels a run, ends a live run in order: else its table stays in the schema."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def cancelled_in_order() -> Iterator[None]:
    """Let SIGTERM interrupt the block as Ctrl-C does, once: who is told to end cleans up undisturbed.

    Nothing is changed where somebody else handles that signal already, or in another thread than the first.
    """
    first = threading.current_thread() is threading.main_thread()
    if not first or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def cancel(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt("SIGTERM")

    signal.signal(signal.SIGTERM, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
