"""Which slots were served by no write, and when their writer was served next."""

import pytest
from builders import ack, journal, refused

from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND, to_nanoseconds, to_seconds

EVENTS = [ack(1.0, intended=1.0), refused(2.1, intended=2.0), refused(3.1, intended=3.0),
          ack(6.5, intended=6.0), refused(7.1, intended=7.0)]  # fmt: skip


@pytest.fixture
def series():
    """A writer that was away from 2 s to 6.5 s, left out the slots of 4 s, 4.5 s and 5 s, and ended away."""
    (found,) = series_of(journal(EVENTS, skips=[(0, 4.0, 5.0, 3)]))
    return found


@pytest.mark.parametrize(
    ("first", "last", "slots"),
    [
        (0, 10, [2.0, 3.0, 7.0, 4.0, 4.5, 5.0]),
        (2, 3, [2.0]),
        (2.5, 4.5, [3.0, 4.0]),
        (4.5, 5.5, [4.5, 5.0]),
        (5.5, 7, []),
        (7, 7, []),
    ],
)
def test_slots_of_failed_writes_and_slots_that_were_left_out_are_unserved(
    series, first, last, slots
):
    found = series.unserved(to_nanoseconds(first), to_nanoseconds(last), 9 * SECOND)

    assert [to_seconds(slot) for slot, _ in found] == slots


def test_a_single_slot_that_was_left_out_has_no_neighbours():
    (series,) = series_of(journal([ack(1.0)], skips=[(0, 4.0, 4.0, 1)]))

    assert list(series.unserved(0, 9 * SECOND, 9 * SECOND)) == [(4 * SECOND, None)]


@pytest.mark.parametrize("count", [2, 3])
def test_slots_that_were_left_out_lie_evenly_from_the_first_to_the_last(count):
    (series,) = series_of(journal([ack(1.0)], skips=[(0, 4.0, 5.0, count)]))
    slots = [round((4 + number / (count - 1)) * SECOND) for number in range(count)]

    assert list(series.skipped(0, 9 * SECOND)) == slots
    assert [series.not_issued(0, slot) for slot in slots] == [*range(count)]
    assert series.not_issued(slots[0] + 1, slots[-1] + 1) == count - 1


def backs(series, stop):
    found = series.unserved(0, 9 * SECOND, to_nanoseconds(stop))
    return {to_seconds(slot): None if back is None else to_seconds(back) for slot, back in found}


def test_a_slot_is_served_by_the_next_success_if_there_is_one(series):
    assert backs(series, 20) == {2.0: 6.5, 3.0: 6.5, 4.0: 6.5, 4.5: 6.5, 5.0: 6.5, 7.0: None}
    assert backs(series, 6) == dict.fromkeys((2.0, 3.0, 4.0, 4.5, 5.0, 7.0))


def test_what_was_served_before_a_write_failed_does_not_serve_it():
    late = [ack(3.0, sent=1.0, intended=1.0), refused(3.5, sent=3.0, intended=2.0), ack(4.0)]
    (series,) = series_of(journal(late))

    assert backs(series, 9) == {2.0: 4.0}
