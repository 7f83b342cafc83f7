"""Threads that share one interpreter lock write faster on one CPU than on several."""

import os
import sys


def stay_on_one_cpu() -> None:
    """Keep the calling thread on one CPU of the process, the same for all of its threads.

    On several, each answer wakes a thread that finds the lock taken, and what it looks at in the
    other CPU's cache: 16 writers in a closed loop then write half as much, at twice the CPU time.
    Nothing is done where the system has no such call, or the interpreter no such lock.
    """
    gil: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    if gil and hasattr(os, "sched_setaffinity"):
        ours = sorted(os.sched_getaffinity(os.getpid()))
        os.sched_setaffinity(0, {ours[os.getpid() % len(ours)]})  # 0 is the calling thread
