"""What ends a run from outside ends a live run in order: else its table stays in the schema."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# CI cancels a run by the first; a terminal that is gone, as of a lost SSH session, sends the other.
ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cancelled_in_order() -> Iterator[None]:
    """Let these signals interrupt the block as Ctrl-C does, once: who is told to end cleans up undisturbed.

    Nothing is changed where somebody else handles or ignores one already, or in another thread than the first.
    """
    first = threading.current_thread() is threading.main_thread()
    free = [number for number in ENDING if first and signal.getsignal(number) is signal.SIG_DFL]

    def handle(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
        for number in free:
            signal.signal(number, handler)

    def cancel(number: int, _: FrameType | None) -> None:
        handle(signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    handle(cancel)
    try:
        yield
    finally:
        handle(signal.SIG_DFL)
