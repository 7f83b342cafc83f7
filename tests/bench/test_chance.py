"""Rules over a baseline, on a thousand simulated nights of every profile: false alarms, detection."""

import random

import pytest
from simulated_nights import PROFILES, night

pytestmark = pytest.mark.bench
NIGHTS = 1000
MOST_ALARMS, FEWEST_FOUND = 0.01, 0.95


def share(profile, chance, growth, rule, *, paired):
    nights = (night(profile, chance, growth, paired=paired) for _ in range(NIGHTS))
    return sum(bool(broken) if rule is None else rule in broken for broken in nights) / NIGHTS


@pytest.mark.parametrize("paired", [True, False], ids=["pairs", "other seeds"])
def test_identical_nights_alarm_seldom(table, paired):
    chance = random.Random(1)
    found = {name: share(name, chance, 1.0, None, paired=paired) for name in PROFILES}
    worst = max(found, key=found.get)
    table.add(
        f"false alarms of `median:10%,max:500ms`, {'pairs' if paired else 'other seeds'}",
        f"{found[worst]:.1%} of {NIGHTS} nights of `{worst}`, the worst of {len(found)} profiles",
        aim="1 %",
    )
    assert found[worst] <= MOST_ALARMS


def test_a_growth_of_30_percent_is_found(table):
    chance = random.Random(1)
    found = {name: share(name, chance, 1.3, "median:10%", paired=True) for name in PROFILES}
    worst = min(found, key=found.get)
    table.add(
        "a growth of 30 % under `median:10%`, 15 pairs",
        f"found in {found[worst]:.1%} of {NIGHTS} nights of `{worst}`, the worst of {len(found)} profiles",
        aim="95 %",
    )
    assert found[worst] >= FEWEST_FOUND
