import pickle

import pytest
from builders import MOVE, ack, everything_acked, journal, milestone, refused, unknown

from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.writes import (
    NO_KEYS,
    NOT_AUDITED,
    audit,
    ended_tenures,
    stale_writes,
)
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.errors import AuditError

EVENTS = [ack(1.0), refused(2.0), unknown(3.0), unknown(4.0), ack(5.0)]


def judge(positions, foreign=(), events=EVENTS):
    made = journal(events)
    return audit(made, series_of(made), Stored(positions=positions, foreign=foreign))


def test_kept_promises_leave_nothing_to_complain_about():
    found = judge([(0, 0), (0, 4)])

    assert (found.lost, found.duplicated, found.recovered, found.unexpected) == ([], [], [], [])
    assert found.absent == 2


def test_an_acknowledged_write_that_is_absent_is_lost():
    assert judge([(0, 0)]).lost == ["run-0-4"]


def test_a_write_stored_twice_is_duplicated_and_nothing_else():
    found = judge([(0, 0), (0, 4), (0, 4)])

    assert found.duplicated == ["run-0-4"]
    assert (found.lost, found.unexpected) == ([], [])


def test_a_write_of_unknown_outcome_that_is_stored_is_recovered():
    found = judge([(0, 0), (0, 3), (0, 4)])

    assert (found.recovered, found.absent) == (["run-0-3"], 1)
    assert (found.lost, found.duplicated, found.unexpected) == ([], [], [])


def test_a_write_of_unknown_outcome_that_is_absent_is_not_lost():
    assert judge([(0, 0), (0, 4)]).lost == []


def test_a_refused_write_that_is_stored_is_unexpected():
    assert judge([(0, 0), (0, 1), (0, 4)]).unexpected == ["run-0-1"]


def test_stored_writes_that_were_never_attempted_are_unexpected():
    found = judge([(0, 0), (0, 4), (0, 99), (7, 0), (7, 0)], foreign=["stranger"])

    assert found.unexpected == ["stranger", "run-0-99", "run-7-0"]
    assert found.duplicated == ["run-7-0"]


def test_very_many_copies_are_still_one_duplicated_write():
    assert judge([(0, 0)] * 1000 + [(0, 4)]).duplicated == ["run-0-0"]


def test_an_impossible_position_is_an_error_and_no_verdict():
    with pytest.raises(AuditError, match="not the position"):
        judge([(0, -1)])


def test_what_was_never_read_back_cannot_be_asserted_on():
    for claim in (
        lambda: NOT_AUDITED == [],
        lambda: NOT_AUDITED != [1],
        lambda: not NOT_AUDITED,
        lambda: len(NOT_AUDITED),
        lambda: NOT_AUDITED == [],
        lambda: list(NOT_AUDITED),
        lambda: [key for key in NOT_AUDITED],  # noqa: C416 - as a test writes it
        lambda: any(NOT_AUDITED),
        lambda: set(NOT_AUDITED),
        lambda: NOT_AUDITED[:],
        lambda: [*NOT_AUDITED],
        lambda: NOT_AUDITED + [],  # noqa: RUF005
        lambda: [] + NOT_AUDITED,  # noqa: RUF005
        lambda: NOT_AUDITED < [1],
        lambda: NOT_AUDITED.count("a"),
        NOT_AUDITED.copy,
        lambda: NO_KEYS.absent == 0,
        lambda: NO_KEYS.absent < 1,
        lambda: not NO_KEYS.absent,
        lambda: NO_KEYS.absent + 1,
        lambda: sum([NO_KEYS.absent]),
        lambda: int(NO_KEYS.absent),
    ):
        with pytest.raises(AssertionError, match="nothing was read back"):
            claim()
    for nothing in (NOT_AUDITED, NO_KEYS.absent):
        assert repr(pickle.loads(pickle.dumps(nothing))) == "<not audited>"


def stale(events, milestones=MOVE, before="instance-1"):
    return stale_writes(series_of(journal(events)), ended_tenures(milestones, before))


def old(at, **more):
    return ack(at, instance="instance-1", **more)


def test_a_write_that_the_former_writer_acknowledged_is_stale():
    assert stale([old(9.0), old(13.0), ack(14.0, instance="instance-2")]) == (1, 0)


def test_a_write_started_before_the_cut_is_not_stale():
    assert stale([old(10.9, sent=10.2)]) == (0, 0)


def test_a_writer_that_restarts_in_place_stays_the_writer():
    crash = [milestone("writer_cut", 10.3, "instance-1"), milestone("back", 12.0, "instance-1")]

    assert stale([old(13.0)], crash) == (0, 0)


def test_a_former_writer_that_is_promoted_again_is_the_writer():
    back = [
        *MOVE,
        milestone("writer_cut", 15.0, "instance-2"),
        milestone("promoted", 16.0, "instance-1"),
    ]

    assert stale([old(13.0), old(17.0), ack(18.0, instance="instance-2")], back) == (2, 0)


def test_without_a_cut_on_record_the_promotion_ends_the_tenure():
    seen = [milestone("promoted", 12.0, "instance-2")]

    assert stale([old(11.0), old(13.0)], seen) == (1, 0)


def test_writes_of_an_unknown_instance_are_counted_and_not_judged():
    assert stale([ack(9.0), ack(13.0), old(14.0)]) == (1, 1)


def test_a_write_that_blue_acknowledged_after_the_switch_is_stale():
    seen = [
        milestone("writes_refused", 10.0, "instance-1"),
        milestone("switched", 12.0, "instance-1"),
    ]
    blue = ack(13.0, instance="instance-1-old1")
    green = ack(14.0, instance="instance-1")

    assert stale([old(9.0), blue, green], seen) == (1, 0)
    assert stale([old(9.0), green], seen) == (0, 0)


def test_everything_acked_is_what_a_good_database_stores():
    made = journal(EVENTS)

    assert audit(made, series_of(made), Stored(positions=everything_acked(made))).lost == []


@pytest.mark.parametrize("sequence", [0, 1, 900])
def test_what_a_writer_that_did_not_report_has_stored_is_nobody_s_complaint(sequence):
    made = journal([])
    stored = Stored(positions=[(0, sequence)])
    found = audit(made, series_of(made), stored, unreported=[0])

    assert (found.lost, found.unexpected, found.duplicated) == ([], [], [])
    assert audit(made, series_of(made), stored).unexpected


def test_beside_a_writer_that_did_not_report_the_others_are_audited():
    made = journal([ack(1.0, writer=1)], writers=2)
    stored = Stored(positions=[(0, 3), (1, 0)])

    assert audit(made, series_of(made), stored, unreported=[0]).lost == []


def test_a_position_before_the_first_is_no_position_whoever_reported():
    made = journal([])
    for unreported in ([], [0]):
        with pytest.raises(AuditError, match="not the position"):
            audit(made, series_of(made), Stored(positions=[(0, -1)]), unreported=unreported)
