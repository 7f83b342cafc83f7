"""How the user's functions can be called, checked before they are called."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_rdsfailover.model.errors import SettingError


def check_call(
    option: str, function: Any, arguments: Sequence[str], more: Mapping[str, object]
) -> None:
    """Raise `SettingError` if a function does not take these arguments, or would not run at once."""
    check_function(option, function)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise SettingError(
            f"{option}: {name_of(function)} yields, so that a call of it runs nothing"
        )
    problem = _misfit(function, arguments, more)
    if problem:
        called = (
            f"called with {' and '.join(arguments)}" if arguments else "called without arguments"
        )
        raise SettingError(f"{option}: {name_of(function)} is {called}: {problem}")


def check_function(option: str, function: Any) -> None:
    """Raise `SettingError` if a function was called where it should have been given."""
    if callable(function):
        return
    what = "None" if function is None else f"a {type(function).__name__}"
    if inspect.iscoroutine(function):
        function.close()  # else Python warns of it, too
    raise SettingError(
        f"{option}: {what} is no function; did you call it? Give the function itself:"
        f" {option}=place_order, not {option}=place_order(...)"
    )


def _misfit(function: Any, arguments: Sequence[str], more: Mapping[str, object]) -> str:
    """Return why a function cannot be called with these arguments; empty if it can."""
    try:
        inspect.signature(function).bind(*arguments, **more)
    except ValueError:  # a builtin that does not tell
        return ""
    except TypeError as error:
        return str(error)
    return ""


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function is called."""
    return getattr(function, "__name__", repr(function))


def reports(function: Callable[..., Any]) -> bool:
    """Tell whether a function has a parameter `attempt`."""
    try:
        return "attempt" in inspect.signature(function).parameters
    except ValueError:  # a builtin that does not tell
        return False
