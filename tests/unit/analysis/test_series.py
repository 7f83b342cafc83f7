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
    found = series.unserved(to_nanoseconds(first), to_nanoseconds(last))

    assert [to_seconds(slot) for slot in found] == slots


def test_a_single_slot_that_was_left_out_has_no_neighbours():
    (series,) = series_of(journal([ack(1.0)], skips=[(0, 4.0, 4.0, 1)]))

    assert list(series.unserved(0, 9 * SECOND)) == [4 * SECOND]


@pytest.mark.parametrize(
    ("slot", "stop", "back"), [(0.5, 20, 1.0), (1.0, 20, 6.5), (2.0, 20, 6.5), (7.0, 20, 20), (7.0, 5, 7.0)]
)  # fmt: skip
def test_a_slot_is_served_by_the_next_success_or_at_the_end(series, slot, stop, back):
    found = series.next_success(to_nanoseconds(slot), to_nanoseconds(stop))

    assert to_seconds(found) == back
