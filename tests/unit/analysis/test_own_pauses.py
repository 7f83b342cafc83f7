import pytest

from pytest_rdsfailover.analysis.pauses import AWAKE, BEAT, Pauses
from pytest_rdsfailover.model.clock import SECOND

MS = SECOND // 1000
EDGE = 10 * MS


def pauses(*spans):
    return Pauses([(first * MS, last * MS) for first, last in spans])


SOME = pauses((0, 1_500), (1_700, 1_900), (1_995, 2_500))
SPAN = (1_000 * MS, 2_000 * MS)


def test_all_of_a_span_that_the_load_generator_slept_through_counts():
    assert SOME.within(SPAN) == 705 * MS
    assert SOME.within((1_600 * MS, 1_650 * MS)) == 0
    assert pauses().within(SPAN) == 0


def test_at_the_edges_what_lies_in_the_middle_hides_nothing():
    assert SOME.at_edges(SPAN, EDGE) == 505 * MS


def test_a_moment_may_have_been_seen_late_by_the_pause_that_it_ended():
    assert SOME.before(1_500 * MS) == 1_500 * MS
    assert SOME.before(1_750 * MS) == 50 * MS
    assert SOME.before(1_600 * MS) == 0


def test_a_pause_may_have_begun_a_beat_before_it_was_noted_and_wakes_one_thread_after_another():
    (span,) = Pauses.of([(1.0, 1.3)]).spans

    assert span == (SECOND - BEAT, 1_300 * MS + AWAKE)


@pytest.mark.parametrize("noted", [[(1.0, 1.3), (1.2, 1.5)], [(1.2, 1.5), (1.0, 1.3)]])
def test_pauses_of_several_processes_count_once(noted):
    assert len(Pauses.of(noted).spans) == 1
