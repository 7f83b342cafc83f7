"""What a trial's verdict takes from its journal beside its gaps."""

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.model.traffic import LeftSession, Sessions

EVERY = 0.1
CALM = [*acks(0.1, 10.0, EVERY)]
STEADY = [*CALM, *acks(10.0, 20.0, EVERY)]


def judge(events, *, writers=1, reads=(), **changes):
    """Return the verdict on a load of ten operations a second, and on reads that were over then."""
    made = journal(events, writers=writers)
    for at, outcome in reads:
        times = (round(at * 1e9) - 1000, round(at * 1e9) - 1000, round(at * 1e9))
        fault = None if outcome is Outcome.ACKED else Fault(2013, "reset")
        made.writers[0].reads.record(times, outcome, fault, None, 0)
    return summarise(made, course(**{"rate": 1 / EVERY} | changes), None)


@pytest.mark.parametrize(
    ("failing", "counts"),
    [
        ([1.0, 10.0], True),
        ([0.999999999, 5.0], False),
        ([5.0, 10.000000001], False),
        ([], False),
    ],
)
def test_reads_that_failed_in_the_calm_are_errors_of_the_load(failing, counts):
    """Two are enough where none may fail."""
    reads = [(at, Outcome.UNKNOWN) for at in failing] + [(5.0, Outcome.ACKED)] * 3
    trial = judge(STEADY, reads=sorted(reads), start=1.0, calm_errors=0.0)

    assert trial.reason.startswith("2 of 92 operations failed before" if counts else "")
    assert trial.valid is not counts


def test_the_longest_pause_of_the_load_generator_is_told():
    assert judge(STEADY, pauses=[(15.0, 16.0), (17.0, 17.2)]).clock.own_pause == 1.0
    assert judge(STEADY).clock.own_pause == 0.0


def test_without_an_operation_none_was_late():
    assert judge([]).clock.lateness_max == 0.0


@pytest.mark.parametrize(("strangers", "problem"), [(None, False), (0.5, False), (0.6, True)])
def test_other_programs_that_keep_the_machine_busy_leave_no_figure(strangers, problem):
    quick = [*acks(9.5, 10.3, 0.01), *acks(10.35, 11.0, 0.01)]
    trial = judge(
        quick, rate=100.0, strangers=strangers, cpus=1, start=9.5, stop=11.0, settled=10.5
    )

    assert bool(trial.clock.problem) is problem


def test_a_finding_of_something_else_leaves_no_late_errors_open():
    left = LeftSession(instance="instance-1", since=5.0, refused=11.0, refusals=3, error=1836)
    trial = judge(STEADY, sessions=Sessions(open=8, left=[left]))

    assert [finding.name for finding in trial.findings] == ["stuck_sessions"]
    assert trial.figures["late_errors"] == 0


def back_at(moment):
    """Return a second writer that is away from the trigger on, and back at a moment."""
    return [*acks(0.15, 10.0, EVERY, writer=1), refused(10.05, writer=1), ack(moment, writer=1)]


@pytest.mark.parametrize(
    ("events", "last"),
    [
        (STEADY, 12.4),  # the cluster had settled
        ([*CALM, *acks(10.0, 14.0, EVERY), *acks(16.0, 20.0, EVERY)], 16.0),
        ([*STEADY, *back_at(15.0)], 15.0),
        ([*STEADY, *back_at(20.5)], 12.4),  # stuck: all of the rest is not worth a drawing
    ],
)
def test_acknowledgements_are_drawn_around_all_that_happened(events, last):
    pulse = judge(events, writers=2).pulse

    assert pulse.stop == pytest.approx(last - 10 + max(0.2, 0.12 * (last - 10)))
