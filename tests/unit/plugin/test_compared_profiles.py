"""Profiles are held to the baseline as it is now, which is read once as long as nobody changes it."""

import json

import pytest

from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.compared_profiles import check_profile
from pytest_rdsfailover.report import baseline

SETTINGS = Settings(compare="main.json")


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Return what saves a baseline whose only trial played a profile; and which ones were read."""
    read = []

    def parsed(path):
        read.append(path)
        return json.loads(path.read_text())

    def save(fingerprint):
        trials, loads = [{"profile": "quick"}], [{"profile": fingerprint}]
        kept = {"document": {"trials": trials}, "loads": loads}
        (tmp_path / "main.json").write_text(json.dumps(kept))

    monkeypatch.setattr(baseline, "read", parsed)
    save.read = read
    return save


def test_a_second_run_in_one_process_sees_the_baseline_that_the_first_has_saved(save, tmp_path):
    save("what it said then")
    with pytest.raises(SettingError, match="the profile quick says something else"):
        check_profile(SETTINGS, "quick", tmp_path)

    save(load_profile("quick").fingerprint)
    assert check_profile(SETTINGS, "quick", tmp_path).name == "quick"


def test_a_baseline_that_nobody_changes_is_read_once(save, tmp_path):
    save(load_profile("quick").fingerprint)
    for _ in range(3):
        check_profile(SETTINGS, "quick", tmp_path)

    assert len(save.read) == 1


def test_a_baseline_that_is_not_there_is_refused_with_why(tmp_path):
    with pytest.raises(SettingError, match=r"main\.json"):
        check_profile(SETTINGS, "quick", tmp_path)


@pytest.mark.parametrize(
    ("loads", "anyway"), [([{}], False), ([{"profile": "what it said then"}], True)]
)
def test_a_baseline_that_does_not_tell_or_need_not_be_the_same_refuses_nothing(
    monkeypatch, tmp_path, loads, anyway
):
    kept = {"document": {"trials": [{"profile": "quick"}]}, "loads": loads}
    monkeypatch.setattr(baseline, "read", lambda _: kept)
    settings = Settings(compare="other.json", compare_anyway=anyway)

    assert check_profile(settings, "quick", tmp_path).name == "quick"
    assert check_profile(settings, "aurora", tmp_path).name == "aurora"
