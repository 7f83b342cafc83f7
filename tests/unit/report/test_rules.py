"""Rules over a baseline: what fails a night, how often by chance, and what is found."""

import random

import pytest
from simulated_nights import CHANCE, night

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.report.rules import Samples, chance_of, judge, parse_rules, trials_needed


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("profile", ["quick", "aurora"])
def test_identical_nights_alarm_in_one_of_a_hundred_at_most(profile, paired):
    chance = random.Random(1)
    alarms = sum(bool(night(profile, chance, paired=paired)) for _ in range(200))

    assert alarms <= 2


@pytest.mark.parametrize("profile", ["quick", "aurora"])
def test_a_growth_of_30_percent_is_found_by_the_baseline_s_seed(profile):
    chance = random.Random(1)
    found = sum("median:10%" in night(profile, chance, 1.3) for _ in range(100))

    assert found >= 95


def test_a_tail_that_grew_is_found_where_the_middle_is_as_before():
    (rule,) = parse_rules("p95:10%")
    before = [1 + n / 1000 for n in range(100)]
    after = [*before[:80], *[5.0] * 20]
    samples = Samples.of(before, after, (), CHANCE)

    assert judge(rule, samples, CHANCE).broken
    assert not judge(*parse_rules("median:10%"), samples, CHANCE).broken


def test_a_run_of_two_trials_can_show_nothing_however_long_its_baseline_is():
    assert Samples.of([1.0] * 150, [9.0] * 2, (), 0.005) is None


def test_more_rules_and_scenarios_take_more_trials():
    assert [trials_needed(chance_of(*each)) for each in ((1, 1), (2, 1), (2, 10))] == [7, 8, 11]


@pytest.mark.parametrize(
    "text",
    [
        "median",
        "mean:10%",
        "median:ten%",
        "median:10",
        "",
        "p95:",
        "median:nan%",
        "median:inf%",
        "max:-5%",
        "median:%",
        "median:-1s",
        "median:nan",
        "p95:infs",
        "median:1e999%",
        "median:1_0%",
        "median:10%,",
        "max:+5%",
    ],
)
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(SettingError):
        parse_rules(text)
