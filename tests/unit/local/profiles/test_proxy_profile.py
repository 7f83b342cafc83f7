import random

import pytest

from pytest_rdsfailover.local.gateway.proxy.stats import Pin
from pytest_rdsfailover.local.profiles.choreography import choreography
from pytest_rdsfailover.local.profiles.profiles import load_profile, parse_profile
from pytest_rdsfailover.local.rds_proxy import pin_lines
from pytest_rdsfailover.model.errors import SettingError

TABLE = {"refused": "1s", "promotion": "2s", "dns": "3s", "onset": "100ms"}


def steps_of(**more):
    profile = parse_profile("own", {**TABLE, **more})
    return choreography(profile, writer="instance-1", target="instance-2", seed=1)


def test_the_proxy_queues_from_the_cut_until_its_hold_after_the_promotion():
    steps = {step.action: step for step in steps_of(proxy_hold="500ms")}

    assert steps["hold"].at == steps["cut"].at == pytest.approx(0.1)
    assert steps["follow"].at == pytest.approx(2.6)
    assert (steps["hold"].how, steps["follow"].instance) == ("accept", "instance-2")


def test_it_queues_before_anybody_is_cut():
    actions = [step.action for step in steps_of(proxy_connect="error")]

    assert actions[:3] == ["hold", "cut", "cut"]


def test_after_a_crash_it_goes_back_to_the_same_writer():
    profile = parse_profile("own", {"refused": "4s", "proxy_hold": "1s"})

    (*_, last) = choreography(profile, writer="instance-1", target="instance-2", seed=1)

    assert (last.action, last.at, last.instance) == ("follow", pytest.approx(5.0), "instance-1")


def test_alternatives_come_up_by_their_shares():
    hold, chance = load_profile("article").proxy_hold, random.Random(1)

    found = [hold.sample(chance) for _ in range(2000)]

    assert set(found) == {0.0, 1.0}
    assert 0.25 < sum(found) / len(found) < 0.35


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("proxy_hold", [{"share": 0.5, "hold": "1s"}], "must add up to 1"),
        ("proxy_hold", [{"share": "half"}], "no list of"),
        ("proxy_hold", 3, "no duration"),
        ("proxy_connect", "maybe", "accept, error"),
    ],
)
def test_what_makes_no_sense_is_refused(field, value, words):
    with pytest.raises(SettingError, match=words):
        parse_profile("own", {**TABLE, field: value})


def test_a_timeline_has_a_line_for_each_reason_to_pin():
    pins = [
        Pin(session=n, user="app", reason=reason, statement=sql, at=10.0 + n, endpoint="proxy")
        for n, (reason, sql) in enumerate(
            [("user variable", "SET @a\n = 1"), ("GET_LOCK", "DO 1"), ("user variable", "SET @b")]
        )
    ]

    assert pin_lines(pins, zero=9.0) == [
        "pinned: 2x user variable, first at 1.000 s by session 0: SET @a = 1",
        "pinned: 1x GET_LOCK, first at 2.000 s by session 1: DO 1",
    ]
