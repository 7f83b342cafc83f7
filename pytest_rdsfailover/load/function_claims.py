"""What a function says of itself and its clock, held against what it can have known."""

from dataclasses import dataclass

from pytest_rdsfailover.load.alignment import Offset
from pytest_rdsfailover.load.function_messages import FunctionReport
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.durations import format_duration

SPARE = 2  # slots that a function may count beside those that its time has room for: it rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionStay:
    """When a function was away on its order, by this machine's clock, in nanoseconds.

    Attributes:
        sent: when it was invoked.
        start: the first moment of the load.
        returned: when its report was here.
    """

    sent: int
    start: int
    returned: int

    def slots(self, period: float) -> float:
        """Return how many slots one writer has by then at most, of one every *period* nanoseconds."""
        return (self.returned - self.start) / period + SPARE

    def check(self, report: FunctionReport) -> None:
        """Refuse what the function cannot know of itself.

        A round trip within its run tells an offset better than the run is long.

        Raises:
            ValueError: saying what that is.
        """
        run = self.returned - self.sent
        width = report.offset.upper - report.offset.lower
        if not 0 <= width <= run:
            raise ValueError(
                f"its clock's offset is known to a span of {format_duration(to_seconds(width))}, and it"
                f" ran for {format_duration(to_seconds(run))}"
            )
        if not 0 <= to_nanoseconds(report.late) <= run:
            raise ValueError(f"it began {report.late:g} s late")

    def check_pauses(self, report: FunctionReport, shift: Offset) -> None:
        """Refuse standstills that end before they begin, or that nobody can have known of.

        Raises:
            ValueError: saying of when they are.
        """
        before, after = self.sent - 2 * shift.error, self.returned + 2 * shift.error
        for pause in report.pauses:
            first, last = (to_nanoseconds(moment) + shift.middle for moment in pause)
            if not before <= first <= last <= after:
                raise ValueError(
                    f"it stood still from {to_seconds(first - self.start):g} to"
                    f" {to_seconds(last - self.start):g} s of the load"
                )
