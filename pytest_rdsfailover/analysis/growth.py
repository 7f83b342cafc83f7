"""By how much a figure has grown at least: lower bounds that hold for any distribution.

Pure ranks: were nothing changed, a bound would exceed 0 with a chance of at most *chance*, whatever
the durations look like. A growth is a share of what was before, or a number of seconds.
"""

import functools
import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

NEVER = -math.inf  # no growth at all is shown
MOST_EXACT = 100  # values on a side; beyond, the normal approximation is closer than anybody asks

Growth = Callable[[float, float], float]  # from what was before and what is now


def share_grown(before: float, after: float) -> float:
    """Return a growth as a share of what was before: any time is more than a share of none."""
    if before == 0:
        return math.inf if after > 0 else NEVER
    return after / before - 1


def seconds_grown(before: float, after: float) -> float:
    """Return a growth in seconds."""
    return after - before


def of_pairs(pairs: Sequence[tuple[float, float]], grown: Growth, chance: float) -> float:
    """Return by how much the values of pairs have grown at least, in the median: the sign test.

    A few pairs that a busy machine has spoilt, however much, weigh no more than the others.

    Args:
        pairs: a value before and one now of the same failover each.
        grown: how a growth is measured.
        chance: of a bound above 0 if nothing has changed.
    """
    needed = signs_needed(len(pairs), chance)
    return _largest([grown(before, after) for before, after in pairs], needed)


def of_samples(
    before: Sequence[float], after: Sequence[float], grown: Growth, chance: float
) -> float:
    """Return by how much a sample has grown at least: the rank-sum test; arguments as `of_pairs`."""
    needed = rank_sum_needed(len(before), len(after), chance)
    return _largest([grown(old, new) for old in before for new in after], needed)


def of_tail(
    before: Sequence[float], after: Sequence[float], place: int, grown: Growth, chance: float
) -> float:
    """Return by how much more than the value at a *place* before, from 0, so many values now are.

    The precedence test: how many of the values now exceed one of the ordered values before.
    """
    needed = exceeding_needed(len(before), len(after), place, chance)
    value = sorted(before)[place]
    return _largest([grown(value, new) for new in after], needed)


def _largest(growths: Sequence[float], number: int | None) -> float:
    """Return the growth that so many of them have at least; `NEVER` if there is no such number."""
    return NEVER if number is None else sorted(growths, reverse=True)[number - 1]


@functools.cache
def signs_needed(pairs: int, chance: float) -> int | None:
    """Return in how many of so many pairs the value now must be larger; None if no number shows it."""
    ways = [math.comb(pairs, number) for number in range(pairs + 1)]
    return _needed(ways, 1 << pairs, chance)


@functools.cache
def rank_sum_needed(before: int, after: int, chance: float) -> int | None:
    """Return in how many pairs of any two values the one now must be larger; None as above."""
    most = before * after
    if max(before, after) > MOST_EXACT:
        spread = math.sqrt(most * (before + after + 1) / 12)
        needed = math.ceil(most / 2 + NormalDist().inv_cdf(1 - chance) * spread + 0.5)
        return needed if needed <= most else None
    ways = [1] + [0] * most  # the Gaussian binomial coefficient, factor by factor
    for step in range(1, after + 1):
        for at in range(most, before + step - 1, -1):
            ways[at] -= ways[at - before - step]
        for at in range(step, most + 1):
            ways[at] += ways[at - step]
    return _needed(ways, math.comb(before + after, after), chance)


@functools.cache
def exceeding_needed(before: int, after: int, place: int, chance: float) -> int | None:
    """Return how many values now must exceed the one at a place before; None as above."""
    ways = [
        math.comb(place + after - number, place) * math.comb(before - place - 1 + number, number)
        for number in range(after + 1)
    ]
    return _needed(ways, math.comb(before + after, after), chance)


def _needed(ways: Sequence[int], every: int, chance: float) -> int | None:
    """Return the smallest number that is reached with at most that chance; None if none is."""
    reached, allowed = 0, chance * every
    for number in range(len(ways) - 1, 0, -1):
        reached += ways[number]
        if reached > allowed:
            return number + 1 if number + 1 < len(ways) else None
    return 1 if len(ways) > 1 else None
