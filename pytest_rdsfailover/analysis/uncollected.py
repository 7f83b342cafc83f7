"""Python's search for garbage, put off while very many values are made that are all in use."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python look for no cycles within a block, or within a function that this decorates.

    The more values there are, the longer each search takes: a sixth of judging ten thousand outages.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
