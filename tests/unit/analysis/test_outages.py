import pytest
from builders import ack, acks, journal, refused, unknown

from pytest_rdsfailover.analysis.outages import (
    RELEASE,
    SHORTEST_OUTAGE,
    Incident,
    acknowledgements,
    certain,
    covered,
    incidents,
    is_stuck,
    largest_gap,
    outages,
    service_time,
    threshold,
    writer_outages,
)
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND

MS = SECOND // 1000


def gaps(events, *, start=0, stop=9, longer_than=0.5, writers=1):
    found = acknowledgements(
        series_of(journal(events, writers=writers)), start=start * SECOND, stop=stop * SECOND
    )
    long = outages(found, longer_than=round(longer_than * SECOND))
    return [(a / SECOND, b / SECOND) for a, b in long]


def bounds(events, first, last, *, service=0.002, writers=1):
    gap = round(first * SECOND), round(last * SECOND)
    low, high = certain(
        series_of(journal(events, writers=writers)), gap, service=round(service * SECOND)
    )
    return pytest.approx((low / SECOND, high / SECOND), abs=1e-6)


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


def test_the_largest_gap_of_fewer_than_two_is_nothing():
    assert largest_gap([]) == largest_gap([5]) == 0
    assert largest_gap([5, 9, 11]) == 4


def test_the_service_time_is_what_the_slowest_writes_of_the_calm_take_but_no_hiccup():
    calm = [ack(n / 100, sent=n / 100 - 0.001) for n in range(1, 500)]
    hiccup = ack(5.0, sent=4.995 - 0.4)

    assert service_time(series_of(journal(calm)), since=0, until=9 * SECOND) == pytest.approx(
        MS, abs=2
    )
    slow = series_of(journal([*calm, hiccup]))
    assert service_time(slow, since=0, until=9 * SECOND) == pytest.approx(MS, abs=4)
    assert service_time(slow, since=0, until=0) == 0
    assert service_time(slow, since=6 * SECOND, until=9 * SECOND) == 0


def test_the_longest_downtime_counts_from_the_start_of_the_last_write_before_it():
    assert bounds([ack(1.0, sent=0.9), ack(3.0)], 1.0, 3.0) == (0, 2.1)


def test_without_any_evidence_the_shortest_downtime_is_nothing():
    assert bounds([ack(1.0), ack(3.0)], 1.0, 3.0) == (0, 2.001)


def test_refusals_prove_the_database_away_from_the_end_of_the_first_to_the_start_of_the_last():
    events = [ack(1.0), refused(1.2, sent=1.1), refused(2.8, sent=2.7), ack(3.0)]

    assert bounds(events, 1.0, 3.0) == (1.5, 2.001)


def test_one_refusal_proves_a_moment_but_no_duration():
    assert bounds([ack(1.0), refused(1.9, sent=1.1), ack(3.0)], 1.0, 3.0) == (0, 2.001)


def test_an_error_of_a_database_that_is_there_proves_nothing():
    events = [ack(1.0), refused(1.2, code=1213), refused(2.8, code=1213), ack(3.0)]

    assert bounds(events, 1.0, 3.0) == (0, 2.001)


def test_a_stalled_write_proves_its_wait_less_a_service_time_at_each_end():
    assert bounds([ack(1.0), ack(3.0, sent=1.01)], 1.0, 3.0, service=0.005) == (1.98, 2.001)


def test_a_server_that_was_stopped_needs_a_moment_however_fast_it_was():
    events = [ack(1.0), ack(3.0, sent=1.01)]

    found = certain(series_of(journal(events)), (SECOND, 3 * SECOND), service=MS // 10)

    assert found[0] == 3 * SECOND - RELEASE - 1010 * MS - MS // 10


def test_a_write_that_was_slow_before_the_gap_does_not_say_when_it_began():
    events = [ack(1.0), ack(3.0, sent=0.7, writer=1)]

    found = bounds(events, 1.0, 3.0, service=0.005, writers=2)

    assert found == (3.0 - 0.005 - 0.999 - 0.005, 2.001)


def test_a_slow_write_that_had_to_connect_first_proves_nothing():
    events = [ack(1.0), refused(1.2, sent=1.1), ack(3.0, sent=2.5)]

    assert bounds(events, 1.0, 3.0) == (0, 2.001)


def test_a_time_out_proves_the_moment_of_sending_and_not_the_wait():
    events = [
        ack(1.0),
        unknown(2.0, kind="timeout", sent=1.1),
        refused(2.9, kind="timeout", sent=2.2),
        ack(3.0),
    ]

    assert bounds(events, 1.0, 3.0) == (2.2 - 1.102, 2.001)


def test_a_connection_found_dead_may_have_died_at_any_moment_since_it_was_last_used():
    events = [
        ack(1.0),
        ack(1.0, writer=1),
        refused(1.2, sent=1.1),
        unknown(2.8, sent=2.79, writer=1),
        ack(3.0),
    ]

    assert bounds(events, 1.0, 3.0, writers=2) == (0, 2.001)


def test_the_bounds_never_cross():
    events = [ack(1.0), refused(1.9, sent=1.1), refused(2.0, sent=1.2, writer=1), ack(3.0)]

    assert bounds(events, 1.0, 3.0, writers=2) == (0, 2.001)


def alone(events):
    return series_of(journal(events))[0]


def away(events, *, since=0.0, stop=9.0, longer_than=0.1):
    found = writer_outages(
        alone(events),
        since=round(since * SECOND),
        stop=round(stop * SECOND),
        longer_than=round(longer_than * SECOND),
    )
    return [(a / SECOND, b / SECOND) for a, b in found]


def test_a_writer_is_away_from_the_intended_time_of_the_write_that_was_not_served():
    events = [ack(1.0), refused(2.0, intended=1.9), refused(3.0), ack(4.0, intended=3.9), ack(5.0)]

    assert away(events) == [(1.9, 4.0)]


def test_a_silent_stall_counts_as_errors_do():
    assert away([ack(1.0), ack(4.0, intended=1.5, sent=1.5), ack(4.2)]) == [(1.5, 4.0)]


def test_a_write_that_was_sent_late_was_away_from_when_it_was_intended():
    assert away([ack(1.0), ack(4.0, intended=1.5, sent=3.95), ack(4.2)]) == [(1.5, 4.0)]


def test_a_writer_that_never_returns_is_away_to_the_end():
    assert away([ack(1.0), refused(2.0, intended=2.0)]) == [(2.0, 9.0)]


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


def incident(*gaps):
    """Return what outages of so many milliseconds, from one to another, are together."""
    return Incident(
        start=gaps[0][0] * MS,
        stop=gaps[-1][1] * MS,
        outage=sum(stop - start for start, stop in gaps) * MS,
        count=len(gaps),
    )


@pytest.mark.parametrize(("pause", "together"), [(990, True), (1010, False), (5000, False)])
def test_outages_that_follow_each_other_closely_are_one_incident(pause, together):
    one, other = (0, 2000), (2000 + pause, 4000 + pause)
    found = incidents([(start * MS, stop * MS) for start, stop in (one, other)])

    assert found == ([incident(one, other)] if together else [incident(one), incident(other)])


def test_what_follows_an_incident_is_held_against_its_last_outage():
    flaps = [(0, 100), (1000, 1300), (2200, 2300)]
    found = incidents([(start * MS, stop * MS) for start, stop in [*flaps, (3400, 3500)]])

    assert found == [incident(*flaps), incident((3400, 3500))]
