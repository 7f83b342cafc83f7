"""Repeats of one trial as a population: what each contributes, and what they say together."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypedDict

from pytest_rdsfailover.analysis.figure import Figure, Unit
from pytest_rdsfailover.analysis.statistics import (
    CONFIDENCE,
    median,
    median_interval,
    percentile,
    share_bound,
    trials_needed,
    wilson,
)

PROVEN_SHARE = 0.99  # the share without downtime that `clean_needed` is about
P95 = 0.95
# Seconds: "no downtime" says that no outage was seen, and that none can have been this long.
NONE = 0.1
SMALL = 0.5  # a smaller share of trials with a figure speaks for those that were easy to measure


# A figure as JSON can say it: lower and upper end, value, problem, unit; no upper end if infinite.
FigureRow = tuple[float, float | None, float, str, Unit]


class SampleDocument(TypedDict):
    """A sample as JSON can say it; its fields are those of `Sample`."""

    valid: bool
    reason: str
    problem: str
    downtime: FigureRow
    rate: float
    figures: Mapping[str, FigureRow | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one trial contributes to its population.

    Attributes:
        valid: whether the failover happened as its profile says.
        reason: why the trial is invalid; empty if it is valid.
        problem: why its downtime is no figure, because the load generator's own clock was unfit;
            empty if it is one.
        downtime: its downtime, in seconds.
        rate: writes per second that all writers intended together.
        figures: everything else that can be expected of a trial, by name: seconds or counts; None
            for what was not measured or not audited.
    """

    valid: bool
    reason: str
    downtime: Figure
    rate: float
    figures: Mapping[str, Figure | None]
    problem: str = ""

    @property
    def measured(self) -> bool:
        """Tell whether its downtime is a figure that counts."""
        return self.valid and not self.problem

    def plain(self) -> SampleDocument:
        """Return it as JSON can say it."""
        return {
            "valid": self.valid,
            "reason": self.reason,
            "problem": self.problem,
            "downtime": _plain(self.downtime),
            "rate": self.rate,
            "figures": {
                name: None if figure is None else _plain(figure)
                for name, figure in self.figures.items()
            },
        }

    @classmethod
    def of_plain(cls, plain: SampleDocument) -> Self:
        """Return the sample that `plain` said.

        Raises:
            KeyError: if a part of it is missing.
        """
        rate = plain["rate"]
        return cls(
            valid=plain["valid"],
            reason=plain["reason"],
            problem=plain.get("problem", ""),
            downtime=_of_plain(plain["downtime"], rate),
            rate=rate,
            figures={
                name: None if figure is None else _of_plain(figure, rate)
                for name, figure in plain["figures"].items()
            },
        )


def _plain(figure: Figure) -> FigureRow:
    upper = None if math.isinf(figure.upper) else figure.upper
    return figure.lower, upper, figure.value, figure.problem, figure.unit


def _of_plain(plain: FigureRow, rate: float) -> Figure:
    lower, upper, value, problem, unit = plain
    most = math.inf if upper is None else upper
    return Figure(lower, most, problem, unit=unit, rate=rate, best=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What the valid ones among repeated trials say together; durations in seconds.

    The figures have both ends: of the trials seen, whose own downtimes have them. What these say of
    trials not seen is the interval from `low` to `high`, and what claims are for.

    Attributes:
        trials: how many valid trials were measured; all other figures are theirs.
        invalid: how many more proved nothing.
        unreliable: how many more were valid, but their downtime is no figure.
        median: the middle downtime; None without trials.
        low: lower end of the median's exact interval at 95 %; None below six trials.
        high: its upper end.
        p95: the downtime that 95 % of the trials did not exceed; None without trials.
        max: the longest downtime; None without trials.
        zero: in how many trials there was no downtime at all, and none can have been `NONE` long.
        zero_low: lower end of the 95 % Wilson interval of their share.
        zero_high: its upper end.
        open: how many downtimes had not ended when observation ended: `median` and the others are
            at least so long.
    """

    trials: int
    invalid: int
    unreliable: int
    median: Figure | None
    low: float | None
    high: float | None
    p95: Figure | None
    max: Figure | None
    zero: int
    zero_low: float
    zero_high: float
    open: int

    @property
    def problem(self) -> str:
        """Return why its figures are of too few of its trials; empty if they are not."""
        return too_few(self.trials, self.trials + self.invalid + self.unreliable)

    @property
    def down(self) -> int:
        """Return in how many trials there was downtime, or may have been."""
        return self.trials - self.zero

    @property
    def down_bound(self) -> float:
        """Return the upper bound, with 95 % confidence, of the share of trials with downtime."""
        return share_bound(self.down, self.trials, CONFIDENCE)

    @property
    def clean_needed(self) -> int:
        """Return how many trials without downtime would prove 99 %, those seen counted in."""
        return trials_needed(PROVEN_SHARE, CONFIDENCE, misses=self.down)


def had_none(downtime: Figure) -> bool | None:
    """Tell whether there was no downtime at all; None if the evidence does not settle it."""
    if downtime.lower > 0:
        return False
    return True if downtime.value == 0 and downtime.upper < NONE else None


def too_few(measured: int, trials: int) -> str:
    """Return why so many trials with a figure cannot speak for all; empty if they can."""
    if measured >= SMALL * trials:
        return ""
    return f"only {measured} of {trials} trials have a figure ({measured / trials:.0%})"


def population(
    downtimes: Iterable[Figure | float], *, invalid: int = 0, unreliable: int = 0
) -> Population:
    """Return what the *downtimes* of valid trials say, beside *invalid* and *unreliable* ones."""
    figures = [
        figure if isinstance(figure, Figure) else Figure.exact(figure, "s") for figure in downtimes
    ]
    ordered: Sequence[float] = sorted(figure.value for figure in figures)
    interval = median_interval(ordered)
    few = too_few(len(ordered), len(ordered) + invalid + unreliable)
    zero = sum(had_none(figure) is True for figure in figures)
    zero_low, zero_high = wilson(zero, len(ordered))
    return Population(
        trials=len(ordered),
        invalid=invalid,
        unreliable=unreliable,
        median=_of(figures, median, few),
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        p95=_of(figures, lambda ordered: percentile(ordered, P95), few),
        max=_of(figures, max, few),
        zero=zero,
        zero_low=zero_low,
        zero_high=zero_high,
        open=sum(math.isinf(figure.upper) for figure in figures),
    )


def _of(
    figures: Sequence[Figure], take: Callable[[Sequence[float]], float], problem: str
) -> Figure | None:
    """Return what an order statistic of the figures can be: that of their lower and upper ends."""
    if not figures:
        return None
    lower = take(sorted(figure.lower for figure in figures))
    upper = take(sorted(figure.upper for figure in figures))
    best = take(sorted(figure.value for figure in figures))
    return Figure(lower, upper, best=best).unproven(problem)


def population_of(samples: Sequence[Sample]) -> Population:
    """Return what samples say, those without a figure counted apart."""
    invalid = sum(not sample.valid for sample in samples)
    measured = [sample.downtime for sample in samples if sample.measured]
    unreliable = len(samples) - invalid - len(measured)
    return population(measured, invalid=invalid, unreliable=unreliable)
