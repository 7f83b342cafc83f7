"""What failed and late writes prove of a gap, and what they do not."""

import pytest
from builders import ack, journal, refused, unknown

from pytest_rdsfailover.analysis.presence import there
from pytest_rdsfailover.analysis.proof import (
    RELEASE,
    RETRANSMIT,
    TOO_LONG,
    Due,
    between,
    failing_moments,
    failures_within,
    fresh_failures,
    passed_by,
    showing,
    silence,
)
from pytest_rdsfailover.analysis.rows import rows_around
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND

MS = SECOND // 1000
RELEASED = RELEASE / SECOND


def bounds(events, first, last, *, service=0.002, writers=1, database=False):
    """Return for how long the database was away in a gap, at the least and at the most."""
    found, gap = series_of(journal(events, writers=writers)), (nano(first), nano(last))
    due = Due(there(found, gap[0], 0), nano(service))
    around = rows_around(found, gap)
    held = silence(around, gap, due)
    shown = [showing(series, database=database) for series in found]
    failures = failures_within(around, shown, gap, due)
    since, until = between([*failures, *([held] if held else [])], gap, due)
    return pytest.approx(((until - since) / SECOND, (gap[1] - due.there) / SECOND), abs=1e-6)


def nano(seconds):
    return round(seconds * SECOND)


def held_up(start, last, *, writers=4, apart=0.01):
    """Return writes that were sent one after the other and answered together."""
    for number in range(writers):
        yield ack(1.0 - number / 1000, writer=number)
        yield ack(last + number / 10_000, sent=start + number * apart, writer=number)


def lost(start, last, *, writers=4, apart=0.01):
    """Return writes that were sent one after the other and answered one after the other."""
    for number in range(writers):
        yield ack(1.0 - number / 1000, writer=number)
        late = number * apart
        yield ack(last + late, sent=start + late, writer=number)


def test_the_longest_downtime_counts_from_the_start_of_the_last_write_before_it():
    assert bounds([ack(1.0, sent=0.9), ack(3.0)], 1.0, 3.0) == (0, 2.1)


def test_without_any_evidence_the_shortest_downtime_is_nothing():
    assert bounds([ack(1.0), ack(3.0)], 1.0, 3.0) == (0, 2.001)


def test_refusals_prove_the_database_away_from_the_end_of_the_first_to_the_start_of_the_last():
    events = [ack(1.0), refused(1.2, sent=1.1), refused(2.8, sent=2.7), ack(3.0)]

    assert bounds(events, 1.0, 3.0) == (1.5, 2.001)


def test_one_refusal_proves_a_moment_but_no_duration():
    assert bounds([ack(1.0), refused(1.9, sent=1.1), ack(3.0)], 1.0, 3.0) == (0, 2.001)


@pytest.mark.parametrize("code", [1213, 1205, 1062, 1153])
def test_an_error_of_one_statement_comes_from_a_database_that_is_there(code):
    events = [ack(1.0), refused(1.2, code=code), refused(2.8, code=code), ack(3.0)]

    assert bounds(events, 1.0, 3.0) == (0, 2.001)


def failing(code, kind):
    return [
        ack(1.0),
        refused(1.2, code=code, kind=kind, sent=1.1),
        refused(2.8, code=code, kind=kind, sent=2.7),
        ack(3.0),
    ]


@pytest.mark.parametrize(("code", "kind"), [(1146, "server"), (0, "client")])
def test_any_other_failure_is_absence_of_the_application_but_not_of_the_database(code, kind):
    assert bounds(failing(code, kind), 1.0, 3.0) == (1.5, 2.001)
    assert bounds(failing(code, kind), 1.0, 3.0, database=True) == (0, 2.001)


@pytest.mark.parametrize("code", [1021, 1040, 1041, 1203])
def test_a_server_without_space_memory_or_connections_is_away(code):
    assert bounds(failing(code, "server"), 1.0, 3.0, database=True) == (1.5, 2.001)


def test_a_reset_after_the_writers_own_packet_that_was_too_long_proves_nothing():
    too_long = [
        ack(1.0),
        refused(1.2, code=1153),
        unknown(1.4, sent=1.39),
        refused(1.6, code=1153),
        unknown(2.7, sent=2.69),
        unknown(2.8, sent=2.79),
        ack(3.0),
    ]
    other = [each for each in too_long if each.fault is None or each.fault.code != 1153]

    assert bounds(too_long, 1.0, 3.0) == (0, 2.001)
    assert bounds([*other, refused(2.9, sent=2.85)], 1.0, 3.0) == (1.45, 2.001)


def test_stalled_writes_prove_their_wait_less_a_service_time_at_each_end():
    events = held_up(1.01, 3.0)

    assert bounds(events, 1.0, 3.0, service=0.005, writers=4) == (1.98, 2.001)


@pytest.mark.parametrize(("writers", "least"), [(3, 1.98), (2, 0.8675)])
def test_three_writers_whose_answers_come_together_are_enough(writers, least):
    """Of two, each may have been held up by itself, for a time less a retransmission's."""
    events = held_up(1.01, 3.0, writers=writers)

    assert bounds(events, 1.0, 3.0, service=0.005, writers=writers) == (least, 2.001)


def test_a_server_that_was_stopped_needs_a_moment_however_fast_it_was():
    found = bounds(held_up(1.01, 3.0), 1.0, 3.0, service=0.0001, writers=4)

    assert found == (3.0 - RELEASED - 1.0101, 2.001)


def test_answers_that_came_together_after_somebody_else_was_served_prove_no_stall():
    late = [*held_up(1.01, 3.15, writers=8)]
    served = [ack(0.9, writer=8), refused(1.5, sent=0.95, writer=8), ack(3.0, sent=2.9, writer=8)]

    found = bounds([*late, *served], 1.0, 3.0, service=0.005, writers=9)

    assert found == (0, 2.001)


def test_a_few_answers_that_come_late_by_themselves_hide_no_stall():
    events = [*held_up(1.01, 3.0, writers=8)]
    late = [ack(3.02 + n / 100, sent=1.1 + n / 100, writer=8 + n) for n in range(3)]
    first = [ack(0.95, writer=8 + n) for n in range(3)]

    found = bounds([*events, *first, *late], 1.0, 3.0, service=0.005, writers=11)

    assert found == (1.98, 2.001)


def test_answers_that_come_each_in_their_own_time_were_lost_on_the_way():
    found = bounds(lost(1.01, 2.41), 1.0, 2.41, writers=4)

    assert found == ((1.4 - 0.002 - RETRANSMIT / SECOND) / 2, 1.411)


def test_a_short_silence_of_the_way_proves_nothing():
    assert bounds(lost(1.01, 1.2), 1.0, 1.2, writers=4) == (0, 0.201)


def test_one_connection_cannot_tell_a_server_that_stood_still_from_a_lost_segment():
    found = bounds([ack(1.0), ack(3.0, sent=1.01)], 1.0, 3.0)

    assert found == ((1.99 - 0.002 - RETRANSMIT / SECOND) / 2, 2.001)


def test_of_two_connections_whose_answers_come_together_the_first_proves_most():
    events = [ack(1.0, writer=n) for n in range(2)]
    held = [ack(3.0, sent=sent, writer=n) for n, sent in enumerate((1.5, 1.01))]

    found = bounds([*events, *held], 1.0, 3.0, writers=2)

    assert found == ((1.99 - 0.002 - RETRANSMIT / SECOND) / 2, 2.001)


@pytest.mark.parametrize(("longer", "proof"), [(1, None), (2, 1)])
def test_a_silence_hardly_longer_than_until_a_segment_is_sent_again_proves_a_moment(longer, proof):
    gap = SECOND, SECOND + 11 + RETRANSMIT + longer
    events = [ack(1.0), ack(gap[1] / SECOND, sent=1.000000001)]
    found = silence(rows_around(series_of(journal(events)), gap), gap, Due(0, 10))

    assert found == (None if proof is None else (SECOND + 11 + proof, SECOND + 11))


@pytest.mark.parametrize(("sent", "slow"), [(89, True), (90, False)])
def test_a_write_is_overdue_that_should_have_been_answered_before_another_was_sent(sent, slow):
    assert Due(there=100, service=10).overdue(sent) is slow


def test_a_write_that_was_unanswered_while_another_one_was_served_proves_nothing():
    events = [ack(1.0), ack(3.0, sent=0.7, writer=1)]

    assert bounds(events, 1.0, 3.0, service=0.005, writers=2) == (0, 2.001)


def test_a_writer_that_failed_while_another_one_was_served_fails_for_a_reason_of_its_own():
    before = [refused(0.9, writer=1)]
    fails = [refused(1.2, writer=1), refused(2.8, writer=1)]
    events = [ack(1.0), ack(3.0)]

    assert bounds([*events, *fails], 1.0, 3.0, writers=2) == (1.599, 2.001)
    assert bounds([*before, *events, *fails], 1.0, 3.0, writers=2) == (0, 2.001)
    others = [ack(0.99, writer=2), refused(1.3, writer=2), refused(2.7, writer=2)]
    assert bounds([*before, *events, *fails, *others], 1.0, 3.0, writers=3) == (1.399, 2.001)


def test_a_slow_write_that_had_to_connect_first_proves_nothing():
    events = [ack(1.0), refused(1.2, sent=1.1), ack(3.0, sent=2.0)]

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


def test_the_earliest_moments_of_absence_are_of_the_failures_that_show_it():
    events = [
        ack(1.0, sent=0.9),
        unknown(2.0, sent=1.5),
        refused(3.0, sent=2.9),
        refused(4.0, 1213),
    ]
    found = series_of(journal([*events, refused(2.5, sent=2.4, writer=1)], writers=2))
    shown = [showing(series, database=False) for series in found]

    assert [list(each) for each in shown] == [[0, 1, 1, 0], [1]]
    assert failing_moments(found, shown) == [nano(0.9), nano(2.4), nano(2.9)]
    assert failing_moments(found, shown, over=nano(2.5)) == [nano(0.9), nano(2.4)]


def test_a_reset_at_the_end_shows_absence_though_a_packet_was_too_long_before():
    (series,) = series_of(journal([refused(1.0, TOO_LONG), ack(1.5), unknown(2.0)]))

    assert list(showing(series, database=True)) == [0, 0, 1]


@pytest.mark.parametrize(("word", "first", "last"), [(10, 3, 17), (19, 12, 19), (0, 0, 7)])
def test_resets_within_seven_operations_of_that_word_are_the_packet_s(word, first, last):
    times = [1.0 + n / 10 for n in range(20)]
    events = [refused(at, TOO_LONG) if n == word else unknown(at) for n, at in enumerate(times)]
    (series,) = series_of(journal(events))
    own = range(first, last + 1)

    assert list(showing(series, database=True)) == [n not in own for n in range(20)]


@pytest.mark.parametrize(
    ("events", "fresh"),
    [
        ([ack(1.0), refused(1.2, sent=1.1)], 1),
        ([ack(1.0), refused(1.2, sent=1.0)], 1),
        ([ack(1.0), refused(1.2, sent=0.99)], 0),  # it had begun before
        ([ack(1.0), ack(1.2)], 0),
        ([refused(0.9), refused(1.2, sent=1.1)], 0),  # it had failed before
        ([ack(1.0), refused(1.2, 1213, sent=1.1)], 0),
        ([ack(1.0)], 0),
    ],
)
def test_writers_that_were_served_before_and_fail_now_are_fresh_failures(events, fresh):
    found = series_of(journal(events))

    assert fresh_failures(found, nano(1.05), nano(1.0), database=True) == fresh


@pytest.mark.parametrize(
    ("events", "passed"),
    [
        ([ack(1.0), ack(3.0)], True),
        ([ack(0.5), ack(1.0), ack(3.0), ack(3.5)], True),
        ([ack(1.0), ack(3.0, sent=2.0)], False),  # it waited
        ([ack(0.9), ack(3.0)], False),  # somebody else was served in between
        ([ack(1.0), ack(3.1)], False),
        ([ack(1.0), refused(2.0), ack(3.0)], False),
        ([refused(1.0), ack(3.0)], False),
    ],
)
def test_one_writer_that_is_served_on_both_sides_of_a_gap_passes_it(events, passed):
    gap = nano(1.0), nano(3.0)
    found = series_of(journal(events))

    assert passed_by(rows_around(found, gap), gap, Due(nano(1.0), nano(0.002))) is passed
