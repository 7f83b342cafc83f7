"""Names that a user gives, each with what it stands for."""

from collections.abc import Iterable
from typing import TypeVar

from pytest_rdsfailover.model.errors import SettingError

Name = TypeVar("Name")
Value = TypeVar("Value")


def once(pairs: Iterable[tuple[Name, Value]], called: str) -> dict[Name, Value]:
    """Return what names stand for, each given once.

    Args:
        pairs: names and what they stand for.
        called: what gives them, for the error.

    Raises:
        SettingError: if one is given twice: nobody could know which counts.
    """
    found: dict[Name, Value] = {}
    for name, value in pairs:
        if name in found:
            raise SettingError(f"{called}: {name} is given twice; leave one out")
        found[name] = value
    return found
