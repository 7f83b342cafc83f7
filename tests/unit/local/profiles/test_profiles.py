import random

import pytest

from pytest_rdsfailover.local.profiles.choreography import replica_lag_of
from pytest_rdsfailover.local.profiles.profiles import (
    Profile,
    load_profile,
    parse_profile,
    shipped,
)
from pytest_rdsfailover.local.profiles.shapes import between, shape
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
        ({"cut": "keep"}, "'keep'; only a restart in place"),
        ({"small": "1s", "growth": "0s"}, "needs `promotion`, and `growth`"),
        ({"dns_ttl": "soon"}, "profile 'ours': .*soon"),
        ({"zzz": 1}, "unknown field 'zzz'; known: about, cut, dns, "),
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


def test_what_a_profile_leaves_out_is_usual():
    usual, none = parse_profile("ours", FAILOVER), between(0.0, 0.0)
    assert (usual.about, usual.cut, usual.read_only_error) == ("", "reset", 1836)
    assert (usual.dns_ttl, usual.proxy_connect) == (0.0, "accept")
    for each in ("onset", "proxy_hold", "replica_lag", "small", "growth"):
        assert getattr(usual, each) == none


def test_every_field_is_taken_as_it_is_written():
    durations = {name: f"{number}s" for number, name in enumerate(
        ("onset", "refused", "promotion", "dns", "proxy_hold", "replica_lag", "small", "growth"), 1
    )}  # fmt: skip
    words = {"about": "So.", "cut": "hang", "read_only_error": 1290, "proxy_connect": "error"}
    found = parse_profile("ours", durations | words | {"dns_ttl": "9s"})
    for number, name in enumerate(durations, 1):
        one = between(number, number)
        assert getattr(found, name) == ((one,) if name == "dns" else one)
    assert {name: getattr(found, name) for name in words} == words
    assert (found.name, found.dns_ttl, found.moves_writer) == ("ours", 9.0, True)


def test_a_profile_of_the_same_contents_is_the_same_failover_whatever_it_is_called():
    one, other = parse_profile("a", FAILOVER | {"about": "x"}), parse_profile("b", FAILOVER)
    assert one.contents == other.contents
    assert one.fingerprint == other.fingerprint
    assert len(one.fingerprint) == 12
    assert one.fingerprint != parse_profile("a", FAILOVER | {"dns": "4s"}).fingerprint
    assert {"name", "about"} & one.contents.keys() == set()


def test_what_is_wrong_is_told_once_with_the_name_of_the_profile():
    for change in ({"cut": "explode"}, {"refused": "1"}, {"dns_ttl": "x"}):
        with pytest.raises(SettingError) as caught:
            parse_profile("ours", FAILOVER | change)
        assert str(caught.value).count("profile 'ours'") == 1


def test_a_profile_made_without_a_file_is_as_usual():
    made = Profile(
        name="a", about="", onset=between(0, 0), cut="reset", refused=between(1, 1), promotion=None,
        dns=(), read_only_error=1836,
    )  # fmt: skip
    assert made.contents == parse_profile("ours", CRASH).contents


def test_flips_may_touch_and_a_crash_is_small_never():
    touching = [["1s", "2s"], ["2s", "4s"], ["4s", "6s"]]
    assert len(parse_profile("ours", FAILOVER | {"dns": touching}).dns) == 3
    with pytest.raises(SettingError, match="needs `promotion`"):
        parse_profile("ours", CRASH | {"small": "1s", "growth": "1s"})


def test_a_shape_reaches_from_its_shortest_to_its_longest_span():
    parts = [{"share": 0.25, "range": ["4s", "5s"]}, {"share": 0.5, "range": "1s"},
             {"share": 0.25, "range": ["2s", "9s"]}]  # fmt: skip
    found = shape(parts)
    assert (found.low, found.high) == (1.0, 9.0)
    assert [(share, span.low, span.high) for share, span in found.spans] == [
        (0.25, 4.0, 5.0), (0.5, 1.0, 1.0), (0.25, 2.0, 9.0),
    ]  # fmt: skip
    chance = random.Random(1)
    samples = [found.sample(chance) for _ in range(500)]
    assert 0.4 < sum(sample == 1.0 for sample in samples) / 500 < 0.6


def test_one_span_spends_no_chance_on_its_share():
    one, other = random.Random(3), random.Random(3)
    assert between(1.0, 2.0).sample(one) == other.uniform(1.0, 2.0)


@pytest.mark.parametrize(
    "shares", [[1], [1.0, 0], [0.5, 0.5], [0.3333333, 0.6666667], [0.1] * 10, [0.5, 0.5000009]]
)
def test_shares_from_nothing_to_all_add_up_but_for_rounding(shares):
    found = shape([{"share": share, "range": "1s"} for share in shares])
    assert [share for share, _ in found.spans] == shares


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([{"share": 0.5, "range": "1s"}, {"share": 0.4999, "range": "1s"}], "add up to 1"),
        ([{"share": 0.5, "range": "1s"}, {"share": 0.5001, "range": "1s"}], "add up to 1"),
        ([{"share": 1.1, "range": "1s"}, {"share": -0.1, "range": "1s"}], "from 0 to 1"),
        ([{"share": "1", "range": "1s"}], "from 0 to 1"),
        ([{"share": 1.1, "range": "1s"}, {"share": 0, "range": "1s"}], "from 0 to 1"),
        ([{"share": 1, "range": "1s", "x": 1}], "is no list of"),
        (["1s", {"share": 1, "range": "1s"}], "is no list of"),
        ([], "no duration"),
        (["1s"], "no duration"),
        (["1s", "2s", "3s"], "no duration"),
        ([1, "2s"], "no duration"),
        (None, "no duration"),
    ],
)
def test_what_is_no_shape_is_refused(value, said):
    with pytest.raises(SettingError, match=said):
        shape(value)


def test_both_ends_of_a_span_may_be_one():
    assert shape(["2s", "2s"]) == shape("2s") == between(2.0, 2.0)


def test_a_file_of_more_than_a_megabyte_is_not_read(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text('refused = "1s"\n')
    assert load_profile(str(path)).name == "long"
    with path.open("a") as file:
        file.write("#" * (1 << 20))
    with pytest.raises(SettingError, match="the failover profile "):
        load_profile(str(path))


def test_a_name_like_none_gets_the_list_alone_and_a_shipped_one_wins_over_a_file(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick").write_text("")
    assert load_profile("quick").about
    with pytest.raises(SettingError, match=r"no failover profile 'zzzzzz'; choose one of .*quick"):
        load_profile("zzzzzz")
