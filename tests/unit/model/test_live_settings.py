"""What a live run may not be asked to do; each limit is taken at its last possible value."""

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import DESTRUCTIVE, TRIGGERS, LiveSettings, flag

COMPANIONS = {
    "cluster": "orders", "account": "111122223333", "region": "eu-west-1", "schema": "failover",
}  # fmt: skip
STAND_IN = "http://127.0.0.1:4566"
WEST = "arn:aws:rds:us-west-2:111122223333:cluster:orders"
SWITCHOVER = {
    "trigger": "switchover", "allow_switchover": True, "global_cluster": "world", "switchover_to": WEST,
}  # fmt: skip
BLUE_GREEN = {
    "trigger": "blue-green", "allow_blue_green": True, "blue_green_deployment": "bgd-a1b2",
}  # fmt: skip


def live(**more):
    return LiveSettings(**COMPANIONS | more)


@pytest.mark.parametrize("missing", COMPANIONS)
def test_one_missing_companion_is_named_alone(missing):
    with pytest.raises(SettingError) as caught:
        live(**{missing: " "})

    assert [name for name in COMPANIONS if f"{flag(name)} (" in str(caught.value)] == [missing]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"account": "1"}, "--rds-account: '1' is not an account of 12 digits"),
        ({"schema": "MySQL"}, "no schema to write to"),
        ({"schema": "a`b"}, "no schema to write to"),
        ({"tls": "maybe"}, "neither verify nor off"),
        ({"tls": "off"}, "only with --rds-endpoint-url on this machine"),
        ({"tls": "off", "endpoint_url": "https://example.com"}, "only with --rds-endpoint-url"),
        ({"endpoint_url": "http://u:Hush@127.0.0.1:1"}, "leave user and password out of the URL$"),
        ({"endpoint_url": "http://[Hush"}, "--rds-endpoint-url: the URL cannot be read$"),
        ({"auth": "kerberos"}, "--rds-auth: 'kerberos' is none of secret, iam, environment"),
        ({"auth": "iam"}, "--rds-auth=iam needs --rds-user"),
        ({"auth": "environment"}, "--rds-auth=environment needs --rds-user"),
        (
            {"auth": "iam", "user": "u", "tls": "off", "endpoint_url": STAND_IN},
            "sends a token in clear",
        ),
        ({"trigger": "pull"}, "--rds-trigger: 'pull' is none of failover, fis"),
        ({"trigger": "fis"}, "needs --rds-fis-template"),
        *[({"trigger": name}, f"needs --rds-allow-{name}") for name in DESTRUCTIVE],
        (
            {"trigger": "reboot", "allow_crash": True, "allow_switchover": True},
            "needs --rds-allow-reboot",
        ),
        (SWITCHOVER | {"switchover_to": " "}, "needs --rds-global-cluster and --rds-switchover-to"),
        (
            SWITCHOVER | {"global_cluster": ""},
            "needs --rds-global-cluster and --rds-switchover-to",
        ),
        (SWITCHOVER | {"switchover_to": "west"}, "is no ARN of a cluster"),
        (SWITCHOVER | {"auth": "iam", "user": "u"}, "not with --rds-auth=iam"),
        (
            {"trigger": "blue-green", "allow_blue_green": True},
            "needs --rds-blue-green-deployment with the identifier of one that is there",
        ),
        (BLUE_GREEN | {"allow_blue_green": False}, "needs --rds-allow-blue-green"),
        (BLUE_GREEN | {"blue_green_deployment": "upgrade"}, "describe-blue-green-deployments` lists"),
        (BLUE_GREEN | {"blue_green_deployment": " "}, "' ' names nothing"),
        (BLUE_GREEN | {"switchover_timeout": 29.0}, "--rds-switchover-timeout: a switchover's"),
        (BLUE_GREEN | {"switchover_timeout": 3601.0}, "--rds-switchover-timeout: a switchover's"),
        (BLUE_GREEN | {"switchover_timeout": 40.5}, "AWS takes whole seconds"),
        ({"max_failovers": 0}, "--rds-max-failovers: at least 1, not 0"),
        ({"attempts": 0}, "--rds-attempts: at least 1, not 0"),
        ({"poll": 0.0}, "--rds-poll: must be above 0 s"),
        ({"effect_within": 0.0}, "--rds-effect-within: must be above 0 s"),
        ({"hours": "1-5"}, "no span such as 01:00-05:00"),
        ({"hours": "05:00-05:00"}, "no time at all"),
        ({"alarms": ("one", " ")}, "--rds-alarm: the name of an alarm is empty"),
        *[
            ({name: " "}, f"{flag(name)}: ' ' names nothing")
            for name in ("proxy", "endpoint_url", "secret", "user", "production_override")
        ],
        (
            {"cluster": "arn:aws:rds:us-east-2:123456789012:cluster:orders"},
            "is an ARN: write the identifier, orders$",
        ),
        *[
            ({"opt_in": text}, "no KEY=VALUE")
            for text in (
                "yes", "=", "==", "=v", "k=", "k==v", "k=v=", " k=v", "k=v ", "k =v", "k= v", " = ",
                "", "aws:cloudformation:stack-name=orders", "k" * 129 + "=v", "k=v\n",
            )
        ],
    ],
)  # fmt: skip
def test_what_no_run_can_honour_is_refused_with_its_flag(given, complaint):
    with pytest.raises(SettingError, match=complaint):
        live(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"max_failovers": 1, "attempts": 1, "poll": 0.5, "effect_within": 0.5},
        {"hours": "23:00-05:59"},
        {"alarms": ("one", "two")},
        {"opt_in": "k" * 128 + "=" + "v" * 256},
        {"tls": "off", "endpoint_url": STAND_IN},
        {"tls": "off", "endpoint_url": STAND_IN, "auth": "environment", "user": "u"},
        {"auth": "iam", "user": "u"},
        {"trigger": "fis", "fis_template": "EXT1"},
        SWITCHOVER,
        BLUE_GREEN | {"switchover_timeout": 30.0},
        BLUE_GREEN | {"switchover_timeout": 3600.0},
    ],
)
def test_what_a_run_can_just_honour_is_taken(given):
    made = live(**given)

    assert {name: getattr(made, name) for name in given} == given


@pytest.mark.parametrize("trigger", [name for name in TRIGGERS if name in DESTRUCTIVE[:2]])
def test_a_destructive_trigger_is_allowed_by_its_own_flag(trigger):
    assert live(trigger=trigger, **{f"allow_{trigger}": True}).trigger == trigger


def test_what_a_trigger_acts_on_is_named():
    assert live().aim == "orders"
    assert live(**SWITCHOVER).aim == f"world from orders to {WEST}"
    assert live(**BLUE_GREEN).aim == "bgd-a1b2 of orders"


@pytest.mark.parametrize(
    ("url", "found"),
    [(None, False), (STAND_IN, True), ("http://[::1]:1", True), ("https://rds.amazonaws.com", False)],
)  # fmt: skip
def test_only_an_api_on_this_machine_stands_in(url, found):
    assert live(endpoint_url=url).stands_in is found


def test_settings_of_two_sessions_are_the_same_though_they_begin_at_different_times():
    assert live(started=1.0) == live(started=2.0)
