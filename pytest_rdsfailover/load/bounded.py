"""A call of the user's code with a bound; if the code hangs, it can tell where."""

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from pytest_rdsfailover.load.stacks import stack_of

Result = TypeVar("Result")


class UnendedCallError(TimeoutError):
    """A call had not returned within its bound; no error of the called code."""


class BoundedCall(Generic[Result]):
    """A call in a thread of its own, which is left to itself if it does not end.

    Args:
        function: what to call; it sees the context variables of whoever makes this object.
        name: the thread's.
    """

    def __init__(self, function: Callable[[], Result], name: str) -> None:
        self._function = function
        self._results: list[Result] = []
        self._error: BaseException | None = None
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._call,), name=name, daemon=True
        )

    def result(self, bound: float) -> Result:
        """Return what the function returns, or raise what it raises.

        Args:
            bound: seconds that it may take.

        Raises:
            UnendedCallError: if it takes longer.
        """
        self._thread.start()
        self._thread.join(bound)
        if self._thread.is_alive():
            raise UnendedCallError
        if self._error is not None:
            raise self._error
        return self._results[0]

    def stack(self) -> list[str]:
        """Return where it is now, without our own frames around the user's code."""
        return stack_of(self._thread)

    def _call(self) -> None:
        try:
            self._results.append(self._function())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            self._error = error
