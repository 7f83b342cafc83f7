"""What was typed of a cluster, as settings."""

import pytest

from pytest_rdsfailover.cli.cluster_options import settings_of
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
