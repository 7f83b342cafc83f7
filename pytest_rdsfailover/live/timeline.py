"""What happened, as seen from outside: a list of milestones that several threads add to."""

import threading
from collections.abc import Sequence

from pytest_rdsfailover.model.records import Milestone


class Timeline:
    """Milestones of one failover, each name and instance once unless it may repeat."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[Milestone] = []

    def add(self, name: str, at: float, instance: str | None = None) -> None:
        """Note that something had happened; *at* on the monotonic clock."""
        with self._lock:
            self._found.append(Milestone(name=name, at=at, instance=instance))

    def once(self, name: str, at: float, instance: str | None = None) -> None:
        """Note it unless it is noted already."""
        with self._lock:
            if not any(one.name == name and one.instance == instance for one in self._found):
                self._found.append(Milestone(name=name, at=at, instance=instance))

    def has(self, name: str, instance: str | None = None) -> bool:
        """Tell whether something is noted, of that instance if one is given."""
        with self._lock:
            return any(one.name == name and instance in (None, one.instance) for one in self._found)

    def all(self) -> Sequence[Milestone]:
        """Return everything so far in order of time."""
        with self._lock:
            return sorted(self._found, key=lambda one: one.at)
