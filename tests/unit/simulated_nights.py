"""Nights of fifteen trials as they come out where nothing, or a known growth, has happened."""

from pytest_rdsfailover.local.profiles.choreography import choreography
from pytest_rdsfailover.local.profiles.profiles import load_profile, shipped
from pytest_rdsfailover.report.rules import Samples, chance_of, judge, parse_rules

RULES = parse_rules("median:10%,max:500ms")  # those of the documents
TRIALS = 15
CHANCE = chance_of(len(RULES), 1)
PROFILES = {name: load_profile(name) for name in shipped()}


def downtimes(profile, seeds, chance, growth=1.0):
    """Return how long an application without any fault of its own is down: each failover as sampled,
    a reconnect, and in one of thirty trials up to half a second more of a busy machine."""
    found = []
    for seed in seeds:
        steps = choreography(PROFILES[profile], writer="a", target="b", seed=seed)
        cut = next(step.at for step in steps if step.action == "cut")
        flip = max(step.at for step in steps if step.action in {"point", "back"})
        busy = chance.uniform(0, 0.5) if chance.random() < 1 / 30 else 0.0
        found.append(growth * (flip - cut + chance.expovariate(1 / 0.015) + busy))
    return found


def night(profile, chance, growth=1.0, *, paired=True):
    """Return the rules that a night breaks."""
    seeds = [chance.getrandbits(32) for _ in range(TRIALS)]
    before = downtimes(profile, seeds, chance)
    if not paired:
        seeds = [chance.getrandbits(32) for _ in range(TRIALS)]
    after = downtimes(profile, seeds, chance, growth)
    pairs = list(zip(before, after, strict=True)) if paired else []
    samples = Samples.of(before, after, pairs, CHANCE)
    return [rule.text for rule in RULES if judge(rule, samples, CHANCE).broken]
