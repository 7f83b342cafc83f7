"""Whether operations take longer than they did in the calm, all of them and not only a few.

Times are integer nanoseconds. What the words mean: `docs/definitions.md`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from pytest_rdsfailover.analysis.outages import SHORTEST_OUTAGE, USUAL, Gap
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.statistics import percentile
from pytest_rdsfailover.model.clock import SECOND

SLOWER = 3  # times what half of the operations took in the calm
FEWEST = 10  # operations; of fewer nobody knows what half of them take
MOST = 4096  # operations, and so are so many
SLICE = SECOND // 4


class Level(NamedTuple):
    """How long operations took in the calm, from the intended time: half, and nine of ten of them."""

    half: int
    most: int

    @classmethod
    def of(cls, all_series: Sequence[Series], calm: Gap) -> Self | None:
        """Return the level of the operations acknowledged in the calm; None if these are too few."""
        taken = taken_within(all_series, calm)
        return (
            None if len(taken) < FEWEST else cls(percentile(taken, 0.5), percentile(taken, USUAL))
        )

    @property
    def limit(self) -> int:
        """Return how long the faster half of the operations may take before that counts as slower."""
        return max(SLOWER * self.half, self.most + SHORTEST_OUTAGE)

    def slow(self, all_series: Sequence[Series], acks: Sequence[int], since: int) -> Iterator[Gap]:
        """Yield the slices of time since a moment in which half of the operations exceeded the limit.

        Args:
            all_series: all writers.
            acks: their acknowledgements in order; without any in it no slice is looked at.
            since: the moment.
        """
        place = bisect_right(acks, since)
        while place < len(acks):
            first = (
                acks[place] - (acks[place] - since) % SLICE - 1
            )  # the slice has its end, not its start
            place = bisect_right(acks, first + SLICE)
            taken = taken_within(all_series, (first, first + SLICE))
            if len(taken) >= FEWEST and percentile(taken, 0.5) > self.limit:
                yield first, first + SLICE


def taken_within(all_series: Sequence[Series], span: Gap) -> list[int]:
    """Return how long the operations acknowledged within a span took, sorted; of many, a sample."""
    rows = [
        (series, bisect_right(series.finished, span[0]), bisect_right(series.finished, span[1]))
        for series in all_series
    ]
    step = max(1, sum(end - first for _, first, end in rows) // MOST)
    return sorted(
        series.finished[row] - series.intended[row]
        for series, first, end in rows
        for row in range(first, end, step)
        if series.acked[row]
    )
