"""Whether operations take longer than in the calm: of how many, and from when to when."""

import pytest
from builders import ack, journal

from pytest_rdsfailover.analysis import level
from pytest_rdsfailover.analysis.level import FEWEST, SLICE, Level
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND

USUAL = Level(half=1_000_000, most=1_000_000)
LONG, SHORT = USUAL.limit + 1, USUAL.limit
SINCE = 1_100_000_000


def operations(*ends, takes=LONG):
    """Return operations of one writer that are over at some nanoseconds, as often as is enough."""
    return [ack(end / SECOND, sent=(end - takes) / SECOND) for end in ends for _ in range(FEWEST)]


def slow(events):
    acks = sorted(round(each.finished * SECOND) for each in events)
    return list(USUAL.slow(series_of(journal(events)), acks, SINCE))


def span(number):
    """Return a slice: what is over at its last moment is in it, what is at its first is not."""
    return SINCE + number * SLICE - 1, SINCE + (number + 1) * SLICE - 1


@pytest.mark.parametrize(
    ("end", "number"),
    [(SINCE + 1, 0), (SINCE + SLICE - 1, 0), (SINCE + SLICE, 1), (SINCE + 3 * SLICE + 99, 3)],
)
def test_time_is_cut_into_slices_from_a_moment_on(end, number):
    assert slow(operations(end)) == [span(number)]


def test_slices_without_an_operation_are_not_looked_at():
    ends = SINCE + 5, SINCE + SLICE - 1, SINCE + SLICE, SINCE + 7 * SLICE + 5
    assert slow(operations(SINCE, *ends)) == [span(0), span(1), span(7)]


def test_half_of_enough_operations_exceed_the_limit_in_a_slow_slice():
    assert slow(operations(SINCE + 5)[1:]) == []
    assert slow(operations(SINCE + 5, takes=SHORT)) == []
    mixed = [*operations(SINCE + 5), *operations(SINCE + 6, takes=SHORT)]
    assert slow(mixed) == []  # of 20, ten do not
    assert slow(mixed[:-1]) == [span(0)]


def test_so_many_operations_of_the_calm_make_a_level():
    events = operations(SECOND)
    assert Level.of(series_of(journal(events)), (0, SECOND)) == Level(LONG, LONG)
    assert Level.of(series_of(journal(events[1:])), (0, SECOND)) is None


def test_of_many_operations_a_sample_tells(monkeypatch):
    monkeypatch.setattr(level, "MOST", 10)
    series = series_of(journal(operations(*range(SECOND, SECOND + 12))))

    assert len(level.taken_within(series, (0, 2 * SECOND))) == 10
    assert len(level.taken_within(series, (SECOND + 10, SECOND + 11))) == 10
