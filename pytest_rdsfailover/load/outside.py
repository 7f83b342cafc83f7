"""Workloads that run outside of Python: what each writer has open, and how it hands over a key."""

from abc import ABC, abstractmethod
from typing import Any


class Cuttable(ABC):
    """What one writer keeps open, if another thread can end it under a writer that hangs."""

    @abstractmethod
    def cut(self) -> None:
        """End it at once; harmless the second time."""


class OutsideWorkload(ABC):
    """A workload whose writes somebody else does; an argument `workload` of a trial."""

    @abstractmethod
    def open(self) -> Any:
        """Return what one writer keeps open."""

    @abstractmethod
    def write(self, key: str, session: Any) -> None:
        """Have a key written; returning acknowledges it.

        Raises:
            ToldError: if it is not acknowledged.
        """

    @abstractmethod
    def close(self, session: Any) -> None:
        """Close what `open` returned."""
