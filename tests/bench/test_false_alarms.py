"""How often rules over a baseline alarm on identical nights, and how often they find a growth."""

import os
import random

import pytest
from simulated_nights import PROFILES, RULES, TRIALS, night

from pytest_rdsfailover.analysis.statistics import wilson

pytestmark = pytest.mark.bench
NIGHTS = int(os.environ.get("RDS_BENCH_NIGHTS", "1000"))
GROWTH = 1.3
MEDIAN = RULES[0].text


def shown(count: int) -> str:
    low, high = wilson(count, NIGHTS)
    return f"{count} of {NIGHTS} ({low:.1%} to {high:.1%})"


@pytest.mark.parametrize("profile", PROFILES)
def test_rules_over_simulated_nights(table, profile):
    chance = random.Random(profile)
    counts = {}
    for paired in (True, False):
        nights = [night(profile, chance, paired=paired) for _ in range(NIGHTS)]
        grown = [night(profile, chance, GROWTH, paired=paired) for _ in range(NIGHTS)]
        counts[paired] = (sum(map(bool, nights)), sum(MEDIAN in broken for broken in grown))
    rules = ", ".join(rule.text for rule in RULES)
    for paired, seeds in ((True, "the same seed"), (False, "other seeds")):
        alarms, found = counts[paired]
        table.add(
            f"`{profile}`, {TRIALS} trials a night, {seeds}: false alarms of {rules}"
            f" / growths of {GROWTH - 1:.0%} found by {MEDIAN}",
            f"{shown(alarms)} / {shown(found)}",
            aim="≤ 1 % / ≥ 95 %" if paired else "≤ 1 %",
        )
        assert wilson(alarms, NIGHTS)[0] <= 0.01
