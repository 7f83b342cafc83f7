"""A value that pytest takes for a test path must not drop the project's ini, and the gates in it."""

import os

import pytest

from pytest_rdsfailover.model.options import OPTIONS, SWITCH

USAGE_ERROR = 4
INI = (
    "[pytest]\nrds_cluster = orders\nrds_account = 111122223333\nrds_region = eu-west-1\n"
    "rds_schema = failover\nrds_alarm = errors\n"
)
VALUED = [option.flag for option in OPTIONS if option.kind != SWITCH]


@pytest.fixture(autouse=True)
def project(pytester, monkeypatch):
    """A project with gates in its ini file, and a directory beside it with an ini of its own."""
    for name in [name for name in os.environ if name.startswith(("RDS_", "AWS_"))]:
        monkeypatch.delenv(name)
    home, other = pytester.mkdir("home"), pytester.mkdir("other")
    (home / "pytest.ini").write_text(INI)
    (home / "test_it.py").write_text("def test_it(): pass\n")
    (other / "pytest.ini").write_text(
        "[pytest]\n" + INI.split("\n", 1)[1].replace("alarm", "proxy")
    )
    (other / "file.pem").write_text("x")
    monkeypatch.chdir(home)
    return home


COMPANIONS = (
    "--rds-cluster=orders", "--rds-account=111122223333", "--rds-region=eu-west-1",
    "--rds-schema=failover",
)  # fmt: skip


@pytest.mark.parametrize("flag", VALUED)
def test_live_mode_refuses_every_option_whose_value_has_led_pytest_astray(pytester, flag):
    result = pytester.runpytest_inprocess("--rds-live", *COMPANIONS, flag, "../other/file.pem")

    assert result.ret == USAGE_ERROR


def test_the_refusal_names_both_files_and_the_remedy(pytester):
    result = pytester.runpytest_subprocess(
        "--rds-live", *COMPANIONS, "--rds-ca", "../other/file.pem"
    )

    assert result.ret == USAGE_ERROR
    text = result.stderr.str()
    assert "write --rds-ca=../other/file.pem" in text
    assert "other/pytest.ini instead of" in text
    assert "home/pytest.ini" in text


@pytest.mark.parametrize("missing", [1, len(COMPANIONS)])
def test_companions_that_stand_in_the_ini_file_are_not_what_is_missed(pytester, missing):
    result = pytester.runpytest_inprocess(
        "--rds-live", *COMPANIONS[missing:], "--rds-ca", "../other/file.pem"
    )

    assert result.ret == USAGE_ERROR
    assert "write --rds-ca=../other/file.pem" in result.stderr.str()
    assert "also needs" not in result.stderr.str()


@pytest.mark.parametrize("arguments", [("../other",), ("--rds-live", "--rds-ca=../other/file.pem")])
def test_what_leads_nowhere_else_is_let_be(pytester, arguments):
    result = pytester.runpytest_inprocess("--collect-only", *arguments)

    assert "was taken for a test path" not in result.stderr.str() + result.stdout.str()
    assert result.ret != USAGE_ERROR


def test_a_live_run_of_another_project_s_tests_is_refused_too(pytester):
    result = pytester.runpytest_inprocess("--rds-live", "../other")

    assert result.ret == USAGE_ERROR
    assert "start pytest in the directory of its ini file" in result.stderr.str()


def test_the_ini_file_above_counts_as_well(pytester, project, monkeypatch):
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")
    result = pytester.runpytest_inprocess(
        "--rds-live", *COMPANIONS, "--rds-ca", "../../other/file.pem"
    )

    assert result.ret == USAGE_ERROR
    assert "was taken for a test path" in result.stderr.str()


def test_an_ini_file_of_one_s_own_choice_is_taken(pytester):
    result = pytester.runpytest_inprocess(
        "--collect-only", "--rds-live", "-c", "../other/pytest.ini"
    )

    assert "instead of" not in result.stderr.str()


def test_a_local_run_warns(pytester):
    result = pytester.runpytest_subprocess("--rds-json", "../other/file.pem", "test_it.py")

    assert "write --rds-json=../other/file.pem" in result.stdout.str() + result.stderr.str()
    assert result.ret == 0
