"""Commands that the proxy runs for itself on a database connection."""

from collections.abc import Callable
from dataclasses import dataclass, field

Row = list[bytes | None]
TakeRows = Callable[[list[Row]], None]


@dataclass(slots=True)
class Errand:
    """A command of the proxy's own, and what to do with its rows."""

    payload: bytes
    done: TakeRows
    rows: list[Row] = field(default_factory=list)


def nothing(_: list[Row]) -> None:
    """Take rows and do nothing with them."""
