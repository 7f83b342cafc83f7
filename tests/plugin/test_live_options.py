"""The options of live mode: what is missing or contradicts is said before anything is asked."""

import os

import pytest

from pytest_rdsfailover.plugin.fixtures import run_of

USAGE_ERROR = 4
COMPANIONS = {
    "--rds-cluster": "orders", "--rds-account": "111122223333", "--rds-region": "eu-west-1",
    "--rds-schema": "failover",
}  # fmt: skip
ALL = [f"{flag}={value}" for flag, value in COMPANIONS.items()]


@pytest.fixture(autouse=True)
def project(pytester, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("RDS_", "AWS_"))]:
        monkeypatch.delenv(name)
    pytester.makepyfile("def test_it(rds_cluster): raise RuntimeError('a cluster was asked for')")


def refused(pytester, *arguments):
    result = pytester.runpytest_inprocess(*arguments)
    assert result.ret == USAGE_ERROR
    assert "a cluster was asked for" not in result.stdout.str()
    return result.stderr.str()


def test_live_alone_names_every_missing_companion(pytester):
    complaint = refused(pytester, "--rds-live")

    assert all(flag in complaint for flag in COMPANIONS)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rds-live", *ALL, "--rds-account=1"], "not an account of 12 digits"),
        (["--rds-live", *ALL, "--rds-opt-in=k= v"], "no KEY=VALUE"),
        (["--rds-live", *ALL, "--rds-trigger=blue-green", "--rds-allow-blue-green"], "needs --rds-blue-green-deployment with the identifier"),
        (["--rds-live", *ALL, "--rds-max-failovers=\u0663"], "not a whole number"),
        (["--rds-live", *ALL, "--rds-alarm=a,"], "lacks a name"),
        (["--rds-live", *ALL, "--rds-kill-switch="], "is no path"),
        (["--rds-live", *ALL, "--rds-profile=quick"], "--rds-profile: not with --rds-live"),
        (["--rds-live", *ALL, "--rds-server=/bin/x"], "--rds-server: not with --rds-live"),
        (["--rds-cluster=orders"], "--rds-cluster: only with --rds-live"),
        (["--rds-dry-run"], "--rds-dry-run: only with --rds-live"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused(pytester, arguments, complaint):
    assert complaint in refused(pytester, *arguments)


def test_an_empty_variable_opens_no_gate_that_the_ini_file_closes(pytester, monkeypatch):
    pytester.makeini("[pytest]\nrds_alarm = burning")
    monkeypatch.setenv("RDS_ALARM", "")

    assert "RDS_ALARM: '' lacks a name" in refused(pytester, "--rds-live", *ALL)


def test_companions_may_wait_in_the_ini_file_while_runs_are_local(pytester):
    pytester.makeini(
        "[pytest]\nrds_cluster = orders\nrds_account = 111122223333\nrds_region = eu-west-1\n"
        "rds_schema = failover\nrds_alarm = one, two\nrds_profile = aurora\n"
    )
    pytester.makepyfile(
        """
        from pytest_rdsfailover.plugin.fixtures import run_of

        def test_it(pytestconfig):
            print("live", run_of(pytestconfig).settings.live)
        """
    )
    local = pytester.runpytest_inprocess("-rP")
    live = pytester.runpytest_inprocess("-rP", "--rds-live")

    assert "live None" in local.stdout.str()
    assert "alarms=('one', 'two')" in live.stdout.str()
    assert "cluster='orders'" in live.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (32, 200.0, 200.0)),
        (["--rds-load=precise"], (32, 1000.0, 200.0)),
        (["--rds-load=closed"], (32, 0.0, 200.0)),
        (["--rds-load=open", "--rds-rate=7"], (32, 7.0, 7.0)),
        (["--rds-live", *ALL], (32, 100.0, 100.0)),
        (["--rds-live", *ALL, "--rds-load=closed"], (32, 0.0, 100.0)),
        (["--rds-live", *ALL, "--rds-rate=7"], (32, 7.0, 7.0)),
    ],
)
def test_the_load_of_each_mode_unless_told_otherwise(pytester, arguments, expected):
    config = pytester.parseconfigure(*arguments)
    settings = run_of(config).settings

    assert (settings.writers, settings.rate, settings.open_rate) == expected


PATHS = ("kill_switch", "ca", "audit")


@pytest.fixture
def below(pytester, monkeypatch):
    """Return a folder below the ini's, in which pytest is started."""
    pytester.makeini("[pytest]\n" + "".join(f"rds_{name} = x/{name}\n" for name in PATHS))
    folder = pytester.mkdir("below")
    monkeypatch.chdir(folder)
    return folder


def paths(pytester, *arguments):
    live = run_of(pytester.parseconfigure("--rds-live", *ALL, *arguments)).settings.live
    return {name: getattr(live, name) for name in PATHS}


@pytest.mark.parametrize("chosen", [[], ["-c", "../tox.ini"], ["--rootdir=."]])
def test_a_relative_path_of_an_ini_counts_from_the_folder_of_the_ini(pytester, below, chosen):
    """A kill switch that is looked for elsewhere is none."""
    found = paths(pytester, *chosen)

    assert found == {name: str(below.parent / "x" / name) for name in PATHS}


@pytest.mark.parametrize("typed", ["--rds-{flag}=x", "-ords_{name}=x"])
def test_a_relative_path_that_was_typed_counts_from_where_pytest_is_started(pytester, below, typed):
    arguments = [typed.format(name=name, flag=name.replace("_", "-")) for name in PATHS]

    assert paths(pytester, *arguments) == dict.fromkeys(PATHS, str(below / "x"))


def test_a_relative_path_of_a_variable_counts_from_where_pytest_is_started(
    pytester, below, monkeypatch
):
    for name in PATHS:
        monkeypatch.setenv(f"RDS_{name.upper()}", "x")

    assert paths(pytester) == dict.fromkeys(PATHS, str(below / "x"))


def test_a_test_that_asks_a_real_cluster_for_what_only_a_local_one_has_is_skipped(pytester):
    pytester.makeconftest(
        """
        from types import SimpleNamespace

        import pytest
        from pytest_rdsfailover.live.proxy import LiveProxy

        @pytest.fixture
        def rds_cluster():
            return SimpleNamespace(proxy=LiveProxy())
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def figures(rds_cluster):
            return rds_cluster.proxy.stats()

        def test_in_its_body(rds_cluster):
            assert rds_cluster.proxy.pins == []
            rds_cluster.proxy.stats()

        def test_in_a_fixture(figures):
            assert figures
        """
    )
    result = pytester.runpytest_inprocess("-rs")

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*a real RDS Proxy does not tell what happens inside*"])
