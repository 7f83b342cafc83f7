"""From a profile and a seed to the exact steps of one failover."""

import random
from collections.abc import Sequence

from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.profiles.profiles import Profile, load_profile


def choreography(profile: Profile, *, writer: str, target: str, seed: int) -> Sequence[Step]:
    """Return the steps of one failover in order of time, offsets in seconds from the trigger.

    The old writer and the failover target both restart, other readers stay up, as in Aurora MySQL
    since 2.10. The same seed gives the same steps.
    """
    chance = random.Random(seed)  # noqa: S311 - durations, no secrets
    onset = profile.onset.sample(chance)
    back = onset + profile.refused.sample(chance)
    steps = [
        Step(at=onset, action="hold", instance=writer, how=profile.proxy_connect),
        Step(at=onset, action="cut", instance=writer, how=profile.cut),
    ]
    served = back
    if profile.promotion is not None:
        # The target's host is up, so it ends its sessions even if the old writer hangs in silence.
        how = "reset" if profile.cut == "hang" else profile.cut
        steps.append(Step(at=onset, action="cut", instance=target, how=how))
        served = onset + profile.promotion.sample(chance)
    steps.append(Step(at=back, action="back", instance=writer))
    # Counted from the end, because the last flip always leads to the new writer.
    sides = [target if left % 2 else writer for left in range(len(profile.dns), 0, -1)]
    steps += [
        Step(at=onset + flip.sample(chance), action="point", instance=side)
        for flip, side in zip(profile.dns, sides, strict=True)
    ]
    follows = served + profile.proxy_hold.sample(chance)
    new_writer = writer if profile.promotion is None else target
    if profile.promotion is not None:
        small, growth = profile.small.sample(chance), profile.growth.sample(chance)
        steps.append(Step(at=served, action="promote", instance=target, small=small, growth=growth))
    steps.append(Step(at=follows, action="follow", instance=new_writer))
    return sorted(steps, key=lambda step: step.at)


def restart_of(profile: Profile, seed: int) -> float:
    """Return for how many seconds an instance is down after `ALTER SYSTEM CRASH`.

    The run's own profile decides if it restarts the writer in place; else the profile `crash` does.
    """
    crash = load_profile("crash") if profile.moves_writer else profile
    return crash.refused.sample(random.Random(seed))  # noqa: S311 - durations, no secrets


def replica_lag_of(profile: Profile, seed: int) -> float:
    """Return how old what readers show is at least, in seconds, while nothing fails."""
    return profile.replica_lag.sample(random.Random(seed))  # noqa: S311 - durations, no secrets
