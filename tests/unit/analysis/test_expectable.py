"""Bounds on other figures than the downtime are held to both of their ends."""

import math

import pytest
from builders import ack, acks, course, journal, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.analysis.verdicts import expectations
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.analysis.verdicts.expectations import FAIL, INCONCLUSIVE, PASS, sample_of
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.trial.trial import Trial

CALM = [*acks(0.01, 10.3, 0.01)]
AWAY = [refused(10.3 + n / 100) for n in range(1, 970)]
LASTING = ("writer_outage", "availability_area", "last_writer_back", "max")


def judged(*events, **changes):
    return summarise(journal([*CALM, *events]), course(**changes), None)


def state(trial, **bounds):
    (verdict,) = expectations.verdicts(trial, parse_expectations(**bounds))
    return verdict.state


def test_there_are_as_many_figures_as_names():
    figures = judged(*AWAY).figures

    assert len(figures) == len(list(figures)) == len(set(figures))


@pytest.mark.parametrize("name", LASTING)
def test_what_had_not_ended_is_below_no_bound(name):
    trial = judged(*AWAY)

    assert trial.figures[name].upper == math.inf
    assert state(trial, **{name: "< 1h"}) != PASS


@pytest.mark.parametrize("name", LASTING)
def test_what_ended_meets_a_bound_above_it_and_breaks_one_below(name):
    trial = judged(*AWAY[:100], *acks(11.31, 20.0, 0.01))

    assert state(trial, **{name: "< 2s"}) == PASS
    assert state(trial, **{name: "< 100ms"}) == FAIL


def test_the_longest_outage_of_a_writer_is_as_long_as_it_seemed_and_nothing_without_one():
    trial = judged(
        *AWAY[:50], *acks(10.81, 13.0, 0.01), ack(15.0, sent=13.0), *acks(15.01, 16.0, 0.01),
        *(refused(16.0 + n / 100) for n in range(100)), *acks(17.0, 20.0, 0.01),
        pauses=[(13.01, 14.99), (16.3, 16.4)],
    )  # fmt: skip
    found = trial.figures["writer_outage"]

    assert found.value == pytest.approx(1.001)
    assert found.lower < 0.95
    assert found.upper > 1.9
    assert judged(*acks(10.3, 20.0, 0.01)).figures["writer_outage"].value == 0


@pytest.mark.parametrize("failed", [0, 1])
def test_a_single_failure_of_one_writer_is_something_to_come_back_from(failed):
    beside = [*acks(0.005, 20.0, 0.01, writer=1)]
    late = [refused(10.301)] * failed
    trial = summarise(
        journal([*CALM, *late, *acks(10.31, 20.0, 0.01), *beside], writers=2),
        course(trigger=None, settled=None, moves_writer=None, milestones=()),
        None,
    )

    assert ("last_writer_back" in trial.figures) == bool(failed)


def test_what_nobody_watched_breaks_no_bound_and_names_why():
    trial = judged(*acks(11.3, 20.0, 0.01), pauses=[(10.295, 11.295)])
    (verdict,) = expectations.verdicts(trial, parse_expectations(max="< 1ms"))

    assert trial.clock.problem
    assert verdict.state == INCONCLUSIVE
    assert "stood still" in "".join(verdict.evidence)


def test_claims_go_by_the_same_figures():
    trial = judged(*AWAY)
    assert all(sample_of(trial).figures[name] is trial.figures[name] for name in LASTING)


def test_to_expect_nothing_is_an_error():
    with pytest.raises(SettingError, match=r'has the name of its figure: write expect\(downtime="'):
        Trial.of(judged()).expect("downtime < 2s")
    with pytest.raises(SettingError, match="holds a trial to nothing"):
        Trial.of(judged()).expect()
