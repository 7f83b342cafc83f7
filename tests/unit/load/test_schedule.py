import itertools

import pytest

from pytest_rdsfailover.load.schedule import Schedule
from pytest_rdsfailover.model.clock import SECOND

MS = SECOND // 1000


def writers(count, rate):
    return [Schedule(writer=n, writers=count, rate=rate, start=1000) for n in range(count)]


def test_the_writes_of_all_writers_are_evenly_spaced():
    slots = sorted(each.intended(slot) for each in writers(4, 200.0) for slot in range(3))

    assert {later - earlier for earlier, later in itertools.pairwise(slots)} == {5 * MS}
    assert slots[0] == 1000


def test_after_a_write_in_time_comes_the_next_slot():
    schedule = writers(4, 200.0)[1]

    assert schedule.next_slot(6, schedule.intended(6) + 3 * MS) == 7


@pytest.mark.parametrize(("stall", "slot"), [(19, 7), (21, 7), (39, 7), (41, 8), (205, 16)])
def test_after_a_stall_comes_the_slot_that_now_lies_in_and_what_is_over_is_skipped(stall, slot):
    schedule = writers(4, 200.0)[0]  # a slot every 20 ms

    assert schedule.next_slot(6, schedule.intended(6) + stall * MS) == slot


def test_slots_from_the_end_on_do_not_count():
    schedule = writers(4, 200.0)[2]
    end = schedule.intended(9)

    assert schedule.first_after(end, 5) == 9
    assert schedule.first_after(end + 1, 5) == 10
    assert schedule.first_after(end, 12) == 12
