"""Where rules turn: on the bound itself, and one nanosecond, operation or slice beside it."""

import dataclasses

import pytest
from builders import ack, acks, course, journal, refused, unknown

from pytest_rdsfailover.analysis import drawing, weighing
from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.findings import late_errors
from pytest_rdsfailover.analysis.gap_figures import GapFigures
from pytest_rdsfailover.analysis.incident_figures import incident_figures
from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.level import Level
from pytest_rdsfailover.analysis.outages import HOLD, SHORTEST_OUTAGE
from pytest_rdsfailover.analysis.pauses import Standstills
from pytest_rdsfailover.analysis.proof import MANY, TELLING, _came_together
from pytest_rdsfailover.analysis.reached_hidden import FEWEST, lacking_hidden
from pytest_rdsfailover.analysis.reached_keys import tolerated
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.analysis.service_figures import ServiceFigures
from pytest_rdsfailover.analysis.weighing import Scales, Weighed
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.clock import SECOND
from pytest_rdsfailover.model.traffic import LeftSession, Sessions, Traffic

CALM = list(acks(0.01, 10.0, 0.01))
MS = SECOND // 1000


# What goes on ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failed", "goes_on"),
    [
        ([1, 3, 5, 7], True),  # one in each quarter of 8 s
        ([0, 3, 5, 8], True),
        ([2, 4, 6, 8], True),  # at the end of each
        ([2, 4, 6], False),  # nothing in the last quarter
        ([1, 5, 7], False),  # nor in the second one
        ([3, 5, 7, 8], False),  # nor in the first one
        ([1, 2, 4, 5.5, 6.5], True),  # the end is as long without as was usual
        ([1, 2, 3, 4.75, 6.2], False),  # it is longer
    ],
)
def test_errors_go_on_that_came_in_each_quarter_and_do_not_stay_away_for_longer(failed, goes_on):
    moments = [round(at * SECOND) for at in failed]
    assert late_errors._all_along(moments, 8 * SECOND, 8 * SECOND) is goes_on


@pytest.mark.parametrize(
    ("fails", "open_"),
    [
        ([], False),
        ([refused(19.995)], True),
        ([unknown(19.995)], True),  # a connection that was cut at any moment since its last use
        ([refused(19.5), unknown(19.995)], False),  # errors come again and again
        ([refused(19.995, sent=19.959, writer=1)], True),
        ([refused(19.995, sent=19.958999999, writer=1)], False),  # others were served meanwhile
    ],
)
def test_a_single_failure_at_the_very_end_may_be_the_first_of_an_outage(fails, open_):
    events = [*CALM, *acks(10.0, 19.99, 0.01), *fails]
    found = absences(series_of(journal(events, writers=2)), course())

    assert found.gaps.unfinished is open_


def test_one_operation_is_enough_for_a_share():
    figures = ServiceFigures(absence=absences(series_of(journal(acks(0.01, 20.0, 0.01))), course()))

    assert figures._served((12_995_000_000, 13_000_000_000)) == 1
    assert figures._served((12_994_000_000, 12_995_000_000)) is None


def sessions(settled):
    left = LeftSession(instance="instance-1", since=5.0, refused=11.0, refusals=3, error=1836)
    seen = course(sessions=Sessions(open=8, left=[left]), settled=settled)
    events = [*CALM, *acks(12.5, 20.0, 0.01)]
    evidence = Evidence(journal=journal(events), course=seen, stored=None)
    return [finding.name for finding in judge(evidence).findings]


def test_connections_stay_where_no_writer_is_only_once_there_is_a_writer():
    assert "stuck_sessions" in sessions(12.4)
    assert "stuck_sessions" not in sessions(None)


# Outages and incidents ---------------------------------------------------------------------------


def weighed(start, stop):
    return Weighed((start, stop), 0, start, stop - start, 1, (start, stop))


@pytest.mark.parametrize(("apart", "together"), [(HOLD - 1, True), (HOLD, False)])
def test_two_outages_are_one_incident_that_are_less_apart_than_a_second(apart, together):
    first = weighed(10 * SECOND, 11 * SECOND)
    second = weighed(11 * SECOND + apart, 12 * SECOND + apart)
    gaps = dataclasses.replace(
        absences(series_of(journal(CALM)), course()).gaps,
        candidates=[first, second], outages=[first, second], unfinished=False, unseen=0,
    )  # fmt: skip
    assert isinstance(gaps, GapFigures)

    assert incident_figures(gaps).sum.upper == (2 if together else 1) * SECOND


@pytest.mark.parametrize(
    ("half", "most", "limit"),
    [(SECOND, SECOND, 3 * SECOND), (1000, SECOND, SECOND + SHORTEST_OUTAGE)],
)
def test_slower_is_three_times_the_half_or_an_outage_more_than_most(half, most, limit):
    assert Level(half, most).limit == limit


def scales(events, **known):
    usual = {"acks": [0], "gaps": [], "disturbed": [], "shown": [b""], "failing": []}
    still = Standstills.of(course())
    return Scales(series=series_of(journal(events)), **{**usual, **known}, still=still)


@pytest.mark.parametrize(("since", "counts"), [(9_800_000_001, True), (9_800_000_000, False)])
def test_a_gap_right_before_tells_how_late_answers_are(since, counts):
    """A gap of 200 ms from 10 s: one that was over 200 ms before says nothing of it any more."""
    gap = 10 * SECOND, round(10.2 * SECOND)
    found = scales([ack(9.9, sent=9.5), ack(10.0, sent=9.6), ack(10.2, sent=9.7)])
    (around,) = weighing.rows_of(found.series, [gap])

    assert (weighing._late_before(around, gap, since) > 0) is counts


def test_a_short_gap_looks_back_for_a_tenth_of_a_second():
    gap = 10 * SECOND, round(10.05 * SECOND)
    found = scales([ack(9.94, sent=9.85), ack(10.0, sent=9.87), ack(10.05, sent=9.9)])
    (around,) = weighing.rows_of(found.series, [gap])

    assert weighing._late_before(around, gap, round(9.93 * SECOND)) > 0


@pytest.mark.parametrize(
    ("failing", "accident"),
    [
        ([], False),  # nothing fails beside it
        ([2 * SECOND], True),  # one of two fails within four times its length
        ([6 * SECOND + 1], False),  # that is too far away
    ],
)
def test_an_outage_from_the_first_moment_is_compared_with_what_follows(failing, accident):
    found = scales([], acks=[0, SECOND, 3 * SECOND, 9 * SECOND], failing=[1, *failing])
    assert found.by_accident((0, SECOND), 1) is accident


@pytest.mark.parametrize(("apart", "told"), [(TELLING - 1, False), (TELLING, True)])
def test_writes_that_were_sent_together_do_not_tell_that_their_answers_were_held(apart, told):
    held = [(0, SECOND), (apart // 2, SECOND), (apart, SECOND)]
    assert _came_together(held, SECOND) is told


EVEN = [n * 11 * MS // (MANY - 1) for n in range(MANY)]  # starts


@pytest.mark.parametrize(
    ("starts", "ends", "told"),
    [
        # Three quarters of the answers come three times closer to each other than the starts.
        ([0, 0, 30 * MS], [0, 0, 10 * MS], True),
        ([0, 0, 30 * MS], [0, 0, 10 * MS + 1], False),
        # Of twelve and more the middle half tell, if three quarters come no later than they were sent.
        (EVEN, [0] * 8 + [11 * MS] * 4, True),
        (EVEN, [0] * 8 + [11 * MS + 1] * 4, False),
        (EVEN[1:], [0] * 8 + [11 * MS] * 3, False),
        # Their answers are 2 ms from each other, and what they waited 3 ms.
        (
            [at * MS for at in (6, 6, 0, 7, 4, 3, 1, 5, 0, 0, 0, 8)],
            [at * MS for at in (0, 0, 0, 0, 2, 2, 2, 4, 4, 4, 4, 4)],
            True,
        ),
    ],
)
def test_answers_come_together_that_are_closer_than_what_was_waited_for(starts, ends, told):
    held = [(start, SECOND + end) for start, end in zip(starts, ends, strict=True)]
    assert _came_together(held, SECOND) is told


# Writes that show no key -------------------------------------------------------------------------


def hidden(known, later, came):
    before, after = Traffic(writes=known), Traffic(writes=known + came)
    return lacking_hidden(before, after, {"0": known}, {"0": known + later})


def test_of_fewer_writes_in_the_calm_nobody_knows_what_they_usually_do():
    assert hidden(FEWEST - 1, 1000, 0) == 0
    assert hidden(FEWEST, 1000, 0) == 1000


def test_so_many_may_be_missing_as_are_tolerated_and_one_of_each_writer():
    least = round(tolerated(1000)) + 1

    assert hidden(100, 1000, 1000 - least) == 0
    assert hidden(100, 1000, 1000 - least - 1) == least + 1


# Drawings ----------------------------------------------------------------------------------------


def test_the_last_moment_of_a_drawing_is_in_its_last_slice():
    places = [drawing._slice(at, 0, 360) for at in (0, 1, 359, 360)]
    assert places == [0, 1, 359, 359]
