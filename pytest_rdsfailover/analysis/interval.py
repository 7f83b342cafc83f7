"""A quantity between two ends: what the evidence allows it to be."""

import math
from typing import NamedTuple, Self


class Interval(NamedTuple):
    """The least and the most that a quantity can be; nanoseconds, unless a name says otherwise.

    Attributes:
        lower: it is no less for certain.
        upper: it is no more for certain; infinite if it had not ended when observation ended.
    """

    lower: int
    upper: float

    @classmethod
    def exact(cls, value: int) -> Self:
        """Return what is known exactly."""
        return cls(value, value)

    @property
    def ended(self) -> bool:
        """Tell whether it had ended when observation ended."""
        return self.upper < math.inf
