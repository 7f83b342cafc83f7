"""Which failovers belong to a load."""

from collections.abc import Sequence

from pytest_rdsfailover.model.target import Failover, Target


class Disturbances:
    """The failovers that a load saw: not over when it began, or triggered until it ended.

    Args:
        target: what may fail over.
        others: faults that are none of the target's own failovers; more may be added to it.
    """

    def __init__(self, target: Target, others: Sequence[Failover]) -> None:
        self._target, self._others = target, others
        self._under_way = [failover for failover in self._all() if not failover.settled()]
        self._past: dict[int, Failover] = {}  # by identity: two may be equal
        self._own: list[Failover] = []
        self._end = float("inf")

    def missed(self) -> bool:
        """Tell whether the load waited for the end of a failover, and saw none itself."""
        return bool(self._under_way) and not self.found()

    def begin(self) -> None:
        """Leave out what is over by now."""
        self._past = {id(failover): failover for failover in self._all() if failover.settled()}

    def end(self, moment: float) -> None:
        """Leave out what is triggered after a moment."""
        self._end = moment

    def note_own(self, failover: Failover) -> None:
        """Note a failover that the test itself has triggered during the load."""
        self._own.append(failover)

    def found(self) -> list[Failover]:
        """Return all of them so far, in the order of their triggers."""
        belonging = [
            failover for failover in self._all() if id(failover) not in self._past and failover.triggered <= self._end
        ]  # fmt: skip
        return sorted(belonging, key=lambda failover: failover.triggered)

    def own_on_record(self) -> bool | None:
        """Tell whether each trigger of the test's own is on record; None if there was none."""
        if not self._own:
            return None
        found = self.found()
        return all(_among(failover, found) for failover in self._own)

    def _all(self) -> list[Failover]:
        own = list(self._target.failovers)
        return [*own, *(failover for failover in self._others if not _among(failover, own))]


def _among(failover: Failover, group: Sequence[Failover]) -> bool:
    """Tell whether a failover is in a group, by identity and not by equality."""
    return any(other is failover for other in group)
