import datetime as dt
from dataclasses import fields

import pytest

from pytest_rdsfailover.local.gateway.proxy.secrets import Secret, token_fault
from pytest_rdsfailover.local.gateway.proxy.settings import ProxyChanges, ProxySettings
from pytest_rdsfailover.model.errors import GatewayError, SettingError

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
TOKEN = (
    "db.example:3306/?Action=connect&DBUser=app&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIA%2F20260301%2Feu-west-1%2Frds-db%2Faws4_request"
    "&X-Amz-Date=20260301T115500Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=" + "a" * 64
)


def test_what_can_be_changed_is_what_there_is_to_set():
    assert list(ProxyChanges.__annotations__) == [field.name for field in fields(ProxySettings)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_connections_percent": 0}, "1 to 100"),
        ({"max_connections_percent": "10"}, "1 to 100"),
        ({"connection_borrow_timeout": 301}, "0 to 300 s"),
        ({"idle_client_timeout": 0}, "1 to 28800 s"),
        ({"max_idle_connections_percent": 60, "max_connections_percent": 50}, "0 to max_conn"),
        ({"session_pinning_filters": ["ALL"]}, "EXCLUDE_VARIABLE_SETS"),
        ({"client_password_auth_type": "SHA1"}, "MYSQL_CACHING_SHA2_PASSWORD or"),
        ({"iam_auth": "SOMETIMES"}, "DISABLED or REQUIRED"),
        ({"require_ssl": True}, "no setting 'require_ssl'"),
    ],
)
def test_what_rds_would_refuse_is_refused(options, words):
    with pytest.raises(SettingError, match=words):
        ProxySettings.of(options)


@pytest.mark.parametrize(
    "options",
    [
        {"max_connections_percent": 1}, {"max_connections_percent": 100},
        {"connection_borrow_timeout": 0}, {"connection_borrow_timeout": 300},
        {"idle_client_timeout": 1}, {"max_idle_connections_percent": 0},
        {"max_idle_connections_percent": 50, "max_connections_percent": 50},
        {"session_pinning_filters": "EXCLUDE_VARIABLE_SETS"}, {"iam_auth": "REQUIRED"},
        {"client_password_auth_type": "MYSQL_NATIVE_PASSWORD"},
    ],
)  # fmt: skip
def test_what_rds_would_take_is_taken_to_its_limits(options):
    settings = ProxySettings.of(options)
    filters = options.pop("session_pinning_filters", None)

    assert {name: getattr(settings, name) for name in options} == options
    assert settings.excludes_variable_sets is bool(filters)


@pytest.mark.parametrize(
    "options",
    [
        {"require_tls": 1}, {"max_connections_percent": True}, {"max_connections_percent": 101},
        {"max_idle_connections_percent": -1}, {"max_idle_connections_percent": True},
        {"connection_borrow_timeout": -1}, {"max_client_age": 0},
    ],
)  # fmt: skip
def test_what_lies_beyond_a_limit_or_is_no_number_is_refused(options):
    with pytest.raises(SettingError, match=f"^{next(iter(options))} is "):
        ProxySettings.of(options)


def test_a_share_of_idle_connections_is_of_the_servers_limit():
    settings = ProxySettings(max_connections_percent=50, max_idle_connections_percent=20)

    assert (settings.most(151), settings.most_idle(151)) == (75, 30)
    assert (settings.most(1), settings.most_idle(4)) == (1, 0)


def test_percentages_are_of_the_servers_limit_and_never_nothing():
    settings = ProxySettings.of({"max_connections_percent": 10})

    assert (settings.most(500), settings.most_idle(500)) == (50, 25)
    assert (settings.most(5), settings.most_idle(5)) == (1, 1)


def test_some_settings_can_be_changed_alone():
    changed = ProxySettings(require_tls=True).but({"idle_client_timeout": 5})

    assert changed == ProxySettings(require_tls=True, idle_client_timeout=5)


def test_a_secret_is_read_and_written_as_secrets_manager_keeps_it():
    secret = Secret.parse('{"username": "app", "password": "p", "engine": "mysql", "port": 3306}')

    assert secret == Secret(username="app", password="p")
    assert Secret.parse(secret.text()) == secret
    assert "'p'" not in repr(secret)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"username": "app"}', "no json: hunter2"])
def test_what_is_no_secret_is_not_repeated(text):
    with pytest.raises(GatewayError, match="Secrets Manager") as error:
        Secret.parse(text)
    assert "hunter2" not in str(error.value)


def test_a_token_of_the_right_shape_is_accepted():
    assert token_fault(TOKEN, "app", {"db.example:3306"}, NOW) is None
    assert token_fault("https://" + TOKEN, "app", (), NOW) is None


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (TOKEN.replace("db.example", "other"), "it is for other:3306"),
        (TOKEN.replace("=connect", "=list"), "action"),
        (TOKEN.replace("DBUser=app", "DBUser=root"), "another user"),
        (TOKEN.replace("rds-db", "s3"), "scope"),
        (TOKEN[:-1], "signature"),
        (TOKEN.replace("HMAC-SHA256", "HMAC-MD5"), "algorithm"),
        (TOKEN.replace("T115500Z", "T114400Z"), "expired"),
        (TOKEN.replace("20260301T115500Z", "yesterday"), "date"),
        (TOKEN.replace("Expires=900", "Expires=86400"), "lives 86400 s"),
        ("secret", "presigned"),
        ("", "presigned"),
        ("[", "presigned"),
    ],
)
def test_any_other_is_refused_with_the_reason(token, words):
    assert words in token_fault(token, "app", {"db.example:3306"}, NOW)
