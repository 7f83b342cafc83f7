"""Two samples against each other: difference, its bootstrap interval, exact permutation test.

Pure: what is random comes from a seed of its own, so that the same figures give the same result.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.statistics import CONFIDENCE, median

RESAMPLES = 4000
SEED = 20_210_117
MOST_EXACT = 120  # values in both samples; beyond, the exact count takes seconds
SHUFFLES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a candidate is, measured against a baseline; durations in seconds.

    Attributes:
        baseline: how many values the baseline has.
        candidate: how many the candidate has.
        before: the baseline's median.
        after: the candidate's median.
        low: lower end of the 95 % bootstrap interval of the difference of the medians; None if one
            side is a single value, which has no interval.
        high: its upper end.
        p_value: the chance of ranks at least as far apart if both were of one population.
        pairs: how many pairs were compared, which are all values of both; 0 if none were.
        dropped: how many values were left out, because they have no partner.
    """

    baseline: int
    candidate: int
    before: float
    after: float
    low: float | None
    high: float | None
    p_value: float
    pairs: int = 0
    dropped: int = 0

    @property
    def difference(self) -> float:
        """Return by how many seconds the candidate's median is above the baseline's."""
        return self.after - self.before

    @property
    def ratio(self) -> float | None:
        """Return the candidate's median in units of the baseline's; None if that is 0."""
        return self.after / self.before if self.before else None

    @property
    def change(self) -> float | None:
        """Return the difference in units of the baseline: -0.93 is 93 % less; None if that is 0."""
        return None if self.ratio is None else self.ratio - 1


def compare(baseline: Sequence[float], candidate: Sequence[float]) -> Comparison:
    """Return how a candidate's values differ from a baseline's.

    Raises:
        ValueError: if one of the two is empty.
    """
    if not baseline or not candidate:
        raise ValueError("nothing can be compared with an empty sample")
    single = min(len(baseline), len(candidate)) == 1
    low, high = (None, None) if single else difference_interval(baseline, candidate)
    return Comparison(
        baseline=len(baseline),
        candidate=len(candidate),
        before=median(sorted(baseline)),
        after=median(sorted(candidate)),
        low=low,
        high=high,
        p_value=permutation_test(baseline, candidate),
    )


def compare_pairs(pairs: Sequence[tuple[float, float]], *, dropped: int = 0) -> Comparison:
    """Return how a candidate's values differ from a baseline's that met the same failovers.

    Args:
        pairs: a value of the baseline and one of the candidate each.
        dropped: how many values have no partner.

    Raises:
        ValueError: if there is none.
    """
    if not pairs:
        raise ValueError("nothing can be compared without a pair")
    low, high = (None, None) if len(pairs) == 1 else paired_interval(pairs)
    return Comparison(
        baseline=len(pairs),
        candidate=len(pairs),
        before=median(sorted(before for before, _ in pairs)),
        after=median(sorted(after for _, after in pairs)),
        low=low,
        high=high,
        p_value=sign_flip_test([after - before for before, after in pairs]),
        pairs=len(pairs),
        dropped=dropped,
    )


def difference_interval(
    baseline: Sequence[float], candidate: Sequence[float], *, seed: int = SEED
) -> tuple[float, float]:
    """Return the 95 % percentile-bootstrap interval of the difference of the medians."""
    chance = random.Random(seed)  # noqa: S311 - resampling, no secret
    differences = sorted(
        median(sorted(chance.choices(candidate, k=len(candidate))))
        - median(sorted(chance.choices(baseline, k=len(baseline))))
        for _ in range(RESAMPLES)
    )
    return _middle(differences)


def paired_interval(
    pairs: Sequence[tuple[float, float]], *, seed: int = SEED
) -> tuple[float, float]:
    """Return the same interval from resampled pairs: what partners share cancels out."""
    chance = random.Random(seed)  # noqa: S311 - resampling, no secret
    differences = []
    for _ in range(RESAMPLES):
        before, after = zip(*chance.choices(pairs, k=len(pairs)), strict=True)
        differences.append(median(sorted(after)) - median(sorted(before)))
    return _middle(sorted(differences))


def _middle(ordered: Sequence[float]) -> tuple[float, float]:
    """Return both ends of the middle 95 % of resampled differences."""
    cut = math.floor(RESAMPLES * (1 - CONFIDENCE) / 2)
    return ordered[cut], ordered[-cut - 1]


def permutation_test(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p-value of the permutation test on ranks, ties sharing theirs.

    Exact, by counting all ways to divide the ranks, up to `MOST_EXACT` values; beyond, from a
    seeded sample of them.
    """
    ranks = doubled_ranks([*first, *second])
    # The sum of a share of the ranks is symmetric around its mean, so the smaller sample will do.
    size = min(len(first), len(second))
    chosen = ranks[: len(first)] if len(first) == size else ranks[len(first) :]
    distance = _distance(sum(chosen), ranks, size)
    if len(ranks) > MOST_EXACT:
        return _sampled(ranks, size, distance)
    counts = _rank_sums(ranks, size)
    extreme = sum(
        ways for total, ways in enumerate(counts) if _distance(total, ranks, size) >= distance
    )
    return extreme / math.comb(len(ranks), size)


def sign_flip_test(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the permutation test of the signs of ranked differences.

    If nothing differed, each difference could as well have the other sign: as many of all ways to
    give them signs as are at least as lopsided. Sizes that are equal share their rank, and no
    difference has no sign. Exact up to `MOST_EXACT` values, as `permutation_test`.
    """
    ranked = zip(
        doubled_ranks([abs(difference) for difference in differences]), differences, strict=True
    )
    signed = [(rank, difference) for rank, difference in ranked if difference]
    ranks = [rank for rank, _ in signed]
    total = sum(ranks)
    distance = abs(sum(math.copysign(rank, difference) for rank, difference in signed))
    if len(ranks) > MOST_EXACT:
        chance = random.Random(SEED)  # noqa: S311 - resampling, no secret
        extreme = sum(
            abs(sum(rank if chance.getrandbits(1) else -rank for rank in ranks)) >= distance
            for _ in range(SHUFFLES)
        )
        return (extreme + 1) / (SHUFFLES + 1)
    ways = [1] + [0] * total  # how many choices of ranks add up to each sum
    for rank in ranks:
        for at in range(total, rank - 1, -1):
            ways[at] += ways[at - rank]
    extreme = sum(n for at, n in enumerate(ways) if abs(2 * at - total) >= distance)
    return extreme / (1 << len(ranks))


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Return twice the rank of each value, from 2; equal values share the mean of their ranks."""
    ordered = sorted(values)
    first: dict[float, int] = {}
    last: dict[float, int] = {}
    for position, value in enumerate(ordered, start=1):
        first.setdefault(value, position)
        last[value] = position
    return [first[value] + last[value] for value in values]


def _distance(total: int, ranks: Sequence[int], size: int) -> int:
    """Return how far a sum of ranks is from its mean, in units that keep it whole."""
    return abs(total * len(ranks) - size * sum(ranks))


def _rank_sums(ranks: Sequence[int], size: int) -> list[int]:
    """Return for each sum in how many ways *size* of the ranks add up to it.

    One polynomial for each number of ranks taken so far, packed into a big integer: shifting it
    adds a rank to all sums at once. None is as large as the sum of all ranks: *size* leaves one.
    """
    width = len(ranks) // 8 + 1  # bytes; there are fewer than 2 ** len(ranks) ways
    ways = [1] + [0] * size
    for rank in ranks:
        for number in range(size, 0, -1):
            ways[number] += ways[number - 1] << (8 * rank * width)
    packed = ways[size].to_bytes(sum(ranks) * width, "little")
    return [
        int.from_bytes(packed[at : at + width], "little") for at in range(0, len(packed), width)
    ]


def _sampled(ranks: Sequence[int], size: int, distance: int) -> float:
    chance = random.Random(SEED)  # noqa: S311 - resampling, no secret
    pool = list(ranks)
    extreme = sum(
        _distance(sum(chance.sample(pool, size)), ranks, size) >= distance for _ in range(SHUFFLES)
    )
    return (extreme + 1) / (SHUFFLES + 1)  # the seen division is one of them
