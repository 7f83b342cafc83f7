"""What was typed of a cluster, as settings."""

import pytest

from pytest_rdsfailover.cli.cluster_options import dns_port_of, proxy_of, settings_of
from pytest_rdsfailover.cli.main import _parser
from pytest_rdsfailover.model.errors import SettingError


def typed(*words, **environ):
    return settings_of(_parser().parse_args(["up", *words]), environ=environ)


def test_a_password_comes_from_the_option_a_file_or_the_variable(tmp_path):
    file = tmp_path / "secret"
    file.write_text("of file \r\nmore")
    of_file = ("--password-file", str(file))

    assert typed("--password", "typed", RDSFAILOVER_PASSWORD="v").login.password == "typed"
    assert typed(*of_file, RDSFAILOVER_PASSWORD="v").login.password == "of file "
    assert typed(RDSFAILOVER_PASSWORD="it's").login.password == "it's"
    assert typed().login.password is None
    assert "it's" not in repr(typed(RDSFAILOVER_PASSWORD="it's"))


@pytest.mark.parametrize("password", ["", "pä", "a\tb", "a" * 65, "a\0"])
def test_a_password_that_drivers_send_differently_is_refused(password):
    with pytest.raises(SettingError, match="the password may have") as told:
        typed(RDSFAILOVER_PASSWORD=password)
    assert len(password) < 2 or password not in str(told.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("RDS_PROFILE", "auorra", "did you mean 'aurora'"),
        ("RDS_BLUE_GREEN", "blue-gren", "did you mean 'blue-green'"),
        ("RDS_SERVER", "/no/such", "there is no program /no/such"),
        ("RDS_SERVER", "mysql://", "a running server is named as"),
        ("RDS_TOXIPROXY", "/no/such", "there is no program /no/such"),
        ("RDS_INSTANCES", "1", "2 to 16"),
        ("RDS_INSTANCES", "two", "not a whole number"),
        ("RDS_PORT", "80", "port 80 is not usable"),
        ("RDS_AWS_NAMES", "eu-wst-1", "no AWS region"),
    ],
)
def test_what_a_variable_says_wrong_names_the_variable_and_an_option_the_option(
    variable, value, said
):
    with pytest.raises(SettingError, match=rf"^{variable}: .*{said}"):
        typed(**{variable: value})
    flag = f"--{variable.removeprefix('RDS_').lower().replace('_', '-')}"
    with pytest.raises(SettingError, match=rf"^{flag}: .*{said}"):
        typed(flag, value, **{variable: value})


def options(*words):
    return _parser().parse_args(["up", *words])


def test_settings_of_the_proxy_are_numbers_truths_or_words():
    asked = [
        "idle_client_timeout=60", "require_tls=TRUE", "max_connections_percent=12.5",
        "init_query=SET @a = 1", "iam_auth=REQUIRED",
    ]  # fmt: skip

    assert proxy_of(options(*(word for one in asked for word in ("--proxy", one)))) == {
        "idle_client_timeout": 60, "require_tls": True, "max_connections_percent": 12.5,
        "init_query": "SET @a = 1", "iam_auth": "REQUIRED",
    }  # fmt: skip
    assert proxy_of(options()) == {}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["require_tls"], "write NAME=VALUE"),
        (["colour=red"], "colour"),
        (["require_tls=true", "require_tls=false"], "--proxy"),
    ],
)
def test_a_setting_of_the_proxy_that_can_be_none_is_refused(asked, said):
    with pytest.raises(SettingError, match=said):
        proxy_of(options(*(word for one in asked for word in ("--proxy", one))))


@pytest.mark.parametrize(("port", "right"), [(-1, False), (0, True), (65535, True), (65536, False)])
def test_a_name_server_is_at_a_port_that_there_is(port, right):
    pytest.importorskip("dns")
    asked = options("--aws-names", "eu-west-1", "--dns-port", str(port))
    settings = settings_of(asked, environ={})
    if right:
        assert dns_port_of(asked, settings) == port
        return
    with pytest.raises(SettingError, match="is no port"):
        dns_port_of(asked, settings)


@pytest.mark.parametrize("words", [("--dns-port", "0"), ("--hosts-file", "hosts")])
def test_without_names_there_is_nothing_to_answer(words):
    asked = options(*words)
    with pytest.raises(SettingError, match="add --aws-names REGION"):
        dns_port_of(asked, settings_of(asked, environ={}))


def test_names_of_aws_have_the_port_of_aws_unless_another_is_asked_for():
    assert typed("--aws-names", "eu-west-1").port == 3306
    assert typed("--aws-names", "eu-west-1", "--port", "13306").port == 13306
    assert typed().port != 3306


def test_an_account_of_a_running_server_is_random_unless_one_is_asked_for():
    url = "mysql://root:x@127.0.0.1:3306"

    assert typed("--server", url).login is None
    assert typed("--server", url, "--user", "me").login.user == "me"
    assert typed("--server", url, "--database", "d").login.database == "d"
    assert (typed().login.user, typed().login.database) == ("app", "app")
