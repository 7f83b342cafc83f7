"""Workloads that run outside of Python: what each writer has open, and how it hands over a key."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from pytest_rdsfailover.model.errors import SettingError

OURS = ("setup", "teardown", "reads", "renew", "loop", "loops")  # options that it answers itself


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


def with_functions(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a load's options with the functions of an outside workload in its place.

    Raises:
        SettingError: if an option beside it is one that it answers itself.
    """
    workload = options.get("workload")
    if not isinstance(workload, OutsideWorkload):
        return options
    taken = [name for name in OURS if name in options]
    if taken:
        raise SettingError(f"{', '.join(taken)}: not with {type(workload).__name__}")
    return {
        **options,
        "workload": workload.write,
        "setup": workload.open,
        "teardown": workload.close,
    }
