"""The slices around a failover hold each acknowledged write once, and none of the edges."""

import pytest

from pytest_rdsfailover.analysis.pulse import LEAST_MARGIN, MARGIN, SLICES, pulse
from pytest_rdsfailover.model.clock import SECOND

ACKS = [0, *(n * SECOND // 10 for n in range(1, 1000)), 100 * SECOND]  # both edges of the run


@pytest.mark.parametrize(
    ("first", "last", "start", "stop"),
    [
        (50 * SECOND, 50 * SECOND, 50 * SECOND - LEAST_MARGIN, 50 * SECOND + LEAST_MARGIN),
        (30 * SECOND, 60 * SECOND, 30 * (1 - MARGIN) * SECOND, (60 + 30 * MARGIN) * SECOND),
        (0, 100 * SECOND, 0, 100 * SECOND),
    ],
)
def test_every_write_of_the_time_around_is_in_one_slice(first, last, start, stop):
    found = pulse(ACKS, first=first, last=last, zero=10 * SECOND)

    assert len(found.counts) == SLICES
    assert (found.start, found.stop) == pytest.approx((start / SECOND - 10, stop / SECOND - 10))
    assert sum(found.counts) == sum(start <= at < stop for at in ACKS[1:-1])
    assert max(found.counts) - min(found.counts) <= 1
