"""What all options of a run mean together, and which of them contradict each other."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.options import LIVE_OPTIONS
from pytest_rdsfailover.plugin import option_values
from pytest_rdsfailover.plugin.option_values import read
from pytest_rdsfailover.plugin.options import SEED, STARTED
from pytest_rdsfailover.report import baseline

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
        (
            {**LIVE, "rds_allow_blue_green": "yes", "rds_blue_green_deployment": "bgd-1"},
            "--rds-allow-blue-green: only with --rds-trigger=blue-green; .* run is failover",
        ),
        (
            {**LIVE, "rds_trigger": "crash", "rds_allow_crash": "yes", "rds_allow_reboot": "yes"},
            "--rds-allow-reboot: only with --rds-trigger=reboot or fis; .* run is crash",
        ),
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
@pytest.mark.parametrize("place", ["environment", "ini"])
def test_no_option_of_live_mode_may_be_empty(settings, monkeypatch, name, text, place):
    if place == "environment":
        monkeypatch.setenv(name.upper(), text)
    switchover = {
        "rds_trigger": "switchover", "rds_allow_switchover": "yes", "rds_global_cluster": "world",
        "rds_switchover_to": "arn:aws:rds:eu-west-1:111122223333:cluster:west",
    }  # fmt: skip
    elsewhere = {key: value for key, value in (LIVE | switchover).items() if key != name}
    with pytest.raises(pytest.UsageError):
        settings(elsewhere, ini={name: text} if place == "ini" else {})


@pytest.mark.parametrize(
    ("name", "value"),
    [("rds_writers", ["3"]), ("rds_json", ["x"]), ("rds_bound", {"a": 1}), ("rds_profile", ["quick"]),
     ("rds_calm_errors", []), ("rds_strict", ["yes"])],
)  # fmt: skip
def test_a_value_of_a_toml_file_that_is_no_text_is_refused_in_one_sentence(settings, name, value):
    said = re.escape(f"{name} (ini): {value!r} is no text: write one value, in quotes")
    with pytest.raises(pytest.UsageError, match=said):
        settings(ini={name: value})


def test_several_alarms_may_be_a_list_of_a_toml_file(settings):
    found = settings(LIVE, ini={"rds_alarm": ["orders-errors", "orders-latency"]})

    assert found.live.alarms == ("orders-errors", "orders-latency")
    with pytest.raises(pytest.UsageError, match="lacks a name"):
        settings(LIVE, ini={"rds_alarm": []})


@pytest.mark.parametrize(
    ("name", "text"),
    [("rds_hours", "0٣:00-05:00"), ("rds_min_interval", "٣m"), ("rds_rate", "٣"), ("rds_calm_errors", "٣%"),
     ("rds_account", "٣" * 12)],
)  # fmt: skip
def test_digits_of_other_scripts_are_refused(settings, name, text):
    with pytest.raises(pytest.UsageError, match=name.replace("_", "-")):
        settings(LIVE | {name: text})


def test_what_is_for_another_trigger_waits_in_an_ini_file(settings):
    waits = {"rds_allow_blue_green": "yes", "rds_blue_green_deployment": "bgd-1"}

    assert settings(LIVE, ini=waits).live.trigger == "failover"
    found = settings(LIVE | {"rds_trigger": "blue-green"}, ini=waits).live
    assert (found.allow_blue_green, found.blue_green_deployment) == (True, "bgd-1")


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


@pytest.mark.parametrize(
    ("option", "place", "said"),
    [
        ("rds_json", "folder", "--rds-json: .*folder is a directory; name a file in it"),
        ("rds_markdown", "file/below", "file is no directory"),
        ("rds_report", "file", "file is no directory"),
        ("rds_journal", "file/below", "file is no directory"),
        ("rds_record", "shut/new.toml", "shut cannot be written to"),
        ("rds_report", "shut/new/deep", "shut cannot be written to"),
        ("rds_json", "l" * 300, "--rds-json: .*lll cannot be written: File name too long"),
        ("rds_journal", "loop/deep", "loop/deep cannot be written: Too many levels"),
        (
            "rds_compare_fail",
            "max:1s",
            "--rds-compare-fail: with which baseline. add --rds-compare=NAME",
        ),
        ("rds_compare_anyway", "yes", "add --rds-compare=NAME"),
        ("rds_save_anyway", "yes", "add --rds-save=NAME"),
        ("rds_profile", "nobody's", "--rds-profile: .*nobody's"),
        ("rds_server", "nobody's", "--rds-server: "),
        ("rds_toxiproxy", "nobody's", "--rds-toxiproxy: "),
        ("rds_instances", "1", "--rds-instances: "),
        ("rds_aws_names", "mars", "--rds-aws-names: .*mars"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_measured(
    settings, monkeypatch, tmp_path, option, place, said
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "shut").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    shut = os.access
    monkeypatch.setattr(
        option_values.os,
        "access",
        lambda path, mode: Path(path).name != "shut" and shut(path, mode),
    )
    with pytest.raises(pytest.UsageError, match=said):
        settings({option: place})


@pytest.mark.parametrize(
    "pair", [("json", "markdown"), ("json", "journal"), ("markdown", "report")]
)
def test_no_file_of_a_run_is_written_over_by_another(settings, tmp_path, pair):
    (tmp_path / "link").symlink_to("out")
    with pytest.raises(pytest.UsageError, match=r"--rds-.* and --rds-.*: both would be .*out"):
        settings({f"rds_{name}": "out" for name in pair})
    with pytest.raises(pytest.UsageError, match="both would be"):
        settings({f"rds_{pair[0]}": "out", f"rds_{pair[1]}": "link"})


def test_what_keeps_several_apart_may_be_named_twice(settings):
    settings({"rds_report": "out", "rds_journal": "out"})
    settings({"rds_json": "/dev/null", "rds_markdown": "/dev/null"})


def test_a_file_that_is_there_may_be_written_where_nothing_can_be_added(
    settings, monkeypatch, tmp_path
):
    (tmp_path / "out").write_text("")
    monkeypatch.setattr(option_values.os, "access", lambda path, _: Path(path) != tmp_path)

    assert settings({"rds_json": "out"}).json == str(tmp_path / "out")
    with pytest.raises(pytest.UsageError, match="cannot be written to"):
        settings({"rds_json": "new"})


def test_a_rule_of_the_ini_file_that_is_none_is_refused(settings):
    with pytest.raises(pytest.UsageError, match="is no rule"):
        settings(ini={"rds_compare_fail": "median"})


@pytest.mark.parametrize(
    ("line", "rate", "open_rate"),
    [
        ({}, option_values.RATE, option_values.RATE),
        ({"rds_load": "closed"}, 0.0, option_values.RATE),
        ({"rds_load": "precise"}, 1000.0, option_values.RATE),
        ({"rds_load": "open", "rds_rate": "30"}, 30.0, 30.0),
    ],
)
def test_the_rate_of_an_open_load_is_kept_beside_that_of_the_mode(settings, line, rate, open_rate):
    found = settings(line)
    assert (found.rate, found.open_rate) == (rate, open_rate)


def test_a_worker_of_a_live_run_began_when_its_controller_did(settings):
    told = settings(LIVE, workerinput={STARTED: 5.0, SEED: 3})
    assert (told.live.started, told.seed) == (5.0, 3)


def test_the_seed_of_a_baseline_is_that_of_the_runs_that_are_held_to_it(settings, monkeypatch):
    monkeypatch.setattr(
        baseline, "read", lambda _: {"document": {"seed": 77, "trials": []}, "loads": []}
    )
    monkeypatch.setattr(option_values, "_look", lambda *_: None)

    assert settings({"rds_compare": "main"}).seed == 77
    assert settings({"rds_compare": "main", "rds_seed": "5"}).seed == 5
