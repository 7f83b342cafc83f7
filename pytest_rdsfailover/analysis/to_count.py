"""Lists that a test may take for how many there are, and what they say then."""

from numbers import Real
from typing import Any, ClassVar, TypeVar

Each = TypeVar("Each")


class ToCount(list[Each]):
    """A list that says how to count it where it is compared with a number, which no list would."""

    __hash__ = None  # as that of any list
    remedy: ClassVar[str]

    def _unordered(self, other: object) -> Any:
        __tracebackhide__ = True
        if isinstance(other, Real):
            raise TypeError(self.remedy)
        return NotImplemented

    __lt__ = __le__ = __gt__ = __ge__ = _unordered

    def __eq__(self, other: object) -> bool:
        __tracebackhide__ = True
        self._unordered(other)
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        __tracebackhide__ = True
        return not self == other


class KeyList(ToCount[str]):
    """Keys of writes."""

    remedy = (
        "these are keys, not a number: compare them with [], or their len() with a number,"
        " or write trial.expect(lost=0)"
    )


class WriterList(ToCount[int]):
    """Numbers of writers."""

    remedy = (
        "these are the numbers of the writers, not how many they are: compare them with [], or"
        " trial.stuck_writers with a number, or write trial.expect(stuck_writers=0)"
    )
