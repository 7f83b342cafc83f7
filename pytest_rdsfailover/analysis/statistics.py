"""Small exact statistics: percentiles, the median's interval, the interval of a share."""

import math
from collections.abc import Sequence

CONFIDENCE = 0.95
Z = 1.959963984540054  # the normal distribution's quantile for 95 % on two sides


def percentile(ordered: Sequence[int], share: float) -> int:
    """Return the smallest value that at least *share* of the *ordered* values do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median_interval(ordered: Sequence[float]) -> tuple[float, float] | None:
    """Return order statistics that hold the true median with at least 95 % confidence.

    Exact for any distribution. None for fewer than 6 values: even their extremes do not reach
    95 %.
    """
    n = len(ordered)
    outside, rank = 0.0, 0
    while rank < n // 2:
        outside += math.comb(n, rank) / 2**n
        if 2 * outside > 1 - CONFIDENCE:
            break
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
