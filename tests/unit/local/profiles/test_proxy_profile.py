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


@pytest.mark.parametrize("field", ["onset", "refused", "promotion", "dns", "proxy_hold"])
def test_every_duration_may_have_a_shape(field):
    parts = [{"share": 0.2, "range": ["1s", "2s"]}, {"share": 0.8, "range": ["6s", "10s"]}]
    found = getattr(parse_profile("own", {**TABLE, field: parts}), field)
    shape, chance = found[0] if field == "dns" else found, random.Random(1)

    samples = [shape.sample(chance) for _ in range(2000)]

    assert all(1 <= one <= 2 or 6 <= one <= 10 for one in samples)
    assert 0.17 < sum(one <= 2 for one in samples) / len(samples) < 0.23
    assert (shape.low, shape.high) == (1.0, 10.0)


def test_flips_and_flops_may_have_shapes():
    parts = [{"share": 0.5, "range": "1s"}, {"share": 0.5, "range": "2s"}]

    flips = parse_profile("own", {**TABLE, "dns": [parts, ["3s", "4s"], ["5s", "6s"]]}).dns

    assert [(flip.low, flip.high) for flip in flips] == [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("proxy_hold", [{"share": 0.5, "range": "1s"}], "must add up to 1"),
        (
            "proxy_hold",
            [{"share": 1.5, "range": "1s"}, {"share": -0.5, "range": "1s"}],
            "no number",
        ),
        ("refused", [{"share": "half", "range": "1s"}], "no number"),
        ("onset", [{"share": float("nan"), "range": "1s"}], "no number"),
        ("promotion", [{"share": 1}], "no list of"),
        ("proxy_hold", [{"share": 1, "hold": "1s"}], "no list of"),
        ("dns", [{"share": 1, "range": ["2s", "1s"]}], "ends before it begins"),
        ("dns", [{"share": 1, "range": "1s"}, "2s"], "no list of"),
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
