"""The longest time in which the database can have been away holds no acknowledged write."""

import random

from builders import ack, acks, journal

from pytest_rdsfailover.analysis.outages import WideGaps, acknowledgements, lengths
from pytest_rdsfailover.analysis.presence import longest_unseen
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND


def unseen(events, *, writers=1, since=0.0, stop=9.0, wide=SECOND // 100):
    series = series_of(journal(events, writers=writers))
    found = acknowledgements(series, start=0, stop=round(stop * SECOND))
    return longest_unseen(
        series, WideGaps.of(found, lengths(found), wide), since=round(since * SECOND)
    )


def seconds(span):
    return span[0] / SECOND, span[1] / SECOND


def test_late_answers_may_hide_more_than_the_widest_gap_shows():
    steady = [*acks(0.01, 3.0, 0.01), *acks(4.0, 9.0, 0.01)]
    late = [ack(3.3, sent=2.5, writer=1), ack(3.6, sent=2.6, writer=2)]

    assert seconds(unseen([*steady, *late], writers=3)) == (2.989, 4.0)


def test_what_was_over_before_does_not_count():
    events = [*acks(0.01, 3.0, 0.01), *acks(4.0, 9.0, 0.01)]

    assert seconds(unseen(events)) == (2.989, 4.0)
    assert seconds(unseen(events, since=5.0))[1] > 5.0
    assert seconds(unseen(events, since=4.0)) == (3.999, 4.01)  # over at that very moment


def test_without_one_that_is_long_enough_it_has_no_length():
    assert seconds(unseen(acks(0.001, 1.0, 0.001), stop=1.0)) == (1.0, 1.0)


def test_of_late_answers_those_count_that_came_after_a_moment():
    steady = [*acks(0.01, 3.0, 0.01), *acks(3.85, 9.0, 0.01)]
    late = ack(3.6, sent=3.4, writer=1)

    assert seconds(unseen([*steady, late], writers=2)) == (2.989, 3.6)
    assert seconds(unseen([*steady, late], writers=2, since=3.6)) == (3.4, 3.85)


def test_who_was_served_a_nanosecond_before_the_end_was_served():
    steady = [*acks(0.01, 3.0, 0.01), *acks(4.0, 9.0, 0.01)]
    late = ack(3.999999999, sent=3.4, writer=1)

    assert seconds(unseen([*steady, late], writers=2)) == (2.989, 3.999999999)


def slowly(events, stop):
    """Return the longest one by looking at all of them."""
    writes = sorted((each.finished, each.started) for each in events if each.finished < stop)
    ends = [*(finished for finished, _ in writes), stop]
    return max(
        end - max((start for finished, start in writes if finished < end), default=0.0)
        for end in ends
    )


def test_it_is_the_same_as_by_looking_at_all_of_them():
    for seed in range(200):
        chance = random.Random(seed)
        events, at = [], [0.0] * 4
        while min(at) < 2:
            writer = at.index(min(at))
            start = at[writer] + chance.random() * chance.choice([0.01, 0.3])
            at[writer] = start + chance.random() * chance.choice([0.002, 0.002, 0.2, 0.5])
            events.append(ack(at[writer], sent=start, writer=writer))
        begin, end = seconds(unseen(events, writers=4, stop=2.0))
        assert abs(end - begin - slowly(events, 2.0)) < 1e-6


def test_it_is_the_same_whatever_length_the_wide_gaps_have():
    events = [*acks(0.01, 3.0, 0.01), *acks(3.04, 6.0, 0.03), ack(6.9, sent=6.1), *acks(7, 9, 0.1)]
    lengths = (0, SECOND // 200, SECOND // 20, SECOND // 4, 5 * SECOND)
    assert len({unseen(events, wide=each) for each in lengths}) == 1
    assert len({unseen(events, since=7.0, wide=each) for each in lengths}) == 1
