"""From what trials measured to a profile that can be replayed."""

import pytest

from pytest_rdsfailover.local.profiles.profiles import load_profile
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
        "valid": True, "endpoint": "writer", "resolution_s": 0.004, "outages": [],
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
    ],
)
def test_the_errors_tell_how_sessions_ended_and_how_readers_refuse(replayed, errors, cut, code):
    profile = replayed(trial(errors=errors))

    assert (profile.cut, profile.read_only_error) == (cut, code)


def test_through_a_proxy_the_hold_counts_from_the_promotion():
    found = measure(trial(endpoint="proxy", outages=[{"stop_s": 2.7}]))

    assert found is not None
    assert found.hold == pytest.approx(0.7)
    assert measure(trial(endpoint="proxy")).hold == 0.0


def test_an_invalid_trial_is_not_recorded():
    assert measure(trial(valid=False)) is None
    with pytest.raises(NothingRecordedError, match="none of 1 trials"):
        profile_text([trial(valid=False)], source="a test")
    with pytest.raises(NothingRecordedError):
        profile_text([], source="a test")
    with pytest.raises(NothingRecordedError):
        profile_text([trial(milestones={"writer_cut": 1.0, "promoted": 2.0})], source="a test")
