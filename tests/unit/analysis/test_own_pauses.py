import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.pauses import AWAKE, BEAT, Pauses, Standstills
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.journal.evidence import Evidence
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
    assert pauses((900, 1_000), (2_000, 2_100)).within(SPAN) == 0


def test_at_the_edges_what_lies_in_the_middle_hides_nothing():
    assert SOME.at_edges(SPAN, EDGE) == 505 * MS


@pytest.mark.parametrize(
    ("first", "last", "hidden"),
    [
        (1_010, 1_100, 0),
        (1_009, 1_100, 91),
        (1_900, 1_990, 0),
        (1_900, 1_991, 91),
        (900, 1_050, 50),
        (900, 1_000, 0),
        (2_000, 2_100, 0),
    ],
)
def test_an_edge_reaches_so_far_and_no_further(first, last, hidden):
    assert pauses((first, last)).at_edges(SPAN, EDGE) == hidden * MS


@pytest.mark.parametrize(
    ("span", "most"),
    [
        ((2_600, 2_700), 10), ((2_601, 2_700), 0), ((2_600, 2_605), 5), ((1_000, 2_000), 715),
        ((1_600, 1_650), 10), ((-200, -101), 0), ((-200, -100), 10),
    ],
)  # fmt: skip
def test_where_a_pause_was_noted_near_by_one_more_may_have_gone_unnoticed(span, most):
    assert SOME.most_within((span[0] * MS, span[1] * MS)) == most * MS
    assert pauses().most_within(SPAN) == 0


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


def standstills(*asleep, unreported=()):
    some = [pause for pauses in asleep for pause in pauses]
    return Standstills.of(course(pauses=some, asleep=asleep, unreported=unreported))


def test_nobody_observed_only_while_no_process_ran():
    found = standstills([(1.0, 3.0)], [(2.0, 4.0), (5.0, 6.0)])

    assert found.all == Pauses([(2 * SECOND - BEAT, 3 * SECOND + AWAKE)])
    assert found.any == Pauses.of([(1.0, 4.0), (5.0, 6.0)])
    assert [found.of_writer(writer) for writer in range(3)] == [
        Pauses.of([(1.0, 3.0)]), Pauses.of([(2.0, 4.0), (5.0, 6.0)]), Pauses.of([(1.0, 3.0)]),
    ]  # fmt: skip


def test_a_process_that_told_nothing_observed_nothing():
    found = standstills([(1.0, 3.0)], [], unreported=[1, 3])

    assert found.all == Pauses.of([(1.0, 3.0)])


def test_the_pauses_of_one_process_are_those_of_all_its_writers():
    found = Standstills.of(course(pauses=[(1.0, 3.0)]))

    assert found.all == found.any == found.of_writer(7) == Pauses.of([(1.0, 3.0)])


# Two processes: the first freezes at 10.5 s. The database is away from 10.3 to 11.3 s.
EVERY = 0.01
OTHER = [*acks(0.01, 10.3, EVERY, writer=1), refused(10.32, writer=1), refused(11.25, writer=1),
         *acks(11.3, 20.0, EVERY, writer=1)]  # fmt: skip
FROZEN = [*acks(0.015, 10.3, EVERY), refused(10.33), refused(12.5, sent=10.45),
          *acks(12.51, 20.0, EVERY)]  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
def test_a_process_that_stands_still_takes_nothing_from_what_the_others_saw(known):
    pauses = [(10.5, 12.5)]
    trial = judge(
        Evidence(
            journal=journal([*FROZEN, *OTHER], writers=2),
            course=course(rate=200.0, pauses=pauses, asleep=[pauses, []] if known else []),
            stored=None,
        )
    )

    assert bool(trial.downtime.problem) != known
    assert (trial.downtime.lower > 0.9) == known
    assert trial.downtime.upper < 1.05


def test_who_wakes_up_is_no_witness_that_the_server_stood_still():
    """Eight writers of the first process find their answers at 13 s; the only other one had no slot."""
    slow = [*acks(0.5, 12.1, 0.9, writer=1), *acks(13.2, 20.0, 0.9, writer=1)]
    sleepers = [
        each
        for number in range(8)
        for each in (
            *acks(0.01 + number / 1000, 12.2, 0.01, writer=2 * number),
            ack(13.0 + number / 9000, sent=12.2 + number / 100, writer=2 * number),
            *acks(13.1 + number / 1000, 20.0, 0.01, writer=2 * number),
        )
    ]
    found = absences(
        series_of(journal([*slow, *sleepers], writers=16)),
        course(rate=800.0, pauses=[(12.28, 13.0)], asleep=[[(12.28, 13.0)], []]),
    )

    assert found.gaps.downtime.lower == 0
    assert found.gaps.downtime.upper > 0.7 * SECOND
