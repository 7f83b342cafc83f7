import pytest
from builders import ack, journal, refused, unknown

from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.writer_outages import (
    WriterOutage,
    covered,
    hangs,
    is_stuck,
    never_back,
    writer_outages,
)
from pytest_rdsfailover.journal.complaints import HANGING
from pytest_rdsfailover.model.clock import SECOND


def alone(events):
    return series_of(journal(events))[0]


def away(events, *, since=0.0, stop=9.0, longer_than=0.1, patience=0.0):
    found = writer_outages(
        alone(events),
        since=round(since * SECOND),
        stop=round(stop * SECOND),
        longer_than=round(longer_than * SECOND),
        patience=round(patience * SECOND),
    )
    return [(each.start / SECOND, each.stop / SECOND) for each in found]


def test_a_writer_is_away_from_the_intended_time_of_the_write_that_was_not_served():
    events = [ack(1.0), refused(2.0, intended=1.9), refused(3.0), ack(4.0, intended=3.9), ack(5.0)]

    assert away(events) == [(1.9, 4.0)]


def test_a_silent_stall_counts_as_errors_do():
    assert away([ack(1.0), ack(4.0, intended=1.5, sent=1.5), ack(4.2)]) == [(1.5, 4.0)]


def test_a_write_that_was_sent_late_was_away_from_when_it_was_intended():
    assert away([ack(1.0), ack(4.0, intended=1.5, sent=3.95), ack(4.2)]) == [(1.5, 4.0)]


def test_a_late_write_right_after_a_failure_ends_that_outage():
    late = ack(4.0, intended=2.5, sent=2.5)

    assert away([ack(1.0), refused(2.0, intended=2.0), late]) == [(2.0, 4.0)]
    assert away([ack(0.9), refused(1.0), late], since=2.0) == [(2.5, 4.0)]  # that one is past


def test_a_writer_hangs_whose_last_attempt_was_given_up():
    assert not hangs(alone([]))
    assert not hangs(alone([unknown(1.0, HANGING.code, HANGING.kind), ack(2.0)]))
    assert hangs(alone([ack(1.0), unknown(2.0, HANGING.code, HANGING.kind)]))


@pytest.mark.parametrize(
    ("of_all", "alone"), [((0, 50), 201), ((0, 150), 151), ((150, 200), 151), ((301, 400), 201)]
)
def test_a_writer_had_its_chance_while_others_were_served(of_all, alone):
    away = [WriterOutage(start=100, stop=301, ended=False, before=0, failed=True)]

    assert never_back(away, patience=alone - 1, of_all=[of_all])
    assert not never_back(away, patience=alone, of_all=[of_all])


def test_a_writer_that_never_returns_is_away_to_the_end():
    assert away([ack(1.0), refused(2.0, intended=2.0)]) == [(2.0, 9.0)]


def test_what_was_over_before_the_trigger_is_not_looked_at():
    assert away([ack(1.0), refused(2.0, intended=2.0)], since=5.0) == []
    assert away([ack(1.0)], since=5.0, patience=3.0) == [(5.0, 9.0)]  # nothing is heard of it
    assert away([ack(6.0)], since=5.0, patience=2.0) == [(6.0, 9.0)]
    assert away([ack(6.0)], since=5.0, patience=4.0) == []
    assert away([refused(1.0, intended=0.5), ack(2.0), ack(3.0)]) == [(0.5, 2.0)]


def test_time_that_two_outages_of_a_writer_share_counts_once():
    assert covered([(1, 4), (3, 6), (3, 5), (8, 9)]) == 6
    assert covered([]) == 0


def test_a_writer_without_any_success_after_settling_is_stuck():
    stuck = alone([ack(1.0), refused(5.0)])
    back = alone([ack(1.0), refused(5.0), ack(6.0)])
    late = alone([ack(1.0), refused(5.0), ack(9.5)])

    def judge(series, patience=SECOND * 20):
        return is_stuck(series, since=4 * SECOND, stop=9 * SECOND, patience=patience)

    assert judge(stuck)
    assert not judge(back)
    assert judge(late)


def test_a_writer_that_waits_for_its_next_slot_is_not_stuck_but_a_silent_one_is():
    silent = alone([ack(1.0)])

    assert not is_stuck(silent, since=4 * SECOND, stop=9 * SECOND, patience=20 * SECOND)
    assert is_stuck(silent, since=4 * SECOND, stop=9 * SECOND, patience=SECOND)
