"""The steps of a failover, to the moment: who is cut, back, pointed at and promoted."""

import pytest

from pytest_rdsfailover.local.profiles.choreography import choreography, replica_lag_of, restart_of
from pytest_rdsfailover.local.profiles.profiles import parse_profile

FAILOVER = {"onset": "1s", "refused": "2s", "promotion": "4s", "dns": "8s", "proxy_hold": "500ms"}


def steps_of(table, seed=1):
    profile = parse_profile("own", table)
    return choreography(profile, writer="old", target="new", seed=seed)


def seen(table):
    return [(round(step.at, 6), step.action, step.instance, step.how) for step in steps_of(table)]


def test_a_failover_cuts_both_brings_the_old_writer_back_promotes_and_points_on():
    assert seen(FAILOVER | {"cut": "close", "proxy_connect": "error"}) == [
        (1.0, "hold", "old", "error"),
        (1.0, "cut", "old", "close"),
        (1.0, "cut", "new", "close"),
        (3.0, "back", "old", None),
        (5.0, "promote", "new", None),
        (5.5, "follow", "new", None),
        (9.0, "point", "new", None),
    ]


def test_a_restart_in_place_cuts_nobody_else_and_leads_the_proxy_back():
    assert seen({"onset": "1s", "refused": "2s", "proxy_hold": "500ms", "cut": "keep"}) == [
        (1.0, "hold", "old", "accept"),
        (1.0, "cut", "old", "keep"),
        (3.0, "back", "old", None),
        (3.5, "follow", "old", None),
    ]


@pytest.mark.parametrize("cut", ["reset", "close", "hang"])
def test_the_target_ends_its_sessions_even_if_the_old_writer_is_silent(cut):
    cuts = {
        step.instance: step.how
        for step in steps_of(FAILOVER | {"cut": cut})
        if step.action == "cut"
    }
    assert cuts == {"old": cut, "new": "reset" if cut == "hang" else cut}


@pytest.mark.parametrize(
    ("flips", "sides"),
    [
        (["1s"], ["new"]),
        (["1s", "2s", "3s"], ["new", "old", "new"]),
        (["1s", "2s", "3s", "4s", "5s"], ["new", "old", "new", "old", "new"]),
    ],
)
def test_the_endpoint_goes_back_and_forth_and_ends_at_the_new_writer(flips, sides):
    dns = [[flip, flip] for flip in flips]
    points = [step for step in steps_of(FAILOVER | {"dns": dns}) if step.action == "point"]
    assert [step.instance for step in points] == sides
    assert [step.at for step in points] == [1.0 + number for number in range(1, len(flips) + 1)]


def test_a_small_new_writer_is_slow_until_it_has_grown():
    table = FAILOVER | {"small": "20ms", "growth": "3s"}
    (promoted,) = (step for step in steps_of(table) if step.action == "promote")
    assert (promoted.small, promoted.growth) == (0.02, 3.0)


def test_the_seed_decides_every_moment():
    table = {name: ["1s", "2s"] for name in FAILOVER}
    assert steps_of(table, 1) == steps_of(table, 1)
    assert {step.at for step in steps_of(table, 1)}.isdisjoint(
        step.at for step in steps_of(table, 2)
    )
    ats = [step.at for step in steps_of(table, 3)]
    assert ats == sorted(ats)


def test_a_crash_takes_as_long_as_a_restart_in_place_of_the_run_or_as_the_shipped_one():
    own = parse_profile("own", {"refused": "777ms"})
    assert restart_of(own, 1) == 0.777
    moving = parse_profile("own", FAILOVER)
    assert restart_of(moving, 1) == restart_of(moving, 1) != 2.0
    assert len({restart_of(moving, seed) for seed in range(20)}) > 1


def test_readers_lag_by_what_the_profile_says():
    assert replica_lag_of(parse_profile("own", {"refused": "1s", "replica_lag": "20ms"}), 7) == 0.02
