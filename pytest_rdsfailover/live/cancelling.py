"""What ends a run from outside ends a live run in order: else its table stays in the schema."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

# CI cancels a run by the first; a terminal that is gone, as of a lost SSH session, sends the other.
ENDING = (signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], object] | signal.Handlers


@dataclass(slots=True)
class Cancelling:
    """Whether a run was told to end.

    Attributes:
        asked: whether it was, by Ctrl-C or one of these signals.
    """

    asked: bool = False


@contextmanager
def cancelled_in_order() -> Iterator[Cancelling]:
    """Let these signals interrupt the block as Ctrl-C does, once: who is told to end cleans up undisturbed.

    A second Ctrl-C interrupts that, too. Nothing is changed where somebody else handles or ignores a
    signal already, or in another thread than the first.
    """
    first = threading.current_thread() is threading.main_thread()
    usual = dict.fromkeys(ENDING, signal.SIG_DFL) | {signal.SIGINT: signal.default_int_handler}
    free = [number for number in usual if first and signal.getsignal(number) == usual[number]]
    told = Cancelling()

    def handle(handlers: Mapping[signal.Signals, Handler]) -> None:
        for number in free:
            signal.signal(number, handlers[number])

    def cancel(number: int, _: FrameType | None) -> None:
        told.asked = True
        handle({**dict.fromkeys(ENDING, signal.SIG_IGN), signal.SIGINT: usual[signal.SIGINT]})
        raise KeyboardInterrupt(signal.Signals(number).name)

    handle(dict.fromkeys(usual, cancel))
    try:
        yield told
    finally:
        handle(usual)
