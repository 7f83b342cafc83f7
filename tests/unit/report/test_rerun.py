"""The command that runs a test again: what decides a trial, and no secret."""

import shlex
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.model.live_settings import FIELDS, LiveSettings, flag
from pytest_rdsfailover.model.options import LIVE_OPTIONS, OPTIONS
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.option_values import LIVE_BOUND, LIVE_RATE, PARSERS
from pytest_rdsfailover.report.rerun import REPEATED, command

WHERE = {"cluster": "orders", "account": "111122223333", "region": "eu-west-1", "schema": "shop"}
EVERYTHING = WHERE | {
    "proxy": "pool", "endpoint_url": "http://127.0.0.1:4566", "ca": "/etc/own ca.pem", "tls": "off",
    "auth": "environment", "secret": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:o-1",
    "user": "failover", "trigger": "switchover", "fis_template": "EXT1", "allow_reboot": True,
    "allow_crash": True, "allow_switchover": True, "global_cluster": "world",
    "switchover_to": "arn:aws:rds:us-west-2:111122223333:cluster:orders", "opt_in": "may=yes",
    "allow_blue_green": True, "blue_green_deployment": "bgd-1", "switchover_timeout": 60.0,
    "production_override": "orders", "dry_run": True, "max_failovers": 3, "min_interval": 0.0,
    "max_time": 5400.0, "hours": "01:00-05:00", "alarms": ("one", "other"), "kill_switch": "/run/stop",
    "audit": "/var/log dir/audit.jsonl", "poll": 0.2, "effect_within": 12.125, "attempts": 2,
    "lock_wait": 1234567.0,
}  # fmt: skip
HEEDED = {
    "fis": {"fis_template", "allow_reboot"},
    "reboot": {"allow_reboot"},
    "crash": {"allow_crash"},
    "switchover": {"allow_switchover", "global_cluster", "switchover_to"},
    "blue-green": {"allow_blue_green", "blue_green_deployment", "switchover_timeout"},
}
BY_FLAG = {option.flag: option for option in OPTIONS}


def read(words):
    """Return what the words of a command say to pytest."""
    found = {}
    for word in words:
        name, _, text = word.partition("=")
        option = BY_FLAG[name]
        found[option.name] = PARSERS[option.kind](text or "yes")
    return found


def test_it_names_test_profile_and_seed():
    assert command(Settings(profile="aurora", seed=7), "tests/test_a.py::test_b") == (
        "pytest tests/test_a.py::test_b --rds-profile=aurora --rds-seed=7"
    )


def test_it_repeats_what_is_not_as_usual_with_units():
    settings = Settings(seed=1, writers=8, rate=50.0, warmup=0.25, instances=3, json="out.json")

    assert command(settings, "t") == (
        "pytest t --rds-profile=quick --rds-seed=1 --rds-instances=3 --rds-writers=8"
        " --rds-rate=50.0 --rds-warmup=0.25s"
    )


@pytest.mark.parametrize(
    ("rate", "open_rate", "words"),
    [
        (0.0, 200.0, " --rds-load=closed"),
        (1000.0, 200.0, " --rds-load=precise"),
        (200.0, 200.0, ""),
        (50.0, 50.0, " --rds-rate=50.0"),
    ],
)
def test_it_names_the_load_as_it_was_asked_for(rate, open_rate, words):
    settings = Settings(seed=1, rate=rate, open_rate=open_rate)

    assert command(settings, "t") == f"pytest t --rds-profile=quick --rds-seed=1{words}"


def test_a_shell_takes_any_test_s_name_as_one_word():
    assert command(Settings(), "a.py::t[x y;'$z]").startswith("""pytest 'a.py::t[x y;'"'"'$z]' """)


def test_a_server_s_url_is_left_out_because_of_its_password():
    assert "secret" not in command(Settings(server="mysql://root:secret@db"), "t")
    assert "--rds-server=/usr/sbin/mariadbd" in command(Settings(server="/usr/sbin/mariadbd"), "t")


def test_a_live_trial_s_command_is_one_for_the_same_cluster():
    live = LiveSettings(**WHERE, min_interval=0.0)
    settings = Settings(seed=7, writers=4, rate=LIVE_RATE, bound=LIVE_BOUND, live=live)

    assert command(settings, "t") == (
        "pytest t --rds-seed=7 --rds-writers=4 --rds-live --rds-cluster=orders"
        " --rds-account=111122223333 --rds-region=eu-west-1 --rds-schema=shop"
        " --rds-min-interval=0s"
    )


def test_a_live_rate_that_only_a_local_run_would_have_anyway_is_named():
    settings = Settings(live=LiveSettings(**WHERE), rate=200.0, bound=60.0)

    assert {"--rds-rate=200.0", "--rds-bound=60s"} <= set(command(settings, "t").split())


@pytest.mark.parametrize("trigger", HEEDED)
def test_every_option_and_every_limit_of_a_live_run_is_repeated(trigger):
    """Those of other triggers are not: beside this one a command line may not have them."""
    asked = EVERYTHING | {"trigger": trigger}
    live = LiveSettings(**asked)
    others = {name for own in (HEEDED.keys() - {trigger}) for name in HEEDED[own]}
    assert set(EVERYTHING) == set(FIELDS)
    assert all(getattr(live, field.name) != field.default for field in fields(LiveSettings))

    again = read(shlex.split(command(Settings(live=live, rate=100.0, bound=300.0), "t"))[2:])

    assert again.pop("live") is True
    assert again.pop("seed") == 0
    own = {name: value for name, value in asked.items() if name not in others - HEEDED[trigger]}
    assert again | {"alarms": again.pop("alarm")} == own
    assert {flag(name) for name in FIELDS} <= {option.flag for option in LIVE_OPTIONS}


def test_what_a_live_run_does_not_take_is_not_in_its_command():
    settings = Settings(live=LiveSettings(**WHERE), profile="aurora", server="/usr/sbin/mysqld")

    again = read(shlex.split(command(settings, "t"))[2:])

    assert not {"profile", "server", "toxiproxy", "instances"} & again.keys()


def test_no_password_in_a_url_is_in_the_command():
    for settings in (
        Settings(toxiproxy="http://me:secret-word@127.0.0.1:8474"),
        Settings(server="mysql://me:secret-word@db"),
    ):
        assert "secret-word" not in command(settings, "t")


def test_every_option_is_repeated_but_for_those_that_decide_no_verdict():
    where = {"json", "report", "journal", "markdown", "save", "compare", "record"}
    of_these = {"compare_fail", "compare_anyway", "save_anyway", "resume"}
    otherwise = {"live", "load", "server"}  # said above
    others = where | of_these | otherwise | {option.name for option in LIVE_OPTIONS}

    assert {option.name for option in OPTIONS} - others <= set(REPEATED)


def test_what_decides_whether_a_trial_counts_is_repeated():
    settings = Settings(calm_errors=0.5, calm_not_issued=1.0, strict=True, port=13306)

    assert {
        "--rds-calm-errors=50%", "--rds-calm-not-issued=100%", "--rds-strict", "--rds-port=13306"
    } <= set(command(settings, "t").split())  # fmt: skip


@given(st.floats(min_value=0.0, max_value=1.0))
def test_a_share_is_repeated_exactly(share):
    again = read(shlex.split(command(Settings(calm_errors=share), "t"))[2:])

    assert again.get("calm_errors", 0.01) == share


def test_the_names_of_the_endpoints_are_repeated():
    assert "--rds-aws-names=eu-west-1" in command(Settings(aws_names="eu-west-1"), "t")


@given(st.floats(min_value=0.0, max_value=3e7))
def test_a_duration_is_repeated_exactly(seconds):
    again = read(shlex.split(command(Settings(warmup=seconds), "t"))[2:])

    assert again.get("warmup", 1.0) == seconds
