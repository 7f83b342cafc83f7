"""Which scenario of one run is which of another: by all that names it, never by its short name."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.report.scenarios import Key, Scenario

ALIKE = 3  # of five parts of a key: with fewer in common two scenarios are no likely partners


@dataclass(frozen=True, slots=True)
class Match:
    """A scenario of each run.

    Attributes:
        before: that of the earlier run.
        after: that of the later one.
    """

    before: Scenario
    after: Scenario

    @property
    def is_renamed(self) -> bool:
        """Tell whether it has another test or parameter, and not only another endpoint or profile."""
        return self.before.key[:2] != self.after.key[:2]


@dataclass(frozen=True, slots=True)
class Matching:
    """The scenarios of two runs beside each other.

    Attributes:
        pairs: those that are the same, in the later run's order.
        likely: those that have no partner, and that may be each other's.
        added: those of the later run that are left.
        missing: those of the earlier run that are left.
    """

    pairs: tuple[Match, ...]
    likely: tuple[Match, ...]
    added: tuple[Scenario, ...]
    missing: tuple[Scenario, ...]


def matched(before: Sequence[Scenario], after: Sequence[Scenario]) -> Matching:
    """Return the scenarios of two runs beside each other."""
    old = {scenario.key: scenario for scenario in before}
    new = {scenario.key: scenario for scenario in after}
    left = [key for key in old if key not in new]
    likely = []
    for _, was, now in sorted(_candidates(left, [key for key in new if key not in old])):
        if was in old and now in new:
            likely.append(Match(old.pop(was), new.pop(now)))
    return Matching(
        pairs=tuple(Match(old[key], new[key]) for key in new if key in old),
        likely=tuple(likely),
        added=tuple(new[key] for key in new if key not in old),
        missing=tuple(old[key] for key in old if key not in new),
    )


def _candidates(before: Sequence[Key], after: Sequence[Key]) -> list[tuple[float, Key, Key]]:
    """Return which keys may mean the same scenario, and how unlike they are."""
    return [
        (-alike - _resemblance(was, now), was, now)
        for was in before
        for now in after
        if (alike := _alike(was, now)) >= ALIKE
    ]


def _alike(one: Key, other: Key) -> int:
    """Return how many of file, function, parameters, endpoint and profile two keys share."""
    return sum(a == b for a, b in zip(_parts(one), _parts(other), strict=True))


def _parts(key: Key) -> tuple[str, ...]:
    file, _, function = key.test.partition("::")
    return file, function, key.scenario, key.endpoint, key.profile


def _resemblance(one: Key, other: Key) -> float:
    return difflib.SequenceMatcher(None, str(one), str(other)).ratio()
