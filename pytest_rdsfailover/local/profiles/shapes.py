"""How long something takes in a failover: durations that are sampled anew for each."""

import random
from dataclasses import dataclass

from pytest_rdsfailover.model.durations import parse_duration
from pytest_rdsfailover.model.errors import SettingError

ROUNDING = 1e-6  # by which shares may miss their sum
KEYS = {"share", "range"}


@dataclass(frozen=True, slots=True)
class Span:
    """A duration between two ends, in seconds."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shape:
    """A duration in one of several spans, each with its share of failovers."""

    spans: tuple[tuple[float, Span], ...]

    @property
    def low(self) -> float:
        """Return the shortest duration there may be, in seconds."""
        return min(span.low for _, span in self.spans)

    @property
    def high(self) -> float:
        """Return the longest duration there may be, in seconds."""
        return max(span.high for _, span in self.spans)

    def sample(self, chance: random.Random) -> float:
        """Return a duration in seconds."""
        spans = [span for _, span in self.spans]
        if len(spans) > 1:
            spans = chance.choices(spans, [share for share, _ in self.spans])
        return chance.uniform(spans[0].low, spans[0].high)


def between(low: float, high: float) -> Shape:
    """Return the shape of a duration that may be anything between two ends, in seconds."""
    return Shape(((1.0, Span(low, high)),))


def shape(value: object) -> Shape:
    """Return the shape of `"2s"`, `["1s", "3s"]` or `[{share = 0.2, range = ["1s", "2s"]}, …]`.

    Raises:
        SettingError: if it is none of these.
    """
    if not isinstance(value, list) or not any(isinstance(part, dict) for part in value):
        return Shape(((1.0, _span(value)),))
    if not all(isinstance(part, dict) and part.keys() == KEYS for part in value):
        raise SettingError(f'{value!r} is no list of {{ share = 0.3, range = ["1s", "2s"] }}')
    shares = [part["share"] for part in value]
    if not all(isinstance(share, int | float) and 0 <= share <= 1 for share in shares):
        raise SettingError(f"a share in {value!r} is no number from 0 to 1")
    if abs(sum(shares) - 1) > ROUNDING:
        raise SettingError(f"the shares in {value!r} must add up to 1")
    return Shape(tuple((float(part["share"]), _span(part["range"])) for part in value))


def _span(value: object) -> Span:
    match value:
        case str():
            low = high = parse_duration(value)
        case [str() as first, str() as last]:
            low, high = parse_duration(first), parse_duration(last)
        case _:
            raise SettingError(f'{value!r} is no duration; write "2s" or ["1s", "3s"]')
    if low > high:
        raise SettingError(f"{value!r} ends before it begins")
    return Span(low, high)
