"""A timer that a poll can wait for, finer than the milliseconds of `epoll`."""

import ctypes
import os
import struct
import time
from typing import Self

from pytest_rdsfailover.model.clock import SECOND

NONBLOCK, CLOEXEC, ABSOLUTE = os.O_NONBLOCK, os.O_CLOEXEC, 1
ITIMERSPEC = struct.Struct("@qqqq")  # interval and value, as seconds and nanoseconds


class Timer:
    """A Linux `timerfd` on the monotonic clock; a context manager that closes it.

    Attributes:
        fd: the descriptor that becomes readable when the time has come.

    Raises:
        OSError: if the system has no `timerfd`.
    """

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        if not hasattr(library, "timerfd_create"):
            raise OSError("this system has no timerfd")
        self._set = library.timerfd_settime
        self.fd = int(library.timerfd_create(time.CLOCK_MONOTONIC, NONBLOCK | CLOEXEC))
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def arm(self, moment: int) -> None:
        """Become readable at a nanosecond of `time.monotonic_ns`; at once if that is past."""
        seconds, nanoseconds = divmod(max(1, moment), SECOND)
        self._set(self.fd, ABSOLUTE, ITIMERSPEC.pack(0, 0, seconds, nanoseconds), None)
