"""Small exact statistics of one sample: percentiles and shares, and how well they are known."""

import math
from collections.abc import Sequence
from typing import TypeVar

Number = TypeVar("Number", int, float)

CONFIDENCE = 0.95
Z = 1.959963984540054  # the normal distribution's quantile for 95 % on two sides
HALVINGS = 50  # of the interval from 0 to 1: exact to the last digit of a float
EDGE = 1 + 1e-9  # lets rounding not decide what is equal on paper


def percentile(ordered: Sequence[Number], share: float) -> Number:
    """Return the smallest value that at least *share* of the *ordered* values do not exceed."""
    return ordered[place_of(len(ordered), share)]


def place_of(count: int, share: float) -> int:
    """Return where that value stands among so many."""
    return max(0, math.ceil(share * count) - 1)


def median_interval(ordered: Sequence[float]) -> tuple[float, float] | None:
    """Return order statistics that hold the true median with at least 95 % confidence.

    Exact for any distribution. None for fewer than 6 values: even their extremes do not reach
    95 %.
    """
    n, outside, rank = len(ordered), 0.0, 0
    while 2 * (outside := outside + math.comb(n, rank) / 2**n) <= 1 - CONFIDENCE:
        rank += 1
    return (ordered[rank - 1], ordered[n - rank]) if rank else None


def wilson(count: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share; 0 to 1 without trials."""
    if trials == 0:
        return 0.0, 1.0
    share, square = count / trials, Z * Z / trials
    centre = share + square / 2
    spread = Z * math.sqrt(share * (1 - share) / trials + square / (4 * trials))
    low, high = (centre - spread) / (1 + square), (centre + spread) / (1 + square)
    return (0.0 if count == 0 else low), (1.0 if count == trials else high)


def median(ordered: Sequence[float]) -> float:
    """Return the middle of the *ordered* values, or the mean of the middle two."""
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[-middle - 1]) / 2


def at_least(count: int, trials: int, share: float) -> float:
    """Return the chance of *count* or more hits in *trials*, each with a chance of *share*."""
    if count <= 0 or share >= 1:
        return 1.0
    if count > trials or share <= 0:
        return 0.0
    # In logarithms, because the binomial coefficients of 1,030 trials are too large for a float.
    one, other, every = math.log(share), math.log1p(-share), math.lgamma(trials + 1)
    return math.fsum(
        math.exp(
            every
            - math.lgamma(hits + 1)
            - math.lgamma(trials - hits + 1)
            + hits * one
            + (trials - hits) * other
        )
        for hits in range(count, trials + 1)
    )


def proves(count: int, trials: int, share: float, confidence: float = CONFIDENCE) -> bool:
    """Tell whether *count* hits in *trials* prove a true share of *share* or more.

    Exact one-sided binomial test: were the true share below *share*, as many hits would be seen
    with a chance of at most 1 - *confidence*.
    """
    return at_least(count, trials, share) <= (1 - confidence) * EDGE


def disproves(count: int, trials: int, share: float, confidence: float = CONFIDENCE) -> bool:
    """Tell whether *count* hits in *trials* prove a true share of less than *share*."""
    return 1 - at_least(count + 1, trials, share) <= (1 - confidence) * EDGE


def trials_needed(share: float, confidence: float = CONFIDENCE, misses: int = 0) -> int:
    """Return how many trials prove a true share of *share* or more, of which *misses* miss it.

    Without misses 59 prove 95 % with 95 % confidence, and 299 prove 99 %.

    Raises:
        ValueError: unless 0 < share < 1 and 0 < confidence < 1.
    """
    if not (0 < share < 1 and 0 < confidence < 1):
        raise ValueError(f"no number of trials proves {share:.0%} with {confidence:.0%} confidence")
    high = misses + 1
    while not proves(high - misses, high, share, confidence):
        high *= 2
    low = misses
    while high - low > 1:  # low does not prove it, high does
        middle = (low + high) // 2
        if proves(middle - misses, middle, share, confidence):
            high = middle
        else:
            low = middle
    return high


def share_bound(count: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided upper bound of a share (Clopper-Pearson); 1 without trials.

    0 breaches in 15 trials still allow a true rate of 18 % with 95 % confidence.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if 1 - at_least(count + 1, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high
