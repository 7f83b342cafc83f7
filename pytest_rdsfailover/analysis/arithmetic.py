"""Arithmetic of what is known between two ends: it keeps both, or says why it cannot."""

import math
import operator
from abc import abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import product
from numbers import Real
from typing import TYPE_CHECKING, Any, Self, SupportsFloat

from pytest_rdsfailover.model.errors import UndecidedError

CHOSEN = "take .value (mostly the middle), .lower or .upper where one number is meant"
Reckoned = Callable[[float, float], float]


class Arithmetic:
    """What every interval can do; `lower`, `upper`, `value` and `problem` are its parts."""

    __slots__ = ()

    lower: float
    upper: float
    problem: str

    @property
    @abstractmethod
    def value(self) -> float:
        """Return one number for it."""

    @abstractmethod
    def between(self, lower: float, upper: float, value: float, problem: str) -> Self:
        """Return one of the same sort between other ends."""

    @property
    def is_exact(self) -> bool:
        """Tell whether both ends are the same."""
        return self.lower == self.upper

    def __add__(self, other: SupportsFloat) -> Self:
        return self._with(other, operator.add)

    def __radd__(self, other: SupportsFloat) -> Self:
        return self._with(other, operator.add)

    def __sub__(self, other: SupportsFloat) -> Self:
        return self._with(other, operator.sub)

    def __rsub__(self, other: SupportsFloat) -> Self:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: SupportsFloat) -> Self:
        return self._with(other, _product)

    def __rmul__(self, other: SupportsFloat) -> Self:
        return self._with(other, _product)

    def __truediv__(self, other: SupportsFloat) -> Self:
        if isinstance(other, Arithmetic):
            return self * other.reciprocal()
        return self._with(other, operator.truediv)

    def __rtruediv__(self, other: SupportsFloat) -> Self:
        return self.reciprocal() * other

    def __floordiv__(self, other: SupportsFloat) -> Self:
        quotient = self / other
        return quotient._each(math.floor)

    def __neg__(self) -> Self:
        return self.between(-self.upper, -self.lower, -self.value, self.problem)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        nearest = max(0.0, self.lower, -self.upper)
        farthest = max(-self.lower, self.upper)
        return self.between(nearest, farthest, abs(self.value), self.problem)

    def __round__(self, digits: int = 0) -> Self:
        return self._each(lambda number: round(number, digits))

    def __floor__(self) -> Self:
        return self._each(math.floor)

    def __ceil__(self) -> Self:
        return self._each(math.ceil)

    def __trunc__(self) -> Self:
        return self._each(math.trunc)

    if not TYPE_CHECKING:  # checkers refuse what has no operator; at run time the error says more

        def __mod__(self, other: object) -> Self:
            return self._refused(f"% {other!r}")

        def __divmod__(self, other: object) -> Self:
            return self._refused(f"divmod {other!r}")

        def __pow__(self, other: object) -> Self:
            return self._refused(f"** {other!r}")

    def __float__(self) -> float:
        return self._one("float()")

    def __int__(self) -> int:
        return int(self._one("int()"))

    def __complex__(self) -> complex:
        return complex(self._one("complex()"))

    def __index__(self) -> int:
        number = self._one("an index")
        if not number.is_integer():
            raise TypeError(f"{self!r} is no whole number")
        return int(number)

    def reciprocal(self) -> Self:
        """Return 1 divided by it.

        Raises:
            ZeroDivisionError: if it is 0.
            UndecidedError: if it may be 0.
        """
        if self.lower <= 0 <= self.upper:
            if self.is_exact:
                raise ZeroDivisionError(f"{self!r} is 0")
            return self._refused("to divide by what may be 0")
        least, most = (1 / end if math.isfinite(end) else 0.0 for end in (self.upper, self.lower))
        return self.between(least, most, min(max(1 / self.value, least), most), self.problem)

    def _one(self, wanted: str) -> float:
        """Return its number if both ends are the same."""
        __tracebackhide__ = True
        if not self.is_exact:
            self._refused(wanted)
        return float(self.lower)

    def _refused(self, wanted: str) -> Self:
        __tracebackhide__ = True
        raise UndecidedError(f"{self!r}: {wanted} would lose its ends", self.problem, CHOSEN)

    def _each(self, change: Callable[[float], float]) -> Self:
        """Return it with both ends changed by a function that keeps their order."""
        lower, upper, value = (
            float(change(number)) if math.isfinite(number) else number
            for number in (self.lower, self.upper, self.value)
        )
        return self.between(lower, upper, value, self.problem)

    def _with(self, other: Any, reckon: Reckoned) -> Self:
        """Return the result of an operation with another interval, or with a number."""
        ends = ends_of(other)
        if ends is None:
            return NotImplemented  # type: ignore[no-any-return]
        found = [reckon(a, b) for a, b in product((self.lower, self.upper), ends)]
        problems = dict.fromkeys(filter(None, (self.problem, getattr(other, "problem", ""))))
        lower, upper = _hull(found)
        value = reckon(self.value, float(getattr(other, "value", other)))
        value = min(max(value, lower), upper)
        return self.between(lower, upper, value, "; ".join(problems))


def ends_of(other: Any) -> tuple[float, float] | None:
    """Return the two ends of an interval or a number; None if it is neither."""
    if isinstance(other, Arithmetic):
        return other.lower, other.upper
    return (float(other), float(other)) if isinstance(other, (Real, Decimal)) else None


def _product(a: float, b: float) -> float:
    """Return a product in which zero times infinity is zero."""
    return a * b if a and b else 0.0


def _hull(found: Sequence[float]) -> tuple[float, float]:
    """Return the least and the greatest of numbers; an undefined one makes them infinite."""
    if any(map(math.isnan, found)):
        return -math.inf, math.inf
    return min(found), max(found)
