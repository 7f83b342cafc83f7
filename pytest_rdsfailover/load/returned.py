"""What the user's function returned: a result, or only the promise of one."""

import asyncio
import functools
import inspect
from typing import Any

from pytest_rdsfailover.load.signatures import name_of

LATER = (map, filter, asyncio.Handle)  # nothing of the work that these stand for has run
CODE = (functools.partial, functools.partialmethod)  # functions that nobody has called


def settled(function: Any, result: Any) -> Any:
    """Return what a function's work came to, waiting for it if it was given to a pool or a queue.

    Raises:
        TypeError: if the result is work that nobody has begun, or can wait for.
    """
    if _has(result, "result", "add_done_callback"):  # of a pool of concurrent.futures
        return result.result()
    if _has(result, "get", "ready"):  # of a pool of multiprocessing, or of a task queue
        return result.get()
    remedy = _remedy(result)
    if remedy:
        kind = type(result).__name__
        article = "an" if kind[:1].lower() in "aeiou" else "a"
        raise TypeError(f"{name_of(function)} returned {article} {kind}, {remedy}")
    return result


def _remedy(result: Any) -> str:
    """Return why a result shows that no work was done, and what to do; empty if it does not."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()  # else Python warns of it, too
        return "of which nothing has run; await it in the function"
    if inspect.isgenerator(result) or inspect.isasyncgen(result) or isinstance(result, LATER):
        return "of which nothing has run; use it up in the function"
    if inspect.isroutine(result) or isinstance(result, CODE):
        return "which nobody has called; call it in the function"
    if _has(result, "join", "is_alive"):
        return "a thread or process that nobody has waited for; join it in the function"
    return ""


def _has(result: Any, *methods: str) -> bool:
    """Tell whether a result is of a kind with these methods."""
    return all(callable(getattr(type(result), name, None)) for name in methods)
