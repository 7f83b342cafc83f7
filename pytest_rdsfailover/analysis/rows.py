"""Where a gap lies among each writer's operations, found once."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.series import Series


class Rows(NamedTuple):
    """A writer's rows around a gap.

    Attributes:
        series: what the writer did.
        first: the first row that was not finished by the gap's start.
        back: the first row that was finished at the gap's end or later.
        sent: the first row that was sent at the gap's end or later.
    """

    series: Series
    first: int
    back: int
    sent: int

    @property
    def failed(self) -> bool:
        """Tell whether an operation that was under way in the gap was not acknowledged."""
        return self.series.acked.find(0, self.first, self.sent) >= 0


def rows_around(all_series: Sequence[Series], gap: Gap) -> list[Rows]:
    """Return each writer's rows around a gap."""
    start, end = gap
    return [
        Rows(
            series,
            bisect_right(series.finished, start),
            bisect_left(series.finished, end),
            bisect_left(series.started, end),
        )
        for series in all_series
    ]
