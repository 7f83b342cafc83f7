import json
import math

import pytest

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import Sample, had_none, population, population_of
from pytest_rdsfailover.model.errors import UndecidedError


def sample(downtime=0.0, *, valid=True, problem="", **figures):
    return Sample(
        valid=valid,
        reason="" if valid else "the writer did not change",
        problem=problem,
        downtime=Figure(downtime, downtime, rate=200),
        rate=200,
        figures={"lost": Figure.exact(0)} | figures,
    )


def test_a_population_sums_its_valid_trials_up():
    found = population_of([*map(sample, [0.0] * 10 + [1.0] * 5), sample(9.0, valid=False)])

    assert (found.trials, found.invalid, found.unreliable) == (15, 1, 0)
    assert (found.zero, found.down) == (10, 5)
    assert (found.median.value, found.low, found.high) == (0, 0, 1)
    assert (found.p95, found.max) == (1, 1)
    assert (found.zero_low, found.zero_high) == pytest.approx((0.417, 0.848), abs=0.001)
    assert found.down_bound == pytest.approx(0.577, abs=0.001)


def test_what_an_unfit_clock_measured_is_neither_a_downtime_nor_none():
    found = population_of([sample(1.0), sample(0.0, problem="it stood still"), sample(2.0)])

    assert (found.trials, found.invalid, found.unreliable, found.zero) == (2, 0, 1, 0)
    assert found.median == 1.5


def test_a_population_is_known_no_better_than_its_trials():
    wide = [Figure(1.0, 3.0, best=2.0), Figure(2.0, math.inf, best=2.5), Figure(1.5, 2.0, best=1.8)]
    found = population(wide)

    assert (found.median.lower, found.median.value, found.median.upper) == (1.5, 2.0, 3.0)
    assert (found.max.lower, found.max.upper, found.open) == (2.0, math.inf, 1)
    with pytest.raises(UndecidedError):
        assert found.median < 2.5


@pytest.mark.parametrize(
    ("downtime", "none"),
    [
        (Figure(0.0, 0.099, best=0.0), True),
        (Figure(0.0, 0.1, best=0.0), None),
        (Figure(0.0, 0.099), None),  # an outage was seen, though it may have been nothing
        (Figure(0.001, 0.099), False),
    ],
)
def test_no_downtime_is_none_that_was_seen_and_none_that_can_have_been_a_tenth_of_a_second(
    downtime, none
):
    assert had_none(downtime) is none
    assert population([downtime]).zero == (none is True)


def test_few_reliable_trials_say_nothing_of_all():
    found = population([1.0], unreliable=14)

    assert found.max.problem == "only 1 of 15 trials have a figure (7%)"
    assert (found.max.value, found.max.upper) == (1.0, math.inf)


@pytest.mark.parametrize(
    ("counts", "problem"),
    [
        ({}, ""), ({"invalid": 2}, ""), ({"unreliable": 2}, ""), ({"invalid": 1, "unreliable": 1}, ""),
        ({"invalid": 3}, "only 2 of 5 trials have a figure (40%)"),
        ({"invalid": 2, "unreliable": 1}, "only 2 of 5 trials have a figure (40%)"),
    ],
)  # fmt: skip
def test_half_of_all_trials_that_were_run_speak_for_them(counts, problem):
    found = population([1.0, 2.0], **counts)

    assert found.problem == problem
    assert {found.median.problem, found.p95.problem, found.max.problem} == {problem}


def test_clean_trials_still_allow_some_breaches_and_more_would_prove_99_percent():
    found = population([0.0] * 15)

    assert found.down_bound == pytest.approx(0.181, abs=0.001)
    assert found.clean_needed == 299
    assert population([0.0] * 14 + [1.0]).clean_needed == 473


def test_without_trials_there_are_no_figures():
    found = population([])

    assert (found.median, found.low, found.p95, found.max) == (None, None, None, None)
    assert (found.zero, found.down_bound) == (0, 1.0)


def test_a_sample_survives_json_with_its_resolution():
    one = Sample(
        valid=True,
        reason="",
        problem="it stood still",
        downtime=Figure(1.0, 1.5, rate=200, best=1.2),
        rate=200,
        figures={"lost": None, "p99": Figure(0.5, math.inf, "asleep")},
    )
    back = Sample.of_plain(json.loads(json.dumps(one.plain())))

    assert back == one
    assert (back.downtime.lower, back.downtime.upper, back.downtime.rate) == (1.0, 1.5, 200)
