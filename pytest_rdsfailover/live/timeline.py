"""What happened, as seen from outside: a list of milestones that several threads add to."""

import threading
from collections.abc import Sequence

from pytest_rdsfailover.model.records import Milestone


class Timeline:
    """Milestones of one failover; `add` may repeat a name and instance, `once` does not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milestones: list[Milestone] = []

    def add(self, name: str, at: float, instance: str | None = None) -> None:
        """Note a milestone; *at* is its time on the monotonic clock."""
        with self._lock:
            self._milestones.append(Milestone(name=name, at=at, instance=instance))

    def once(
        self, name: str, at: float, instance: str | None = None, *, uncertainty: float = 0.0
    ) -> None:
        """Note a milestone unless one of the same name and instance is noted already.

        *uncertainty* says by how many seconds *at* may be off.
        """
        with self._lock:
            if not any(
                milestone.name == name and milestone.instance == instance
                for milestone in self._milestones
            ):
                self._milestones.append(
                    Milestone(name=name, at=at, instance=instance, uncertainty=uncertainty)
                )

    def has(self, name: str, instance: str | None = None) -> bool:
        """Tell whether a milestone of that name is noted, of *instance* if one is given."""
        with self._lock:
            return any(
                milestone.name == name and instance in (None, milestone.instance)
                for milestone in self._milestones
            )

    def all(self) -> Sequence[Milestone]:
        """Return all milestones so far in order of time."""
        with self._lock:
            return sorted(self._milestones, key=lambda milestone: milestone.at)
