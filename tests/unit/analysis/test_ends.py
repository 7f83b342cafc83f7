"""Every figure of a trial's absences has two ends, and an end that nobody saw is infinite."""

import math

import pytest
from builders import ack, acks, course, journal, refused, unknown

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.interval import Interval
from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.journal.complaints import HANGS, Complaint
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.clock import to_nanoseconds

CALM = [*acks(0.01, 10.3, 0.01)]


def ends(events, *, writers=1, **changes):
    return absences(series_of(journal(events, writers=writers)), course(**changes)).ends


def test_where_nobody_was_away_only_a_gap_and_a_wait_may_be_more_than_nothing():
    found = ends(acks(0.01, 20.0, 0.01))

    assert found.outages == found.area == Interval.exact(0)
    assert found.first_back == found.last_back == Interval.exact(0)
    assert found.downtime.lower == 0 < found.downtime.upper < to_nanoseconds(0.02)
    assert found.writer_outage == Interval(0, to_nanoseconds(0.001))


def test_who_never_came_back_is_back_at_no_time():
    found = ends([*CALM, *(refused(10.3 + n / 10) for n in range(1, 97))])

    assert found.first_back.upper == found.last_back.upper == math.inf
    assert not found.last_back.ended


def test_what_fails_on_after_observation_makes_no_failure_in_it_an_accident():
    failing = [refused(10.3 + n / 10) for n in range(1, 97)]
    late = [refused(20.1 + n / 10) for n in range(6)]

    found = ends([*CALM, *failing, *late])

    assert found.downtime == ends([*CALM, *failing]).downtime
    assert found.downtime.lower > to_nanoseconds(9)


def test_who_came_back_was_back_when_its_write_was_acknowledged():
    found = ends([*CALM, refused(10.4), refused(11.2), ack(11.3), *acks(11.31, 20.0, 0.01)])

    assert found.first_back == found.last_back == Interval.exact(to_nanoseconds(1.3))


def test_what_is_certainly_of_the_failover_may_be_of_it_too_whatever_else_was_longer():
    """The longest gap is a standstill of our own; the one that proves an outage comes later."""
    events = [*CALM, *acks(12.4, 15.0, 0.01), refused(15.1), refused(15.9), *acks(16.0, 20.0, 0.01)]
    found = ends(events, settled=11.0, pauses=[(10.3, 12.39)])

    assert found.last_back.lower == to_nanoseconds(6.0)
    assert found.last_back.upper >= found.last_back.lower


def two(*others, **changes):
    """Return the ends of a failover of two writers, of which the second also does something else."""
    away = [refused(10.31), refused(11.0), ack(11.3), *acks(11.31, 20.0, 0.01)]
    first = [*acks(0.01, 10.3, 0.01), *away]
    second = [*acks(0.013, 10.3, 0.01, writer=1), refused(10.5, writer=1), ack(11.4, writer=1)]
    return ends([*first, *second, *others], writers=2, **changes)


def test_what_befalls_a_writer_later_is_none_of_the_failover():
    later = [*acks(11.41, 15.0, 0.01, writer=1), refused(15.0, writer=1), refused(15.4, writer=1)]
    again = [*acks(15.6, 20.0, 0.01, writer=1)]

    assert two(*later, *again).last_back == Interval.exact(to_nanoseconds(1.4))


def test_an_error_of_one_statement_is_no_outage_of_its_writer():
    later = [*acks(11.41, 12.0, 0.01, writer=1), refused(12.0, code=1213, writer=1)]
    found = two(*later, *acks(12.3, 20.0, 0.01, writer=1))

    assert found.last_back == Interval.exact(to_nanoseconds(1.4))
    assert found.writer_outage.upper == to_nanoseconds(0.991)


def test_a_writer_that_dies_without_any_trigger_is_stuck():
    dead = [*acks(0.013, 5.0, 0.01, writer=1), *(refused(5 + n / 10, writer=1) for n in range(149))]
    events = [*acks(0.01, 20.0, 0.01), *dead]
    judged = absences(
        series_of(journal(events, writers=2)), course(trigger=None, settled=None, milestones=[])
    )

    assert judged.writers.stuck == [1]
    assert judged.ends.last_back.upper == judged.ends.writer_outage.upper == math.inf
    assert judged.ends.outages == Interval.exact(0)


@pytest.mark.parametrize(("back", "stuck", "unsure"), [(19.9, [], 1), (12.0, [1], 0)])
def test_a_writer_without_a_chance_to_come_back_before_the_end_may_be_stuck(back, stuck, unsure):
    down = [refused(5.1), refused(5.11, writer=1), refused(back - 0.1)]
    away = [refused(back - 0.05 + n / 10, writer=1) for n in range(int(10 * (20 - back)) + 1)]
    events = [*acks(0.01, 5.0, 0.1), *acks(0.06, 5.0, 0.1, writer=1), *down, *away]
    judged = absences(
        series_of(journal([*events, *acks(back, 20.0, 0.01)], writers=2)),
        course(trigger=None, settled=None, milestones=[], rate=10.0),
    )

    assert (judged.writers.stuck, judged.writers.unsure) == (stuck, unsure)


def test_what_came_before_observation_does_not_say_what_writes_normally_take():
    slow = [ack(0.5 + n / 100, sent=0.1 + n / 100) for n in range(50)]
    before = (0.2, 0.3)  # a pause of our own, which was not observed either
    held = absences(
        series_of(journal([*slow, *acks(1.01, 3.0, 0.01)])),
        course(start=1.0, stop=2.99, trigger=2.0, settled=2.1, pauses=[before]),
    )

    assert held.gaps.service == to_nanoseconds(0.001)


def hanging(since):
    """Return a writer that hangs for ever, beside one that is served."""
    hangs = [*acks(0.015, since, 0.01, writer=1), unknown(20.0, 0, "timeout", sent=since, writer=1)]
    events = [*CALM, *acks(10.31, 12.4, 0.01), *acks(12.4, 20.0, 0.01), *hangs]
    complaint = Complaint(
        error=HANGS, text="writer 1 is still in the workload", count=1, first=20.0, trace=""
    )
    found = series_of(journal(events, writers=2))
    return absences(found, course(complaints=[complaint]))


@pytest.mark.parametrize("since", [10.4, 13.1, 19.6])
def test_who_hangs_while_others_are_served_is_stuck_and_leaves_no_end_open_but_its_own(since):
    absence = hanging(since)
    found = absence.ends

    assert found.downtime.upper < to_nanoseconds(0.02)
    assert found.first_back.ended
    assert absence.writers.stuck == [1]
    assert not found.last_back.ended


def without_trigger(events, writers=2):
    return ends(events, writers=writers, trigger=None, settled=None, milestones=[])


def test_without_a_trigger_the_last_writer_was_back_when_the_last_outage_of_a_writer_ended():
    away = [*acks(0.01, 5.0, 0.01, writer=1), *(refused(5 + n / 10, writer=1) for n in range(15))]
    found = without_trigger([*acks(0.01, 20, 0.01), *away, *acks(6.5, 20.0, 0.01, writer=1)])

    assert found.outages == Interval.exact(0)
    assert found.last_back == Interval.exact(to_nanoseconds(6.5))


def test_without_a_trigger_a_short_failure_of_a_writer_may_be_the_last_outage():
    """It is shorter than what this machine does by itself, so nobody knows."""
    noisy = [ack(at + n / 4) for n in range(80) for at in (0.01, 0.02, 0.03)]
    other = [*acks(0.015, 5.0, 0.2, writer=1), refused(5.1, writer=1), ack(5.5, writer=1)]
    found = without_trigger([*noisy, *other, *acks(5.7, 20.0, 0.2, writer=1)])

    assert found.last_back == Interval(0, to_nanoseconds(5.5))


def on_the_way(writer, *, quick=()):
    """Return writes of which each answer needs 0.2 s from 13 s on, until all come together at 14 s."""
    at, sent = writer / 125, [13 + 0.2 * n + writer / 125 for n in range(5)]
    late = [ack(min(14 + writer / 5000, start + 0.2), sent=start, writer=writer) for start in sent]
    calm = acks(0.01 + at, 13, 0.1, writer=writer)
    return [*calm, *late, *quick, *acks(14.02 + at, 20, 0.1, writer=writer)]


def test_answers_that_are_late_on_the_way_are_not_held_up_when_it_is_free_again():
    events = [each for writer in range(8) for each in on_the_way(writer)]
    found = without_trigger(events, writers=8)

    assert found.downtime.lower == 0


def test_a_server_that_stands_still_again_at_once_was_away_all_the_same():
    def stalled(writer):
        at = writer / 125
        first, again = (
            ack(end + writer / 5000, sent=end - 0.5 + at, writer=writer) for end in (13.5, 14.1)
        )
        quick = ack(13.52 + at, sent=13.51 + at, writer=writer)
        calm = acks(0.01 + at, 13, 0.1, writer=writer)
        return [*calm, first, quick, again, *acks(14.12 + at, 20, 0.1, writer=writer)]

    found = without_trigger([each for writer in range(8) for each in stalled(writer)], writers=8)

    assert found.outages.lower == 2


BACK = ("first_writer_back", "last_writer_back", "recovery")


@pytest.mark.parametrize(
    ("more", "triggered", "measured"),
    [([], False, False), ([refused(10.5)], False, True), ([], True, True)],
    ids=["quiet", "an error", "a failover"],
)
def test_nothing_comes_back_where_nothing_was_away(more, triggered, measured):
    events = [*acks(0.01, 10.0, 0.1), *more, *acks(10.6 if more else 10.1, 20.0, 0.1)]
    calm = {} if triggered else {"trigger": None, "settled": None, "milestones": []}
    evidence = Evidence(
        journal=journal(events, writers=1), course=course(moves_writer=None, **calm), stored=None
    )
    summary = judge(evidence)

    assert [name in summary.figures for name in BACK] == [measured] * 3
    if not measured:
        assert "nothing to come back from" in summary.figure("recovery").problem


def stuck_of(away, *, settled):
    """Return the figure of a trial in which a second writer is served as *away* says after 10.3 s."""
    events = [*acks(0.01, 20.0, 0.5), *acks(0.26, 10.3, 0.5, writer=1), *away]
    late = course(settled=settled, rate=4.0)
    summary = judge(Evidence(journal=journal(events, writers=2), course=late, stored=None))
    return summary.figures["stuck_writers"]


def failing(since):
    return [refused(since + number / 2, writer=1) for number in range(int(2 * (20 - since)))]


@pytest.mark.parametrize(
    ("away", "settled", "least", "most"),
    [
        (failing(10.4), 19.5, 0, 1),
        (failing(10.4), 12.0, 1, 1),
        ([*failing(10.4)[:4], ack(13.0, writer=1), *failing(13.5)], 12.0, 0, 1),
        ([*acks(10.5, 19.0, 0.5, writer=1), *failing(19.2)], 19.6, 0, 1),
        ([*failing(10.4)[:4], *acks(13.0, 19.6, 0.5, writer=1)], 12.0, 0, 0),
        ([*failing(10.4)[:4], *acks(13.0, 19.4, 0.5, writer=1), *failing(19.5)], 12.0, 0, 0),
    ],
    ids=[
        "just settled",
        "long settled",
        "away again",
        "away for a moment",
        "back",
        "one last failure",
    ],
)
def test_only_who_was_seen_to_be_back_for_good_is_certainly_not_stuck(away, settled, least, most):
    figure = stuck_of(away, settled=settled)

    assert (figure.lower, figure.upper) == (least, most)
