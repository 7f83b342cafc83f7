"""What all options of a run mean together, and which of them contradict each other."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.options import LIVE_OPTIONS
from pytest_rdsfailover.plugin import option_values
from pytest_rdsfailover.plugin.option_values import read
from pytest_rdsfailover.plugin.options import SEED

LIVE = {
    "rds_live": "yes", "rds_cluster": "orders", "rds_account": "111122223333",
    "rds_region": "eu-west-1", "rds_schema": "failover",
}  # fmt: skip


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Return the settings that a command line, an ini file and a controller lead to."""
    for option in option_values.OPTIONS:
        monkeypatch.delenv(option.dest.upper(), raising=False)
    monkeypatch.chdir(tmp_path)

    def made(line=(), ini=(), **more):
        line, ini = {**dict(line), "inifilename": "pytest.ini"}, dict(ini)
        return read(SimpleNamespace(
            invocation_params=SimpleNamespace(dir=tmp_path, args=()), rootpath=tmp_path,
            inipath=tmp_path / "pytest.ini", getini=ini.get,
            getoption=lambda name, default=None: line.get(name, default), **more,
        ))  # fmt: skip

    return made


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"rds_cluster": "orders"}, "--rds-cluster: only with --rds-live"),
        ({"rds_dry_run": "yes"}, "--rds-dry-run: only with --rds-live"),
        ({**LIVE, "rds_profile": "quick"}, "--rds-profile: not with --rds-live"),
        ({"rds_compare_fail": "median:10%"}, "--rds-compare-fail: with which baseline"),
        ({"rds_save_anyway": "yes"}, "--rds-save-anyway: with which baseline"),
        ({"rds_rate": "fast"}, "--rds-rate: "),
        ({"rds_writers": "0"}, "--rds-writers: "),
        ({"rds_record": "x.txt"}, "must end in .toml"),
    ],
)
def test_what_contradicts_itself_is_refused(settings, line, said):
    with pytest.raises(pytest.UsageError, match=said):
        settings(line)


@pytest.mark.parametrize("name", [option.dest for option in LIVE_OPTIONS])
@pytest.mark.parametrize("text", ["", " "])
def test_no_option_of_live_mode_may_be_empty(settings, monkeypatch, name, text):
    monkeypatch.setenv(name.upper(), text)
    switchover = {
        "rds_trigger": "switchover", "rds_allow_switchover": "yes", "rds_global_cluster": "world",
        "rds_switchover_to": "arn:aws:rds:eu-west-1:111122223333:cluster:west",
    }  # fmt: skip
    elsewhere = {key: value for key, value in (LIVE | switchover).items() if key != name}
    with pytest.raises(pytest.UsageError):
        settings(elsewhere)


@pytest.mark.parametrize(
    ("name", "text"),
    [("rds_hours", "0٣:00-05:00"), ("rds_min_interval", "٣m"), ("rds_rate", "٣"), ("rds_calm_errors", "٣%"),
     ("rds_account", "٣" * 12)],
)  # fmt: skip
def test_digits_of_other_scripts_are_refused(settings, name, text):
    with pytest.raises(pytest.UsageError, match=name.replace("_", "-")):
        settings(LIVE | {name: text})


def test_settings_of_live_mode_wait_in_an_ini_file(settings):
    ini = {name: value for name, value in LIVE.items() if name != "rds_live"}

    assert settings(ini=ini).live is None
    found = settings({"rds_live": "yes"}, ini={**ini, "rds_profile": "quick"})
    assert (found.live.cluster, found.live.account) == ("orders", "111122223333")


def test_both_modes_have_a_rate_and_a_bound_of_their_own(settings):
    local, live = settings(), settings(LIVE)

    assert (local.rate, live.rate) == (option_values.RATE, option_values.LIVE_RATE)
    assert live.bound == option_values.LIVE_BOUND != local.bound
    asked = {"rds_rate": "77", "rds_bound": "9s"}
    assert [(one.rate, one.bound) for one in (settings(asked), settings(LIVE | asked))] == (
        [(77.0, 9.0)] * 2
    )


@pytest.mark.parametrize(
    ("line", "told", "expected"),
    [
        ({}, 5, 5),  # as the controller of pytest-xdist has said
        ({"rds_resume": "yes"}, 5, 5),
        ({"rds_resume": "yes"}, None, 8),  # of the trials that were interrupted
        ({"rds_seed": "3", "rds_resume": "yes"}, None, 3),
        ({"rds_seed": "3"}, 5, 3),
    ],
)
def test_the_seed_is_the_one_that_was_asked_for_told_or_interrupted(
    settings, monkeypatch, line, told, expected
):
    monkeypatch.setattr(option_values, "latest_seed", lambda _: 8)
    more = {} if told is None else {"workerinput": {SEED: told}}

    assert settings(line, **more).seed == expected


def test_without_a_word_each_run_has_another_seed(settings, monkeypatch):
    monkeypatch.setattr(option_values, "latest_seed", lambda _: 8)

    assert len({settings().seed for _ in range(5)}) > 1


@pytest.mark.parametrize("name", ["rds_json", "rds_markdown", "rds_report", "rds_journal"])
def test_a_path_is_meant_from_where_it_was_given(settings, tmp_path, name):
    found = settings({name: "out"})

    assert Path(getattr(found, name.removeprefix("rds_"))) == tmp_path / "out"
