"""The growths over a baseline that fail a run: written as `median:10%`, shown with confidence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pytest_rdsfailover.analysis import growth
from pytest_rdsfailover.analysis.statistics import median, place_of
from pytest_rdsfailover.model.durations import format_duration, parse_duration
from pytest_rdsfailover.model.errors import SettingError

CONFIDENCE = 0.99  # that a run in which nothing has changed passes all of its rules together
SHARES = {"median": 0.5, "p95": 0.95, "max": 1.0}
RULE = re.compile(r"(?P<figure>\w+):(?P<growth>.+)")
PERCENT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?\s*%")

Pairs = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A growth that fails the run.

    Attributes:
        figure: `median`, `p95` or `max` of the downtimes of a scenario.
        allowed: by how much it may grow: a share of the baseline, or seconds.
        is_share: which of the two.
        text: the rule as it was written.
    """

    figure: str
    allowed: float
    is_share: bool
    text: str

    @property
    def grown(self) -> growth.Growth:
        """Return how its growth is measured."""
        return growth.share_grown if self.is_share else growth.seconds_grown

    def figure_of(self, downtimes: Sequence[float]) -> float:
        """Return the figure that it is about."""
        ordered = sorted(downtimes)
        if self.figure == "median":
            return median(ordered)
        return ordered[place_of(len(ordered), SHARES[self.figure])]

    def shown(self, value: float) -> str:
        """Return a growth in words."""
        return f"{value:.0%}" if self.is_share else format_duration(value)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says of a scenario.

    Attributes:
        text: in words; empty if the figure is within the rule.
        broken: whether it is shown that the figure has grown beyond the rule.
    """

    text: str
    broken: bool


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Return the rules of a text such as `median:10%,max:500ms`.

    Raises:
        SettingError: if it is none.
    """
    return tuple(_parse_rule(part.strip()) for part in text.split(","))


def _parse_rule(text: str) -> Rule:
    match = RULE.fullmatch(text)
    if match is None or match["figure"] not in SHARES:
        raise SettingError(
            f"{text!r} is no rule; write median:10% or max:500ms (known: {', '.join(SHARES)})"
        )
    allowed = match["growth"].strip()
    if not allowed.endswith("%"):
        return Rule(match["figure"], parse_duration(allowed), is_share=False, text=text)
    if PERCENT.fullmatch(allowed) is None:  # no growth would ever exceed nan or inf
        raise SettingError(f"{allowed!r} is no share by which a figure may grow; write 10%")
    return Rule(match["figure"], float(allowed[:-1]) / 100, is_share=True, text=text)


@dataclass(frozen=True, slots=True)
class Samples:
    """The downtimes that a scenario is judged by.

    Attributes:
        before: those of the baseline.
        after: those of the run.
        pairs: those of the same failovers, if there are any; then *before* and *after* are theirs.
    """

    before: Sequence[float]
    after: Sequence[float]
    pairs: Pairs

    @classmethod
    def of(
        cls, before: Sequence[float], after: Sequence[float], pairs: Pairs, chance: float
    ) -> Self | None:
        """Return what can show a growth with so small a chance of error: pairs, or else all trials.

        Returns:
            None if there are too few trials to show any growth.
        """
        if growth.signs_needed(len(pairs), chance) is not None:
            return cls([was for was, _ in pairs], [now for _, now in pairs], pairs)
        if growth.rank_sum_needed(len(before), len(after), chance) is not None:
            return cls(before, after, ())
        return None

    @property
    def trials(self) -> str:
        """Return how many trials there are, in words."""
        if self.pairs:
            return f"{len(self.pairs)} pairs"
        return f"{len(self.before)} and {len(self.after)} trials"


def chance_of(rules: int, scenarios: int) -> float:
    """Return how surely each of so many judgements must be wrong at most, for all to be sure."""
    return (1 - CONFIDENCE) / max(1, rules * scenarios)


def trials_needed(chance: float) -> int:
    """Return how many pairs of trials can show any growth."""
    pairs = 1
    while growth.signs_needed(pairs, chance) is None:
        pairs += 1
    return pairs


def judge(rule: Rule, evidence: Samples, chance: float) -> Judgement:
    """Return whether a scenario has broken a rule.

    Args:
        rule: the rule.
        evidence: the scenario's downtimes.
        chance: of calling it broken although nothing has changed.
    """
    was, now = rule.figure_of(evidence.before), rule.figure_of(evidence.after)
    if rule.grown(was, now) <= rule.allowed:
        return Judgement("", broken=False)
    least = _least(rule, evidence, chance)
    grew = f"{rule.figure} grew from {format_duration(was)} to {format_duration(now)}"
    sure = f"{CONFIDENCE:.0%} confidence, {evidence.trials}"
    if least > rule.allowed:
        by = "" if least == float("inf") else f", by at least {rule.shown(least)}"
        return Judgement(f"{grew}{by} ({sure}), beyond {rule.text}", broken=True)
    return Judgement(
        f"{grew}, beyond {rule.text}, which these trials do not show ({sure}): more trials would tell",
        broken=False,
    )


def _least(rule: Rule, evidence: Samples, chance: float) -> float:
    """Return the growth that is shown: of all downtimes or, of a figure of the tail, by either way."""
    way = chance if rule.figure == "median" else chance / 2
    if evidence.pairs:
        shift = growth.of_pairs(evidence.pairs, rule.grown, way)
    else:
        shift = growth.of_samples(evidence.before, evidence.after, rule.grown, way)
    if rule.figure == "median":
        return shift
    place = place_of(len(evidence.before), SHARES[rule.figure])
    return max(shift, growth.of_tail(evidence.before, evidence.after, place, rule.grown, way))
