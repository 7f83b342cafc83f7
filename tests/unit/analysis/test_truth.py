"""The ends of every figure against ordeals whose truth is known, and planted faults in the rules.

`pytest tests/bench/test_coverage.py` does the same with many more seeds, none of which is here.
"""

import random
from dataclasses import replace

import pytest
from ordeals import play
from shapes import SHAPES
from truths import FIGURES, cover

from pytest_rdsfailover.analysis import (
    gap_figures,
    incident_figures,
    outages,
    proof,
    recovery,
    served,
)
from pytest_rdsfailover.analysis.absence import absences
from pytest_rdsfailover.analysis.pauses import Pauses
from pytest_rdsfailover.analysis.service_figures import ServiceFigures
from pytest_rdsfailover.analysis.weighing import Scales

SEEDS = range(26)
# The median widths of downtime and recovery, in milliseconds, so that nobody buys coverage with width. Loads of
# one or two writers and of 20 writes a second are among them.
WIDEST = {
    "quiet": (30, 0),
    "stalled": (70, 10),
    "stalled_without_trigger": (70, 25),
    "barely_stalled_without_trigger": (80, 20),
    "stalled_with_jitter": (110, 0),
    "segments_dropped": (750, 50),
    "refused": (90, 75),
    "hung": (480, 140),
    "lazy_pool": (120, 80),
    "server_errors": (50, 110),
    "client_errors": (50, 140),
    "out_of_connections": (50, 50),
    "one_writer_served": (80, 65),
    "brownout": (90, 120),
    "late_answers": (90, 50),
    "own_pauses": (160, 500),
    "one_process_stopped": (50, 700),
    "one_process_stopped_in_failover": (100, 700),
    "paused_calm": (80, 250),
    "paused_in_failover": (220, 280),
    "unfinished": (float("inf"), float("inf")),
    "deadlocks": (90, 380),
    "flapping": (90, 110),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_truth_lies_between_the_ends_and_these_are_near_each_other(shape):
    found = cover(shape, SEEDS)

    assert {name: found[name].outside for name in FIGURES} == {name: [] for name in FIGURES}
    assert found["downtime"].width <= WIDEST[shape][0]
    assert found["recovery"].width <= WIDEST[shape][1]


def test_what_is_not_over_when_observation_ends_has_no_upper_end():
    assert set(cover("unfinished", SEEDS)["downtime"].widths) == {float("inf")}


def test_a_trial_without_a_fault_proves_no_outage():
    found = [ends("quiet", seed) for seed in range(100)]

    assert {(each.downtime.lower, each.outages.lower, each.last_back.lower) for each in found} == {
        (0, 0, 0)
    }


def ends(shape, seed, **changes):
    chance = random.Random(f"{shape} {seed}")
    series, course, _ = play(replace(SHAPES[shape](chance), **changes), chance)
    return absences(series, course).ends


def precise(seed):
    chance = random.Random(seed)
    ordeal = SHAPES["stalled"](chance)
    load = {"rate": 1000, "writers": 32, "latency": 0.0003, "hiccups": 0.0}
    return chance, replace(ordeal, **load)


def test_a_precise_load_knows_a_stall_to_a_few_milliseconds():
    for seed in SEEDS:
        chance, ordeal = precise(seed)
        series, course, truth = play(ordeal, chance)
        assert abs(absences(series, course).downtime.value - truth.downtime()[0]) < 0.004


def outside(shape, figure="downtime", seeds=SEEDS):
    return cover(shape, seeds)[figure].outside


def nothing(*_, **__):
    return False


def until_the_end(series, row, due):
    return series.finished[row], due.after(series.started[row])


LEFT_OUT = [
    ("refused", proof, "UNKNOWN", -1),  # a dead connection tells when it is noticed
    ("hung", proof, "_moment", until_the_end),  # silence proves up to its end
    ("stalled", proof, "RELEASE", 0),  # a server that was stopped runs again at once
    ("segments_dropped", proof, "TOGETHER", 0),  # every silence is the server's
    ("brownout", Scales, "by_accident", nothing),  # no failures are an accident
    ("one_writer_served", Scales, "by_accident", nothing),
    ("own_pauses", Pauses, "within", lambda *_: 0),
    ("own_pauses", Pauses, "at_edges", lambda *_: 0),
    ("unfinished", gap_figures, "_unfinished", nothing),
]


@pytest.mark.parametrize(
    ("shape", "owner", "name", "instead"), LEFT_OUT, ids=[f"{row[0]}-{row[2]}" for row in LEFT_OUT]
)
def test_a_rule_that_is_left_out_claims_too_much(monkeypatch, shape, owner, name, instead):
    figures = ("downtime", "writer_outage") if shape == "own_pauses" else ("downtime",)
    monkeypatch.setattr(owner, name, instead)

    assert any(outside(shape, figure, [seed]) for seed in range(120) for figure in figures)


def unexcused(series, seen):
    return ((slot, False) for slot in series.skipped(seen.start, seen.stop))


OF_OPERATIONS = [
    ("own_pauses", "success", served, "_excused", lambda *_: 0),  # our own pause fails operations
    ("own_pauses", "worst_second", served, "_unserved", unexcused),
    ("unfinished", "success", ServiceFigures, "_over", True),  # what was seen is all there was
    ("brownout", "recovery", recovery, "_bad", lambda *_: iter(())),  # only outages have an end
    ("flapping", "incident_sum", incident_figures, "_nearest", lambda *_: 10**12),  # each alone
    ("flapping", "incident_span", incident_figures, "_nearest", lambda *_: 10**12),
    ("own_pauses", "recovery", Pauses, "within", lambda *_: 0),
]


@pytest.mark.parametrize(
    ("shape", "figure", "owner", "name", "instead"),
    OF_OPERATIONS,
    ids=[f"{row[1]}-{row[3]}" for row in OF_OPERATIONS],
)
def test_a_rule_for_operations_that_is_left_out_claims_too_much(
    monkeypatch, shape, figure, owner, name, instead
):
    monkeypatch.setattr(owner, name, instead)

    assert any(outside(shape, figure, [seed]) for seed in range(80))


def proven(shape):
    return sum(ends(shape, seed).outages.lower for seed in SEEDS)


def test_a_natural_gap_that_holds_a_pause_hides_outages(monkeypatch):
    usually = proven("paused_calm")

    def largest(calm, *_):
        return max(outages.lengths(calm), default=0)

    monkeypatch.setattr(outages, "natural_gap", largest)

    assert proven("paused_calm") < usually


def decided(rate_of):
    """Return how many bounds that one load left open another one decides, and how many there were."""
    found = []
    for seed in range(100):
        chance, ordeal = precise(seed)
        slower = replace(ordeal, rate=100, writers=16)
        first = measured(slower, seed)
        bound = first.lower + (first.upper - first.lower) * chance.random()
        rate = first.deciding_rate(bound)
        if first.lower > 0 and rate is not None and rate < 4000:
            again = measured(replace(slower, rate=rate_of(rate)), seed)
            found.append(not again.lower < bound < again.upper)
    return sum(found), len(found)


def measured(ordeal, seed):
    series, course, _ = play(ordeal, random.Random(seed))
    return absences(series, course).downtime


def test_the_rate_that_is_said_to_decide_a_bound_mostly_does():
    count, of = decided(lambda rate: rate)

    assert of > 10
    assert count > of * 0.6
    assert decided(lambda _: 100)[0] == 0
