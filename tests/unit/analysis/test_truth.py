"""The downtime's bounds against outages whose truth is known."""

import functools
import random
from dataclasses import replace

import pytest
from builders import course
from simulation import busy_world, play, quiet_world, some_world

from pytest_rdsfailover.analysis import outages
from pytest_rdsfailover.analysis.summary import summarise

CASES = range(100)
played = functools.cache(play)  # what writers wrote down does not depend on who judges it
NOISE = 1e-6  # the journal's nanoseconds and Python's floats


def measure(world, seed):
    observed = course(
        stop=world.end, trigger=world.start - 0.5, settled=world.stop, rate=world.rate
    )
    return summarise(played(world, seed), observed, None).downtime


def outside(how):
    """Return the seeds of the worlds whose truth lies outside the bounds."""
    wrong = []
    for seed in CASES:
        world = some_world(seed, how)
        downtime = measure(world, seed)
        inside = downtime.lower - NOISE <= world.stop - world.start <= downtime.upper + NOISE
        if not (inside and 0 <= downtime.lower <= downtime.upper):
            wrong.append((seed, downtime, world))
    return wrong


@pytest.mark.parametrize("how", ["refuse", "stall", "hang"])
def test_the_true_downtime_lies_between_the_bounds(how):
    assert outside(how) == []


def long_enough(world):
    """Tell whether every writer meets the outage twice."""
    period = world.writers / world.rate
    return world.stop - world.start > 3 * (period + world.backoff * 1.5 + world.latency * 2)


def nearness(world):
    """Return how near to the truth the figure must be."""
    period = world.writers / world.rate
    # Refused writers wait for their back-off and their slot; so far apart is what they prove.
    step = period + world.backoff * 1.5 if world.how == "refuse" else 1 / world.rate
    return step / 2 + 4 * world.latency


@pytest.mark.parametrize("how", ["refuse", "stall"])
def test_the_figure_is_within_half_a_period_and_a_latency_of_the_truth(how):
    worlds = {seed: world for seed in CASES if long_enough(world := some_world(seed, how))}
    errors = {
        seed: measure(world, seed) - (world.stop - world.start) for seed, world in worlds.items()
    }

    assert len(worlds) > 30
    assert [
        (seed, error, worlds[seed])
        for seed, error in errors.items()
        if abs(error) > nearness(worlds[seed])
    ] == []


def test_a_late_error_taken_for_proof_would_claim_too_much(monkeypatch):
    """Planted fault: believe that a dead connection shows the database away when it is noticed."""
    monkeypatch.setattr(outages, "UNKNOWN", -1)

    assert outside("refuse")


def test_silence_taken_for_proof_to_its_end_would_claim_too_much(monkeypatch):
    """Planted fault: believe that the database was away until the client gave up."""

    def until_the_end(series, row, due):
        fault = series.faults[series.fault[row]]
        return None if fault is None else (series.finished[row], due.after(series.started[row]))

    monkeypatch.setattr(outages, "_error", until_the_end)

    assert outside("hang")


def decided(rate_of):
    """Return how many bounds that one load left open another one decides, and how many there were."""
    found = []
    for seed in CASES:
        world = some_world(seed, "stall")
        first = measure(world, seed)
        bound = first.lower + (first.upper - first.lower) * random.Random(seed).random()
        rate = first.deciding_rate(bound)
        if first.lower > 0 and rate is not None and rate < 4000:
            again = measure(replace(world, rate=rate_of(world, rate)), seed)
            found.append(not again.lower < bound < again.upper)
    return sum(found), len(found)


def test_the_rate_that_is_said_to_decide_a_bound_mostly_does():
    count, of = decided(lambda _, rate: rate)

    assert of > 10
    assert count > of * 0.6
    assert decided(lambda world, _: world.rate)[0] == 0


MANY = range(300)
ENOUGH = 0.99  # of the cases; what a write normally takes is a 99th percentile


def covered(make, seeds=MANY):
    """Return in which share of many stalls the truth lay between the bounds."""
    return sum(holds(make(seed), seed) for seed in seeds) / len(seeds)


def holds(world, seed):
    observed = course(stop=world.end, trigger=world.start, settled=world.stop, rate=world.rate)
    found = summarise(played(world, seed), observed, None).downtime
    return found.lower - NOISE <= world.stop - world.start <= found.upper + NOISE


@pytest.mark.parametrize("make", [quiet_world, busy_world])
def test_slow_writes_and_a_server_that_has_to_wake_up_do_not_narrow_the_bounds(make):
    assert covered(make) >= ENOUGH


def test_a_write_that_was_slow_before_the_gap_taken_for_proof_would_claim_too_much(monkeypatch):
    """Planted fault: believe that every unanswered write was held up by the stall."""
    believed = covered(busy_world)
    monkeypatch.setattr(outages._Due, "after", lambda due, started: started + due.service)

    assert covered(busy_world) < believed


def test_an_answer_at_the_very_end_of_a_stall_would_claim_too_much(monkeypatch):
    """Planted fault: believe that a server that was stopped runs again at once."""
    monkeypatch.setattr(outages, "RELEASE", 0)

    assert covered(quiet_world, MANY[:80]) < ENOUGH
