import math

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.latency import latency
from pytest_rdsfailover.analysis.pauses import Pauses, Standstills
from pytest_rdsfailover.analysis.series import series_of
from pytest_rdsfailover.model.clock import SECOND


def measure(events, skips=(), writers=1, back=12, pauses=(), patience=0):
    return latency(
        series_of(journal(events, writers=writers, skips=skips)),
        trigger=10 * SECOND,
        back=back * SECOND,
        stop=20 * SECOND,
        still=Standstills(all=Pauses.of(pauses), any=Pauses.of(pauses)),
        patience=patience,
    )


def test_latency_counts_from_the_intended_time_and_not_from_sending():
    part = measure([ack(1.5, sent=1.4, intended=1.0)]).before

    assert (part.p50, part.max, part.count) == (pytest.approx(0.5), pytest.approx(0.5), 1)


def test_writes_belong_to_the_part_in_which_they_were_intended():
    found = measure([ack(11.0, intended=9.0), ack(13.0, intended=11.0), ack(14.0)])

    assert (found.before.max, found.during.max) == (pytest.approx(2.0), pytest.approx(2.0))
    assert found.after.count == 1


def test_a_part_without_writes_has_no_latency():
    assert measure([ack(1.0)]).during is None


def test_a_failed_write_is_served_by_its_writers_next_success():
    found = measure([refused(10.5, intended=10.4), ack(11.4, intended=11.399)])

    assert found.during.max == pytest.approx(1.0)
    assert found.during.count == 2


def test_a_slot_that_was_not_issued_is_served_by_its_writers_next_success():
    found = measure([ack(11.5, intended=11.499)], skips=[(0, 10.5, 11.25, 4)])

    assert found.during.count == 5
    assert found.during.max == pytest.approx(1.0)
    assert found.during.p50 == pytest.approx(0.5)


def test_another_writers_success_serves_nobody_else():
    found = measure([ack(11.5, writer=1)], skips=[(0, 10.5, 10.5, 1)], writers=2)

    assert found.during.max.value == pytest.approx(9.5)


def test_a_writer_that_never_returns_waits_to_the_end_of_observation():
    found = measure([refused(11.0, intended=11.0)]).during

    assert found.max.value == pytest.approx(9.0)
    assert found.count == 1


def test_a_writer_that_never_returns_waits_for_ever_at_the_most():
    found = measure([ack(10.5), refused(11.0, intended=11.0)]).during

    assert found.max.value == found.max.lower == pytest.approx(9.0)
    assert found.max.upper == math.inf
    assert found.p50.upper == pytest.approx(0.001)


@pytest.mark.parametrize(("patience", "most"), [(9 * SECOND, 9.0), (9 * SECOND - 1, math.inf)])
def test_a_writer_that_had_not_waited_long_when_observation_ended_is_not_lost(patience, most):
    assert measure([refused(11.0, intended=11.0)], patience=patience).during.max.upper == most


def test_a_pause_that_goes_on_after_an_answer_hides_nothing_of_what_was_before_it():
    found = measure([ack(11.4, sent=10.5)], pauses=[(11.0, 12.0)]).during

    assert found.max.value == pytest.approx(0.9)
    assert found.max.lower == pytest.approx(0.495)


def test_what_the_load_generator_slept_through_is_no_latency_at_the_least():
    events = [*acks(10.01, 11.0, 0.01), ack(11.4, sent=11.0), refused(11.41, sent=11.05)]
    found = measure([*events, ack(11.42)], pauses=[(11.05, 11.39)]).during

    assert found.max.value == found.max.upper == pytest.approx(0.4)
    assert found.max.lower == pytest.approx(0.05, abs=0.011)
    assert found.count == 102


def test_percentiles_are_values_that_occurred():
    events = [ack(n / 10 + n / 1000, sent=n / 10) for n in range(1, 100)]
    part = measure(events).before

    assert (part.p50, part.p99) == (pytest.approx(0.050), pytest.approx(0.099))


def test_a_stall_without_errors_shows_in_the_99th_percentile():
    calm = [*acks(10.0, 10.5, 0.01)]
    stalled = ack(11.5, sent=10.5)
    found = measure([*calm, stalled], skips=[(0, 10.51, 11.49, 99)])

    assert found.during.p99 > 0.9


def test_without_a_trigger_all_of_the_run_counts():
    quiet = course(trigger=None, settled=None, moves_writer=None, milestones=[])
    found = summarise(journal(acks(0.01, 19.99, 0.01)), quiet, None).latency

    assert found.during.count == 1998
    assert found.before is found.after is None
