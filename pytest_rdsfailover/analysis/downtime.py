"""A duration that knows how well it is known, and refuses to be better known than that."""

from typing import Self


class Downtime(float):
    """Seconds of downtime; the figure is the middle of what the writes allow.

    Compared with a number, `<` and `<=` hold only if the upper end proves them, `>` and `>=` only
    if the lower end does; in between both are false, so that no assertion passes by luck. Two
    downtimes compare by their figures, so that they can be sorted; so does `==`.

    Attributes:
        lower: the shortest downtime that the writes allow.
        upper: the longest.
        rate: writes per second that the load intended; 0 if unknown.
    """

    __slots__ = ("lower", "rate", "upper")

    lower: float
    upper: float
    rate: float

    def __new__(
        cls, lower: float, upper: float, value: float | None = None, rate: float = 0.0
    ) -> Self:
        """Return the downtime from *lower* to *upper*; *value* if the figure is not the middle."""
        self = super().__new__(cls, (lower + upper) / 2 if value is None else value)
        self.lower, self.upper, self.rate = float(lower), float(upper), float(rate)
        return self

    def __getnewargs__(self) -> tuple[float, float, float, float]:  # type: ignore[override]
        return self.lower, self.upper, float(self), self.rate

    @property
    def resolution(self) -> float:
        """Return half the width of the interval, in seconds."""
        return (self.upper - self.lower) / 2

    def __lt__(self, other: float) -> bool:
        return float(self) < float(other) if isinstance(other, Downtime) else self.upper < other

    def __le__(self, other: float) -> bool:
        return float(self) <= float(other) if isinstance(other, Downtime) else self.upper <= other

    def __gt__(self, other: float) -> bool:
        return float(self) > float(other) if isinstance(other, Downtime) else self.lower > other

    def __ge__(self, other: float) -> bool:
        return float(self) >= float(other) if isinstance(other, Downtime) else self.lower >= other

    def __repr__(self) -> str:
        return f"{_seconds(float(self))} s ±{_seconds_roughly(self.resolution)}"

    __str__ = __repr__


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}" if value else "0"


def _seconds_roughly(value: float) -> str:
    """Return the size of a resolution: one digit that counts, never rounded to nothing."""
    return f"{value:.1f}" if value >= 1 else f"{max(value, 0.0001):.1g}" if value else "0"
