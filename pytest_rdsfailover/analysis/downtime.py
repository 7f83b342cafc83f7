"""A duration that knows how well it is known, and refuses to be better known than that."""

import math
from typing import Self

from pytest_rdsfailover.model.durations import format_duration, format_figure


class Downtime(float):
    """Seconds of downtime; the figure is the middle of what the writes allow.

    Compared with a number, `<` and `<=` hold only if the upper end proves them, `>` and `>=` only
    if the lower end does; in between both are false, so that no assertion passes by luck. Two
    downtimes compare by their figures, so that they can be sorted; so does `==`.

    Attributes:
        lower: the shortest downtime that the writes allow.
        upper: the longest; infinite if it had not ended when observation ended.
        rate: writes per second that the load intended; 0 if unknown.
        problem: why it is no figure of the database; empty if it is one.
    """

    __slots__ = ("lower", "problem", "rate", "upper")

    lower: float
    upper: float
    rate: float
    problem: str

    def __new__(
        cls,
        lower: float,
        upper: float,
        value: float | None = None,
        rate: float = 0.0,
        problem: str = "",
    ) -> Self:
        """Return the downtime from *lower* to *upper*; *value* if the figure is not the middle."""
        self = super().__new__(cls, (lower + upper) / 2 if value is None else value)
        self.lower, self.upper, self.rate = float(lower), float(upper), float(rate)
        self.problem = problem
        return self

    def __getnewargs__(self) -> tuple[float, float, float, float, str]:  # type: ignore[override]
        return self.lower, self.upper, float(self), self.rate, self.problem

    def doubted(self, problem: str) -> "Downtime":
        """Return it as one that is no figure because of a problem of the clock, if there is one."""
        return Downtime(self.lower, self.upper, float(self), self.rate, problem)

    @property
    def resolution(self) -> float:
        """Return how far from the figure the truth may be, in seconds: mostly half the width.

        Without an outage the figure is 0, the lower end, so that it is all of the width. Of an outage
        that had not ended when observation did, only what was seen of it counts.
        """
        upper = self.upper if math.isfinite(self.upper) else float(self)
        return max(upper - float(self), float(self) - self.lower)

    @property
    def ends(self) -> str:
        """Return its two ends in words."""
        return f"{format_duration(self.lower)} to {self._most}"

    @property
    def _most(self) -> str:
        return format_duration(self.upper) if math.isfinite(self.upper) else "any length"

    def deciding_rate(self, bound: float) -> int | None:
        """Return about how many writes per second would decide a bound within the interval.

        None if no rate would. The spacing of the writes blurs the edges of the gap, and so does
        what its writes waited for: service, time-outs, back-off. Only the first becomes less with
        the rate.
        """
        if self.rate <= 0 or not math.isfinite(self.upper):
            return None
        waited = max(0.0, (self.upper - self.lower) / 2 - 1 / (2 * self.rate))
        middle = (self.lower + self.upper) / 2
        # Without an outage the gap can only become shorter: its lower end is nothing anyway.
        left = abs(middle - bound) - waited if self else bound - 2 * waited
        return max(math.ceil(1 / left), math.floor(self.rate) + 1) if left > 0 else None

    def __lt__(self, other: float) -> bool:
        return float(self) < float(other) if isinstance(other, Downtime) else self.upper < other

    def __le__(self, other: float) -> bool:
        return float(self) <= float(other) if isinstance(other, Downtime) else self.upper <= other

    def __gt__(self, other: float) -> bool:
        return float(self) > float(other) if isinstance(other, Downtime) else self.lower > other

    def __ge__(self, other: float) -> bool:
        return float(self) >= float(other) if isinstance(other, Downtime) else self.lower >= other

    def __repr__(self) -> str:
        if self.problem:
            return f"no figure (0 to {self._most})"
        if not math.isfinite(self.upper):
            return f"{format_duration(float(self))} or more, not over when observation ended"
        return format_figure(float(self), self.resolution)

    __str__ = __repr__
