"""The gaps of a load that is still running, found without reading its journal anew each time."""

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.records import Outcome

HOLD = 100_000_000  # nanoseconds after which all writers have noted an answer that they got
ACKED = int(Outcome.ACKED)


class GapTracker:
    """Follows the acknowledgements of all writers; its size does not grow with their number.

    It is for watching a load while it runs; the verdict is made from the whole journal.

    Args:
        journal: the journal of the running load.
        start: the first nanosecond of the load, which counts as an acknowledgement.

    Attributes:
        longest: the longest gap between two acknowledgements, as (first, last) nanoseconds; up to
            a tenth of a second before the latest look.
    """

    def __init__(self, journal: Journal, start: int) -> None:
        self._journal, self._last, self._newest = journal, start, start
        self._rows = [0] * len(journal.writers)
        self.longest = (start, start)

    def look(self, now: int) -> float:
        """Read the new entries; return for how many seconds before *now* no writer was served."""
        settled: list[int] = []
        for number, writer in enumerate(self._journal.writers):
            for finished, outcome in writer.fresh(self._rows[number]):
                if outcome == ACKED:
                    self._newest = max(self._newest, finished)
                if finished > now - HOLD:
                    continue
                self._rows[number] += 1
                if outcome == ACKED:
                    settled.append(finished)
        for moment in sorted(settled):
            if moment - self._last > self.longest[1] - self.longest[0]:
                self.longest = (self._last, moment)
            self._last = max(self._last, moment)
        return to_seconds(max(0, now - self._newest))
