import random

import pytest

from pytest_rdsfailover.local.profiles.choreography import replica_lag_of
from pytest_rdsfailover.local.profiles.profiles import load_profile, parse_profile, shipped
from pytest_rdsfailover.local.profiles.shapes import between
from pytest_rdsfailover.local.profiles.switchovers import load_switchover
from pytest_rdsfailover.model.errors import SettingError

CRASH = {"refused": "1s"}
FAILOVER = {"refused": "1s", "promotion": "2s", "dns": "3s"}


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_is_possible_and_says_what_it_is(name):
    profile = load_profile(name)

    assert profile.about.endswith(".")


def test_the_profiles_that_the_documents_promise_are_there():
    assert set(shipped()) >= {"quick", "aurora", "flip-flop", "host-loss", "crash", "stuck-pool"}


def test_quick_is_over_within_600_ms():
    quick = load_profile("quick")
    longest = max(quick.refused.high, quick.promotion.high, *(flip.high for flip in quick.dns))

    assert quick.onset.high + longest <= 0.6


def test_a_wrong_name_gets_the_near_match_and_the_list():
    with pytest.raises(SettingError, match=r"did you mean 'aurora'.*flip-flop"):
        load_profile("auorra")


def test_a_user_s_file_is_a_profile_named_after_it(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text('refused = "1s"\npromotion = ["1s", "2s"]\ndns = [["2s", "3s"]]\ncut = "close"')

    profile = load_profile(str(path))

    assert (profile.name, profile.cut) == ("ours", "close")
    assert profile.dns == (between(2.0, 3.0),)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(None, "cannot be read"), ("refused = ", "no TOML"), ("cut = 'reset'", "lacks the field")],
)
def test_an_unusable_file_says_why(tmp_path, text, complaint):
    path = tmp_path / "ours.toml"
    if text is not None:
        path.write_text(text)

    with pytest.raises(SettingError, match=complaint):
        load_profile(str(path))


def test_a_file_that_is_no_text_is_no_profile(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingError, match="no TOML"):
        load_profile(str(path))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"refuse": "1s"}, "did you mean 'refused'"),
        ({"cut": "explode"}, "reset, close, hang"),
        ({"refused": "1"}, "not a duration"),
        ({"refused": ["3s", "1s"]}, "ends before it begins"),
        ({"refused": 3}, "no duration"),
        ({"small": "1s"}, "needs `promotion`, and `growth`"),
        ({"read_only_error": 1792}, "1290 or 1836"),
        ({"dns": []}, "odd count"),
        ({"dns": [["1s", "2s"], ["3s", "4s"]]}, "odd count"),
        ({"dns": [["1s", "2s"], ["1.5s", "4s"], ["5s", "6s"]]}, "overlap"),
    ],
)
def test_an_impossible_failover_is_refused(change, complaint):
    with pytest.raises(SettingError, match=complaint):
        parse_profile("ours", FAILOVER | change)


def test_a_crash_has_nobody_to_promote_and_no_dns_to_flip():
    assert not parse_profile("ours", CRASH).moves_writer
    with pytest.raises(SettingError, match="nobody to point at"):
        parse_profile("ours", CRASH | {"dns": "1s"})


def test_a_sample_lies_in_its_span_and_follows_the_seed():
    span = between(1.0, 3.0)
    samples = [span.sample(random.Random(seed)) for seed in range(50)]

    assert all(1.0 <= sample <= 3.0 for sample in samples)
    assert len(set(samples)) == 50
    assert samples[7] == span.sample(random.Random(7))


@pytest.mark.parametrize("load", [load_profile, load_switchover])
def test_a_number_without_end_is_refused_in_our_own_words(tmp_path, load):
    path = tmp_path / "long.toml"
    path.write_text(f"onset = {'1' * 5000}")

    with pytest.raises(SettingError, match="it holds a number of more than 4300 digits") as caught:
        load(str(path))
    assert "sys." not in str(caught.value)


def test_the_seed_decides_how_far_the_readers_of_a_run_lag():
    profile = parse_profile("own", {"refused": "4s", "replica_lag": ["20ms", "90ms"]})
    lags = {replica_lag_of(profile, seed) for seed in range(20)}
    assert len(lags) > 1
    assert all(0.02 <= lag <= 0.09 for lag in lags)
    assert replica_lag_of(profile, 3) == replica_lag_of(profile, 3)
    assert replica_lag_of(load_profile("quick"), 3) == 0
