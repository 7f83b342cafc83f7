"""What the evidence allows a quantity to be: an interval that lets no comparison pass by luck."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from types import NoneType
from typing import Any, ClassVar, Literal, Self, SupportsFloat

from pytest_rdsfailover.analysis.arithmetic import Arithmetic, ends_of
from pytest_rdsfailover.analysis.outages import MISSED_SLOTS
from pytest_rdsfailover.model.durations import format_duration, format_figure, format_share
from pytest_rdsfailover.model.errors import UndecidedError

Unit = Literal["s", "", "%"]
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
SORTED = (
    "order figures by key=lambda figure: figure.value; hold all of them to a bound by"
    " all(figure < bound for figure in figures)"
)
COMPARABLE = {
    "s": "a number of seconds, such as 2.0",
    "%": "a share from 0 to 1, such as 0.999",
    "": "a number",
}
EXPECTED = {"s": "< 2s", "%": ">= 99.9%", "": "<= 5"}
OPEN = "observation ended before it did; a longer one would tell"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Figure(Arithmetic):
    """A figure of a trial: what the evidence allows it to be, from `lower` to `upper`.

    `<` and `<=` hold if the upper end proves them and are false if the lower end disproves them;
    `>` and `>=` the other way round; `==` holds for what is known exactly. What the ends do not
    settle raises `UndecidedError`, so that no doubt passes, not even behind a `not`. Arithmetic
    keeps both ends. What needs one number, such as `float()`, is refused with the same error unless
    both ends are the same: `value`, `lower` and `upper` are numbers.

    Attributes:
        lower: the least that it can be.
        upper: the most; infinite if it had not ended when observation ended.
        problem: why it is known so badly that it is no figure; empty if it is one.
        unit: `s` for seconds, nothing for a count, `%` for a share, which is from 0 to 1.
        rate: writes per second that the load intended; 0 if unknown.
        basis: what it was taken of, such as `998 of 1000`; empty if there is nothing to say.
        best: its value if that is not the middle; not a number if it is.
    """

    lower: float
    upper: float
    problem: str = ""
    unit: Unit = "s"
    rate: float = 0.0
    basis: str = ""
    best: float = math.nan

    __array_ufunc__: ClassVar[None] = None  # numpy leaves the operators to us

    def __post_init__(self) -> None:
        """Refuse ends that are none."""
        if not self.lower <= self.upper:
            raise ValueError(f"{self.lower} to {self.upper} is no interval")

    @classmethod
    def exact(cls, value: float, unit: Unit = "", basis: str = "") -> Self:
        """Return what is known exactly, such as a count."""
        return cls(value, value, unit=unit, basis=basis)

    @property
    def value(self) -> float:
        """Return one number for it: the middle; the lower end without an outage or an upper end."""
        if not math.isnan(self.best):
            return self.best
        return self.lower if math.isinf(self.upper) else (self.lower + self.upper) / 2

    @property
    def resolution(self) -> float:
        """Return how far from its value the truth may be: mostly half the width.

        Without an outage the value is 0, the lower end, so that it is all of the width. Of what had
        not ended when observation did, only what was seen of it counts.
        """
        upper = self.value if math.isinf(self.upper) else self.upper
        return max(upper - self.value, self.value - self.lower)

    @property
    def ends(self) -> str:
        """Return its two ends in words."""
        if math.isinf(self.upper):
            return f"at least {self.words(self.lower)}"
        return f"{self.words(self.lower)} to {self.words(self.upper)}"

    def words(self, number: float) -> str:
        """Return a number of its unit in words."""
        if math.isinf(number):
            return "any length"
        if number < 0:  # a difference
            return f"-{self.words(-number)}"
        if self.unit == "s":
            return format_duration(number)
        return format_share(number) if self.unit == "%" else f"{number:g}"

    def between(self, lower: float, upper: float, value: float, problem: str) -> "Figure":
        """Return one of the same unit between other ends."""
        return replace(self, lower=lower, upper=upper, best=value, problem=problem, basis="")

    def doubted(self, problem: str) -> "Figure":
        """Return it as one that may have been nothing at all, if there is a problem.

        What nobody watched proves no lower end. The upper end stands.
        """
        if not problem:
            return self
        return replace(self, lower=min(0.0, self.lower), problem=problem, best=self.value)

    def unproven(self, problem: str) -> "Figure":
        """Return it as one that may be anything at all, if there is a problem."""
        if not problem:
            return self
        most = 1.0 if self.unit == "%" else math.inf
        return replace(self, lower=0.0, upper=most, problem=problem, best=self.value)

    def decide(self, symbol: str, other: Any) -> bool | None:
        """Tell whether `<`, `<=`, `>`, `>=` or `==` holds; None if the ends do not settle it."""
        ends = ends_of(other)
        if ends is None:
            raise TypeError(f"{other!r} is no number")
        low, high = ends
        holds, broken = {
            "<": (self.upper < low, self.lower >= high),
            "<=": (self.upper <= low, self.lower > high),
            ">": (self.lower > high, self.upper <= low),
            ">=": (self.lower >= high, self.upper < low),
            "==": (
                self.lower == self.upper == low == high,
                not (self.lower <= high and low <= self.upper),
            ),
        }[symbol]
        return True if holds else False if broken else None

    def deciding_rate(self, bound: float) -> int | None:
        """Return about how many writes per second would decide a bound within the interval.

        None if no rate would. The spacing of the writes blurs the edges of the gap, and so does
        what its writes waited for: service, time-outs, back-off. Only the first becomes less with
        the rate.
        """
        if self.rate <= 0 or math.isinf(self.upper):
            return None
        waited = max(0.0, (self.upper - self.lower) / 2 - 1 / (2 * self.rate))
        middle = (self.lower + self.upper) / 2
        # Without an outage the gap can only become shorter: its lower end is nothing anyway.
        left = abs(middle - bound) - waited if self.value else bound - 2 * waited
        return max(math.ceil(1 / left), math.floor(self.rate) + 1) if left > 0 else None

    def what_would_tell(self, bound: float) -> str:
        """Return in words what would decide a bound between its ends; empty if nobody knows."""
        if math.isinf(self.upper):
            return OPEN
        if self.rate > 0 and bound < MISSED_SLOTS / self.rate:
            return f"too few writes ({self.rate:g} per second) to tell; {resolving(bound)}"
        rate = self.deciding_rate(bound)
        if rate is not None:
            return f"a rate of about {rate} writes per second would tell"
        if self.rate <= 0:
            return ""
        return (
            "a higher rate would not decide it; more writers, shorter time-outs or a shorter"
            " back-off might"
        )

    def _compare(self, symbol: str, other: Any) -> Any:
        __tracebackhide__ = True
        ordered = symbol != "==" and isinstance(other, (str, timedelta, NoneType))
        if ordered or isinstance(other, bool):
            raise TypeError(
                f"{self!r} {symbol} {other!r}: compare it with {COMPARABLE[self.unit]}, or write"
                f' trial.expect(NAME="{EXPECTED[self.unit]}")'
            )
        if ends_of(other) is None:
            return NotImplemented
        found = self.decide(symbol, other)
        if found is None:
            tells = SORTED if isinstance(other, Figure) else self.what_would_tell(float(other))
            raise UndecidedError(
                f"{self!r} {symbol} {other!r} is undecided: it was {self.ends}", self.problem, tells
            )
        return found

    def __lt__(self, other: SupportsFloat) -> bool:
        __tracebackhide__ = True
        return self._compare("<", other)  # type: ignore[no-any-return]

    def __le__(self, other: SupportsFloat) -> bool:
        __tracebackhide__ = True
        return self._compare("<=", other)  # type: ignore[no-any-return]

    def __gt__(self, other: SupportsFloat) -> bool:
        __tracebackhide__ = True
        return self._compare(">", other)  # type: ignore[no-any-return]

    def __ge__(self, other: SupportsFloat) -> bool:
        __tracebackhide__ = True
        return self._compare(">=", other)  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        """Tell whether it is that number, or the same record; `pytest.approx` has ends, too."""
        __tracebackhide__ = True
        if isinstance(other, Figure) and self._record == other._record:
            return True
        tolerance, expected = getattr(other, "tolerance", None), getattr(other, "expected", None)
        if isinstance(tolerance, (int, float)) and isinstance(expected, (int, float)):
            return abs(self - expected) <= tolerance
        return self._compare("==", other)  # type: ignore[no-any-return]

    def __hash__(self) -> int:
        """Return an exact one's hash; a set would find any other unequal to every number."""
        if not self.is_exact:
            raise TypeError(f"{self!r} has two ends and no hash; take .value")
        return hash(self.lower)

    def __bool__(self) -> bool:
        """Tell whether it is not 0."""
        __tracebackhide__ = True
        return not self._compare("==", 0)

    @property
    def _record(self) -> tuple[object, ...]:
        return self.lower, self.upper, self.problem, self.unit, self.value

    def __format__(self, spec: str) -> str:
        """Return it with its resolution, however its number is to be written."""
        if not spec or self.problem:
            return str(self)
        if self.is_exact or math.isinf(self.upper):
            return f"{'' if self.is_exact else 'at least '}{self.lower:{spec}}"
        return f"{self.value:{spec}} ±{self.resolution:{spec}}"

    def __repr__(self) -> str:
        if self.problem:
            return f"no figure ({self.ends})"
        if math.isinf(self.upper):
            return f"{self.words(self.value)} or more, not over when observation ended"
        if self.unit == "s" and self.lower >= 0:
            return format_figure(self.value, self.resolution)
        return self.words(self.lower) if self.is_exact else self.ends

    __str__ = __repr__


def resolving(bound: float) -> str:
    """Return which rate of writes could prove a bound on a downtime, in words."""
    if bound <= 0:
        return "no rate can prove a downtime of 0 s; allow at least a few milliseconds"
    return f"it needs a rate of at least {math.ceil(MISSED_SLOTS / bound)} writes per second"
