"""From what trials measured to a profile that can be replayed."""

import random

import pytest

from pytest_rdsfailover.local.profiles.choreography import choreography
from pytest_rdsfailover.local.profiles.profiles import load_profile, shipped
from pytest_rdsfailover.local.profiles.recorder import NothingRecordedError, measure, profile_text
from pytest_rdsfailover.local.profiles.shapes import between

USUAL = {"writer_cut": 0.3, "promoted": 2.0, "old_writer_back": 1.8, "dns_flip": 4.3}


def trial(errors=((2006, "reset", 8), (1836, "read-only", 5)), **changes):
    milestones = [{"name": "trigger", "at_s": 0.0}]
    for name, at in changes.pop("milestones", USUAL).items():
        milestones += [
            {"name": name, "at_s": each} for each in (at if isinstance(at, list) else [at])
        ]
    return {
        "valid": True, "endpoint": "writer", "profile": "quick", "resolution_s": 0.004, "outages": [],
        "errors": [{"code": c, "kind": k, "count": n} for c, k, n in errors],
        "milestones": milestones,
    } | changes  # fmt: skip


@pytest.fixture
def replayed(tmp_path):
    """Write the profile of some trials to a file, and read it as --rds-profile does."""

    def read(*trials):
        path = tmp_path / "recorded.toml"
        path.write_text(profile_text(trials, source="a test"))
        return load_profile(str(path))

    return read


def outage(start, stop):
    return {"start_s": start, "stop_s": stop, "seconds": stop - start}


def hold(**changes):
    """Return the hold of a trial by the proxy."""
    return measure(trial(endpoint="proxy", **changes)).hold


def test_one_trial_gives_back_its_own_durations(replayed):
    profile = replayed(trial())

    assert profile.onset == between(0.3, 0.3)
    assert profile.refused == between(1.5, 1.5)
    assert profile.promotion == between(1.7, 1.7)
    assert profile.dns == (between(4.0, 4.0),)
    assert (profile.cut, profile.read_only_error) == ("reset", 1836)


def test_several_trials_give_ranges(replayed):
    later = USUAL | {"promoted": 3.0, "dns_flip": 9.3, "writer_cut": 0.3}
    profile = replayed(trial(), trial(milestones=later), trial())

    assert profile.promotion == between(1.7, 2.7)
    assert profile.dns == (between(4.0, 9.0),)
    assert "3 trials" in profile.about


def test_flips_and_flops_are_kept_in_order_without_overlap(replayed):
    profile = replayed(
        trial(milestones=USUAL | {"dns_flip": [1.3, 2.0, 3.3]}),
        trial(milestones=USUAL | {"dns_flip": [2.3, 2.8, 4.3]}),
        trial(),
    )
    assert [(span.low, span.high) for span in profile.dns] == [(1.0, 2.0), (2.0, 2.5), (3.0, 4.0)]


def test_a_crash_in_place_promotes_nobody(replayed):
    profile = replayed(trial(milestones={"writer_cut": 0.1, "old_writer_back": 4.1}))

    assert profile.promotion is None
    assert profile.dns == ()
    assert profile.refused == between(4.0, 4.0)


@pytest.mark.parametrize(
    ("errors", "cut", "code"),
    [
        ([(2006, "reset", 8), (2013, "reset", 3)], "reset", 1836),
        ([(2013, "reset", 3)], "reset", 1836),
        ([(2013, "reset", 9)], "close", 1836),
        ([(2013, "timeout", 30), (2013, "reset", 3)], "hang", 1836),
        ([(1290, "read-only", 9), (1836, "read-only", 1)], "reset", 1290),
        ([], "reset", 1836),
        ([(2013, "reset", 5)], "close", 1836),
        ([(2013, "reset", 4)], "reset", 1836),
        ([(2013, "timeout", 30)], "hang", 1836),
        ([(2013, "timeout", 5), (2003, "refused", 5)], "reset", 1836),
        ([(2013, "timeout", 5), (2003, "refused", 4)], "hang", 1836),
        ([(2013, "timeout", 9), (2006, "reset", 5), (2003, "refused", 5)], "reset", 1836),
        ([(2013, "other", 9)], "reset", 1836),
        ([(2013, "server", 9)], "close", 1836),
        ([(1105, "server", 9)], "reset", 1836),
        ([(1290, "read-only", 2), (1836, "read-only", 2)], "reset", 1836),
        ([(1290, "other", 9)], "reset", 1836),
    ],
)
def test_the_errors_tell_how_sessions_ended_and_how_readers_refuse(replayed, errors, cut, code):
    profile = replayed(trial(errors=errors))

    assert (profile.cut, profile.read_only_error) == (cut, code)


def test_through_a_proxy_the_hold_counts_from_the_promotion():
    outages = [outage(0.3, 2.7)]
    assert hold(outages=outages) == pytest.approx(0.7)
    assert hold() == 0.0
    assert hold(outages=[*outages, outage(5.0, 5.08)]) == pytest.approx(0.7)  # a blip, later
    assert hold(outages=[outage(0.1, 0.2), outage(5.0, 5.08)]) == 0.0
    assert hold(outages=[outage(0.3, 9.0) | {"open": True}]) is None  # nobody saw its end
    assert measure(trial(outages=outages)).hold is None


def test_where_the_cluster_tells_the_hold_no_outage_is_asked():
    told = USUAL | {"proxy_follow": 2.5}
    assert hold(milestones=told, outages=[outage(0.3, 3.9)]) == pytest.approx(0.5)
    assert measure(trial(milestones=told)).hold == pytest.approx(0.5)


def test_after_a_crash_the_hold_counts_from_the_restart(replayed):
    crash = {"writer_cut": 0.1, "instance_back": 4.1}
    crashed = trial(endpoint="proxy", milestones=crash, outages=[outage(0.1, 4.4)])

    assert replayed(crashed).proxy_hold == between(0.3, 0.3)


def test_what_clients_of_the_proxy_meet_tells_not_how_sessions_ended(replayed):
    waits = trial(endpoint="proxy", errors=[(2013, "timeout", 300), (1290, "read-only", 50)])

    assert replayed(waits).cut == "reset"
    both = replayed(waits, trial())
    assert (both.cut, both.read_only_error) == ("reset", 1836)
    assert replayed(trial(endpoint="proxy", errors=[(1105, "server", 3)])).proxy_connect == "error"
    assert replayed(trial(errors=[(1105, "server", 3)])).proxy_connect == "accept"


def test_trials_of_several_profiles_are_no_profile():
    with pytest.raises(NothingRecordedError, match=r"several profiles \(aurora, quick\)"):
        profile_text([trial(), trial(profile="aurora")], source="a test")


def test_two_kinds_of_holds_are_kept_apart_with_their_shares(replayed):
    seen = [trial(milestones=USUAL | {"proxy_follow": 2.0 + each}) for each in (0, 0, 0, 1, 1)]
    profile = replayed(*seen)

    assert [(share, span.low, span.high) for share, span in profile.proxy_hold.spans] == [
        (0.6, 0.0, 0.0), (0.4, 1.0, 1.0),
    ]  # fmt: skip
    few = replayed(*(trial(milestones=USUAL | {"proxy_follow": 2.0 + each}) for each in (0, 1)))
    assert few.proxy_hold == between(0.0, 1.0)


MILESTONES = {
    "promote": "promoted", "point": "dns_flip", "back": "old_writer_back", "follow": "proxy_follow",
}  # fmt: skip


def played(profile, seed, *, is_live, endpoint):
    """Return the trial of a failover as sampled, with a blip long after it.

    A real cluster does not tell when its proxy serves again; the outage does.
    """
    steps = choreography(profile, writer="a", target="b", seed=seed)
    milestones = {"writer_cut": min(step.at for step in steps if step.action == "cut")}
    for step in steps:
        name = MILESTONES.get(step.action)
        if name is not None and not (is_live and name == "proxy_follow"):
            milestones.setdefault(name, []).append(step.at)
    serves = next(step.at for step in steps if step.action == "follow")
    direct = max(step.at for step in steps if step.action != "follow")
    end = serves if endpoint == "proxy" else direct
    errors = {
        "reset": [(2006, "reset", 8)], "close": [(2013, "reset", 9)], "hang": [(2013, "timeout", 9)],
        "keep": [(2013, "timeout", 9), (1105, "server", 4)],
    }[profile.cut if endpoint == "writer" else "hang"]  # fmt: skip
    refused = profile.proxy_connect == "error" and endpoint == "proxy"
    return trial(
        errors=[
            *errors, (profile.read_only_error, "read-only", 5), *[(1105, "server", 5)] * refused,
        ],
        endpoint=endpoint, profile=profile.name, milestones=milestones,
        outages=[outage(milestones["writer_cut"], end), outage(end + 5, end + 5.08)],
    )  # fmt: skip


@pytest.mark.parametrize("is_live", [False, True], ids=["local", "live"])
@pytest.mark.parametrize("endpoint", ["writer", "proxy"])
@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_is_recorded_within_itself(replayed, name, endpoint, is_live):
    own = load_profile(name)
    seen = [played(own, seed, is_live=is_live, endpoint=endpoint) for seed in range(20)]
    found = replayed(*seen)

    resolution = 0.004 + 0.001  # of a trial, and of what is written
    spans = [("onset", own.onset, found.onset), ("refused", own.refused, found.refused)]
    if own.promotion is not None:
        spans.append(("promotion", own.promotion, found.promotion))
        assert found.read_only_error == own.read_only_error
    spans += [(f"dns {at}", *each) for at, each in enumerate(zip(own.dns, found.dns, strict=True))]
    if endpoint == "proxy" or not is_live:
        spans.append(("proxy_hold", own.proxy_hold, found.proxy_hold))
    for what, before, after in spans:
        assert before.low - resolution <= after.low <= after.high <= before.high + resolution, what
    # Nothing is replayed that the profile itself would never do.
    chance = random.Random(1)
    for _ in range(20):
        hold = found.proxy_hold.sample(chance)
        inside = (span.low - resolution <= hold <= span.high + resolution
                  for _, span in own.proxy_hold.spans)  # fmt: skip
        assert any(inside) or (endpoint == "writer" and is_live)
    if endpoint == "writer":
        assert found.cut == own.cut
    else:
        assert found.proxy_connect == own.proxy_connect


def test_an_invalid_trial_is_not_recorded():
    assert measure(trial(valid=False)) is None
    with pytest.raises(NothingRecordedError, match="none of 1 trials"):
        profile_text([trial(valid=False)], source="a test")
    with pytest.raises(NothingRecordedError):
        profile_text([], source="a test")
    with pytest.raises(NothingRecordedError):
        profile_text([trial(milestones={"writer_cut": 1.0, "promoted": 2.0})], source="a test")


PLACE = {"writer_cut": 0.1, "old_writer_back": 4.1}


@pytest.mark.parametrize(
    ("errors", "cut"),
    [
        ([(1105, "server", 1)], "keep"),
        ([(1105, "server", 1), (2013, "timeout", 9)], "keep"),
        ([(1105, "server", 9), (2006, "reset", 1)], "reset"),
        ([(1105, "server", 9), (2003, "refused", 1)], "reset"),
        ([(1105, "server", 9), (2006, "reset", 1), (2003, "refused", 1)], "reset"),
        ([(1105, "other", 9)], "reset"),
        ([], "reset"),
    ],
)
def test_only_a_restart_in_place_whose_sessions_learn_of_it_keeps_them(replayed, errors, cut):
    assert replayed(trial(errors=errors, milestones=PLACE)).cut == cut


def test_errors_of_all_trials_count_together(replayed):
    half = trial(errors=[(2013, "reset", 3)])
    assert replayed(half, half).cut == "close"


def test_what_was_measured_counts_from_the_first_cut_and_is_never_before_it():
    early = {
        "writer_cut": [0.3, 0.9],
        "promoted": 0.2,
        "old_writer_back": 0.1,
        "dns_flip": [2.3, 0.2],
    }
    found = measure(trial(milestones=early))
    assert (found.onset, found.refused, found.promotion, found.hold) == (0.3, 0.0, 0.0, None)
    assert found.flips == pytest.approx((0.0, 2.0))
    assert measure(trial(milestones=USUAL | {"writer_cut": -0.1})).onset == 0.0
    assert measure(trial(milestones=USUAL | {"proxy_follow": 1.9})).hold == 0.0
    assert measure(trial(milestones={"promoted": 1.0})) is None


def test_what_was_not_seen_is_none_and_a_promotion_has_no_other_return():
    cut = {"writer_cut": 0.3}
    found = measure(trial(milestones=cut | {"proxy_follow": 1.0}))
    assert (found.refused, found.promotion, found.flips, found.hold) == (None, None, (), None)
    promoted = measure(trial(milestones=cut | {"promoted": 1.3, "instance_back": 2.3}))
    assert (promoted.refused, promoted.promotion) == (None, 1.0)
    both = measure(trial(milestones=cut | {"old_writer_back": 1.3, "instance_back": 2.3}))
    assert both.refused == 1.0


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([(1.9, 2.0)], 0.0),
        ([(1.9, 1.999)], 0.0),
        ([(2.004, 3.0)], 1.0),
        ([(2.005, 3.0)], 0.0),
        ([(0.3, 2.5), (1.0, 3.0)], 1.0),
    ],
)
def test_the_outage_of_the_moment_of_the_promotion_is_the_hold(spans, found):
    outages = [outage(*span) for span in spans]
    assert hold(outages=outages) == pytest.approx(found)


def test_an_outage_that_nobody_saw_the_end_of_at_that_very_moment_tells_no_hold():
    assert hold(outages=[outage(0.3, 2.0) | {"open": True}]) is None
    assert hold(outages=[outage(0.3, 2.0)]) == 0.0


def test_what_took_no_time_is_recorded_as_that(replayed):
    at_once = dict.fromkeys(USUAL, 0.25) | {"dns_flip": 1.25}
    found = replayed(trial(milestones=at_once))
    assert (found.refused, found.promotion) == (between(0.0, 0.0), between(0.0, 0.0))


def test_a_gap_of_four_times_the_wider_span_parts_nothing(replayed):
    exact = USUAL | {"writer_cut": 0.25, "old_writer_back": 1.0}
    holds = (2.0, 2.125, 2.625, 2.75)
    seen = [trial(milestones=exact | {"proxy_follow": each}) for each in holds]
    assert replayed(*seen).proxy_hold == between(0.0, 0.75)


def test_an_outage_without_an_end_elsewhere_says_nothing_of_the_hold():
    assert hold(outages=[outage(0.3, 2.7), outage(5.0, 9.0) | {"open": True}]) == pytest.approx(0.7)


def test_a_restart_in_place_is_left_out_if_others_promoted_and_so_is_what_has_no_flip(replayed):
    stuck = {name: at for name, at in USUAL.items() if name != "dns_flip"} | {"promoted": 9.0}
    profile = replayed(trial(), trial(milestones=PLACE), trial(milestones=stuck))
    assert profile.promotion == between(1.7, 1.7)
    assert "Recorded from 1 trials, a test; downtimes to 0.004 s." in profile.about
    with pytest.raises(NothingRecordedError):
        profile_text([trial(milestones=stuck)], source="a test")


def test_the_resolution_is_the_worst_of_valid_trials(replayed):
    trials = [trial(), trial(resolution_s=0.02), trial(resolution_s=0.5, valid=False)]
    assert "downtimes to 0.020 s" in replayed(*trials).about


def test_no_hold_that_was_not_seen_is_recorded():
    text = profile_text([trial()], source="a test")
    assert "proxy_" not in text
    assert "read_only" not in profile_text([trial(milestones=PLACE)], source="a test")


def follows(*holds):
    return [trial(milestones=USUAL | {"proxy_follow": 2.0 + each}) for each in holds]


@pytest.mark.parametrize(
    ("holds", "parts"),
    [
        ((0.0, 0.1, 0.51, 0.6), 2),  # a gap more than four times as wide as either span
        ((0.0, 0.1, 0.5, 0.6), 1),
        ((0.0, 0.0, 1.0, 1.5), 1),
        ((0.0, 0.0, 1.0), 1),
        ((1.0, 0.0, 0.0, 1.0), 2),
        ((0.0, 1.0, 1.0), 1),
        ((0.0, 0.0, 0.0), 1),
        ((0.5,), 1),
        ((0.0, 0.0, 0.1, 0.1, 2.0, 2.0), 2),
    ],
)
def test_holds_are_of_two_kinds_only_if_a_wide_gap_parts_those_seen_often(replayed, holds, parts):
    found = replayed(*follows(*holds)).proxy_hold
    assert len(found.spans) == parts
    assert (found.low, found.high) == pytest.approx((min(holds), max(holds)))


def test_the_shares_of_two_kinds_are_how_often_each_was_seen(replayed):
    found = replayed(*follows(0.0, 0.0, 0.0, 0.1, 2.0, 2.0)).proxy_hold
    assert [(share, span.low, span.high) for share, span in found.spans] == [
        (0.6667, 0.0, 0.1), (0.3333, 2.0, 2.0),
    ]  # fmt: skip


def flips(*trials):
    return [
        trial(milestones=USUAL | {"writer_cut": 0.0, "dns_flip": list(each)}) for each in trials
    ]


@pytest.mark.parametrize(
    ("seen", "dns"),
    [
        ([[1, 2]], [(2, 2)]),  # no whole flip: the last one is all that is known
        ([[1, 2], [3, 5]], [(2, 5)]),
        ([[1], [1, 2]], [(1, 1)]),
        ([[1], [3], [1, 2, 4]], [(1, 4)]),
        ([[1, 2, 4], [2, 3, 5], [3]], [(1, 2), (2, 3), (4, 5)]),
        ([[1, 2, 3], [5, 6, 7], [1]], [(1, 5), (5, 6), (6, 7)]),
        ([[0.5, 0.625, 0.75]], [(0.5, 0.5), (0.625, 0.625), (0.75, 0.75)]),
        ([[1, 2, 3], [1, 2, 3], [9, 9]], [(1, 1), (2, 2), (3, 3)]),
    ],
)
def test_flips_are_those_of_the_most_frequent_odd_count(replayed, seen, dns):
    found = replayed(*flips(*seen)).dns
    assert [(flip.low, flip.high) for flip in found] == dns


def test_which_read_only_error_it_was_is_asked_of_the_proxys_clients_if_of_nobody_else(replayed):
    proxied = trial(endpoint="proxy", errors=[(1290, "read-only", 9)])
    assert replayed(proxied).read_only_error == 1290
    assert replayed(proxied, trial()).read_only_error == 1836
