"""What the user's function returned: a result, or only the promise of one."""

import asyncio
import concurrent.futures
import functools
import inspect
import multiprocessing.process
import threading
from typing import Any

from pytest_rdsfailover.load.signatures import name_of
from pytest_rdsfailover.model.errors import RdsFailoverError

WORK = (threading.Thread, multiprocessing.process.BaseProcess)  # goes on by itself
LATER = (map, filter, asyncio.Handle)
CODE = (functools.partial, functools.partialmethod)  # that nobody has called
WAITING = {
    "get",
    "wait",
    "ready",
}  # of what multiprocessing's and Celery's results have, at least two


class UnfinishedWorkError(RdsFailoverError):
    """The user's function returned before its work was done, so that nothing was acknowledged."""

    def __init__(self, what: str, result: str, remedy: str) -> None:
        super().__init__(what, result, remedy)
        self.what, self.result, self.remedy = what, result, remedy

    def __str__(self) -> str:
        return (
            f"{self.what} returned {self.result}, whose work is not done: nothing is acknowledged;"
            f" {self.remedy}"
        )


def is_future(result: object) -> bool:
    """Tell whether a result is a future of threads or processes, whoever made it."""
    if isinstance(result, concurrent.futures.Future):
        return True
    return not inspect.isawaitable(result) and _has(result, "result", "done", "add_done_callback")


def settled(function: Any, result: Any) -> Any:
    """Return what a function's work came to, waiting for a future of threads or processes.

    Raises:
        UnfinishedWorkError: if the result is work that nobody can wait for, or has begun.
    """
    if is_future(result):
        return result.result()
    remedy = _remedy(result)
    if remedy:
        raise UnfinishedWorkError(name_of(function), _kind(result), remedy)
    return result


def _remedy(result: object) -> str:
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        return "a generator runs nothing before it is used: use it up in the function"
    if isinstance(result, WORK):
        return "join it in the function"
    if inspect.isroutine(result) or isinstance(result, CODE):
        return "call it in the function"
    if isinstance(result, LATER):
        return "what it is to do comes later: do it in the function"
    if sum(_has(result, name) for name in WAITING) > 1:
        return "wait for it in the function, as by its method get"
    return ""


def _has(result: object, *names: str) -> bool:
    return all(callable(getattr(type(result), name, None)) for name in names)


def _kind(result: object) -> str:
    name = type(result).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
