"""Commands that the proxy runs for itself on a database connection."""

from collections.abc import Callable
from dataclasses import dataclass, field

Row = list[bytes | None]
TakeRow = Callable[[Row], None]


@dataclass(slots=True)
class Errand:
    """A command of the proxy's own, and what to do with its first row."""

    payload: bytes
    done: TakeRow
    row: Row = field(default_factory=list)


def nothing(_: Row) -> None:
    """Take a row and do nothing with it."""
