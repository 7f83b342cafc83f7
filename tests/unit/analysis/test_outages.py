import pytest
from builders import ack, acks, journal, refused

from pytest_rdsfailover.analysis.outages import (
    SHORTEST_OUTAGE,
    Incident,
    WideGaps,
    acknowledgements,
    incidents,
    lengths,
    longer,
    natural_gap,
    threshold,
)
from pytest_rdsfailover.analysis.pauses import Pauses
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND

MS = SECOND // 1000


def gaps(events, *, start=0, stop=9, longer_than=0.5, writers=1):
    found = acknowledgements(
        series_of(journal(events, writers=writers)), start=start * SECOND, stop=stop * SECOND
    )
    long = longer(found, round(longer_than * SECOND))
    return [(a / SECOND, b / SECOND) for a, b in long]


def test_a_gap_between_acknowledgements_is_an_outage():
    assert gaps([ack(1.0), ack(1.4), ack(3.0)], start=1, stop=3) == [(1.4, 3.0)]


def test_a_gap_that_the_schedule_explains_is_none():
    assert gaps(acks(0.1, 9.0, 0.1)) == []


def test_a_database_that_never_returns_is_one_outage_to_the_end_of_observation():
    assert gaps([ack(0.4), ack(0.8), refused(2.0), refused(8.0)]) == [(0.8, 9.0)]


def test_a_database_that_was_never_there_is_one_outage_over_all_of_the_run():
    assert gaps([refused(2.0)]) == [(0.0, 9.0)]


def test_one_writer_that_is_served_ends_the_outage_of_all():
    events = [ack(1.0), ack(8.9), ack(4.0, writer=1)]

    assert gaps(events, start=1, writers=2) == [(1.0, 4.0), (4.0, 8.9)]


def test_acknowledgements_beyond_the_edges_do_not_count():
    assert gaps([ack(0.1), ack(5.0), ack(9.5)], start=1, stop=9) == [(1.0, 5.0), (5.0, 9.0)]


def test_the_threshold_is_the_largest_of_what_machine_and_schedule_explain():
    assert threshold(0, 1000) == SHORTEST_OUTAGE
    assert threshold(20 * MS, 1000) == 60 * MS
    assert threshold(20 * MS, 10) == 200 * MS
    assert threshold(0, 0) == SHORTEST_OUTAGE
    assert (threshold(0, 1), threshold(0, 0.5)) == (2 * SECOND, 4 * SECOND)


def natural(moments, *, pauses=(), rate=100):
    calm = [round(moment * SECOND) for moment in moments]
    return natural_gap(calm, lengths(calm), Pauses.of(pauses), rate) / SECOND


def steady(first, last):
    return [first + n / 100 for n in range(round((last - first) * 100))]


def test_the_natural_gap_is_the_largest_one_that_the_machine_leaves_by_itself():
    assert natural([]) == natural([5]) == 0
    assert natural([*steady(0, 1), 1.005, *steady(1.02, 2)]) == pytest.approx(0.015)


def test_one_pause_in_the_calm_hides_no_outage():
    assert natural([*steady(0, 1), *steady(1.3, 3)]) == pytest.approx(0.01)


def test_gaps_that_come_again_and_again_are_natural():
    uneven = [n / 10 + m / 100 for n in range(20) for m in range(5)]

    assert natural(uneven, rate=0) == pytest.approx(0.06)
    twos = [n * 0.07 + m / 100 for n in range(20) for m in range(2)]
    assert natural(twos, rate=0) == pytest.approx(0.06)


def test_what_the_load_generator_slept_through_is_no_natural_gap():
    slept = [*steady(0, 1), *steady(1.3, 2)]

    assert natural(slept, pauses=[(1.0, 1.29)]) == pytest.approx(0.01)
    assert natural(slept, pauses=[(1.0, 1.28)]) == pytest.approx(0.02)  # so long it was awake
    assert natural(slept, pauses=[(1.0, 1.27)]) == 0.03
    assert natural(slept, pauses=[(1.0, 1.269999999)]) == 0.01
    assert natural(slept, pauses=[(1.0, 1.2)]) == pytest.approx(
        0.01
    )  # and so long it was no accident


def test_gaps_longer_than_some_length_are_found_once_and_asked_often():
    acks = [0, 10, 20, 100, 110, 200, 300, 305]
    wide = WideGaps.of(acks, lengths(acks), 50)

    assert wide.gaps == [(20, 100), (110, 200), (200, 300)]
    assert wide.longer(89) == [(110, 200), (200, 300)]
    assert wide.longer(90) == [(200, 300)]
    assert wide.longer(9) == [(0, 10), (10, 20), (20, 100), (100, 110), (110, 200), (200, 300)]


@pytest.mark.parametrize(
    ("since", "widest", "last"),
    [(0, 110, (0, 110)), (-9, 110, (0, 110)), (109, 110, (0, 110)), (110, 100, (200, 300)),
     (299, 100, (200, 300)), (300, 5, (300, 305)), (301, 5, (300, 305)), (305, 5, (300, 305))],
)  # fmt: skip
def test_the_widest_gap_is_of_those_that_were_not_over(since, widest, last):
    acks = [0, 110, 200, 300, 305]
    wide = WideGaps.of(acks, lengths(acks), 50)

    assert (wide.widest(since), wide.last_widest(since)) == (widest, last)
    assert WideGaps.of(acks, lengths(acks), 500).widest(since) == widest


def incident(*gaps):
    """Return what outages of so many milliseconds, from one to another, are together."""
    return Incident(
        start=gaps[0][0] * MS,
        stop=gaps[-1][1] * MS,
        outage=sum(stop - start for start, stop in gaps) * MS,
        count=len(gaps),
    )


@pytest.mark.parametrize(
    ("pause", "together"), [(990, True), (1000, False), (1010, False), (5000, False)]
)
def test_outages_that_follow_each_other_closely_are_one_incident(pause, together):
    one, other = (0, 2000), (2000 + pause, 4000 + pause)
    found = incidents([(start * MS, stop * MS) for start, stop in (one, other)])

    assert found == ([incident(one, other)] if together else [incident(one), incident(other)])


def test_what_follows_an_incident_is_held_against_its_last_outage():
    flaps = [(0, 100), (1000, 1300), (2200, 2300)]
    found = incidents([(start * MS, stop * MS) for start, stop in [*flaps, (3400, 3500)]])

    assert found == [incident(*flaps), incident((3400, 3500))]
