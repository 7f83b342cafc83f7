"""What was read back after a trial."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What was read back after the trial.

    Attributes:
        positions: (writer, sequence) of every stored write, as often as it is stored.
        foreign: stored keys that belong to no write of this run.
        torn: positions of writes of several rows of which some are there and others are not.
    """

    positions: Iterable[tuple[int, int]]
    foreign: Sequence[str] = ()
    torn: Sequence[tuple[int, int]] = ()
